"""The configuration: every key, where it is found, what counts first, and errors that say what is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from perqueue.config import EXECUTOR, FILE, Config, ConfigError, PartitionError, cores_here, load_config
from perqueue.core.errors import UsageError
from perqueue.core.resources import Resources

ALL = """
[local]
cores = 3
idle = 1
logs = "perqueue"

[values]
shapes = "json"

[environment]
allow = ["MY_*", "DATA"]

[partitions]
xeon24 = "local"
default = "local"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose home has no configuration."""
    return {"HOME": str(tmp_path / "home")}


def write(folder: Path, text: str = ALL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(text, encoding="utf-8")
    return path


def cores(number: int) -> str:
    return f"[local]\ncores = {number}\n"


def test_defaults(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without any file every key has its default."""
    assert load_config(str(tmp_path), environ) == Config()
    expected = Config(cores_here(), 5.0, "queue", "typed", (), {}, None)
    assert Config() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores")
def test_cores_are_those_that_the_process_may_use() -> None:
    """In a process that is bound to one core, as a scheduler does it, the default is one."""
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "from perqueue.config import Config; print(Config().cores)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"1\n"


def test_every_key(tmp_path: Path, environ: dict[str, str]) -> None:
    """Each key of the file is one setting."""
    write(tmp_path)
    found = load_config(str(tmp_path), environ)
    partitions = {"xeon24": "local", "default": "local"}
    assert found == Config(3, 1.0, "perqueue", "json", ("MY_*", "DATA"), partitions, None)
    assert type(found.idle) is float


def test_every_setting_is_documented() -> None:
    """The docstring explains each setting."""
    assert Config.__doc__ is not None
    for setting in fields(Config):
        assert f"\n        {setting.name}: " in Config.__doc__


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("[local]\ncores = 0\n", "local.cores", "0 is not a whole number from 1"),
        ("[local]\ncores = 2.0\n", "local.cores", "2.0 is not a whole number from 1"),
        ("[local]\ncores = true\n", "local.cores", "True is not a whole number from 1"),
        ('[local]\ncores = "2"\n', "local.cores", "'2' is not a whole number from 1"),
        ("[local]\nidle = -1\n", "local.idle", "-1 is not a number of seconds from 0"),
        ("[local]\nidle = nan\n", "local.idle", "nan is not a number of seconds from 0"),
        ("[local]\nidle = false\n", "local.idle", "False is not a number of seconds from 0"),
        ('[local]\nlogs = "both"\n', "local.logs", "'both' is not allowed; choose from: queue, perqueue"),
        ("[local]\nlogs = [1]\n", "local.logs", "[1] is not allowed; choose from: queue, perqueue"),
        ("[local]\ncore = 2\n", "local.core", "unknown; local has: cores, idle, logs"),
        ('[values]\nshapes = "x"\n', "values.shapes", "'x' is not allowed; choose from: typed, json"),
        ("[values]\nshape = 1\n", "values.shape", "unknown; values has: shapes"),
        ('[environment]\nallow = "MY"\n', "environment.allow", "'MY' is not a list of names of variables"),
        ("[environment]\nallow = [1]\n", "environment.allow", "[1] is not a list of names of variables"),
        ("[partitions]\nxeon24 = 1\n", "partitions.xeon24", "1 is not the name of an executor"),
        ("[remote]\nx = 1\n", "remote", "unknown; the tables are: local, values, environment, partitions"),
        ("cores = 2\n", "cores", "unknown; the tables are: local, values, environment, partitions"),
        ("local = 2\n", "local", "2 is not a table: write [local] on a line of its own"),
        ("[local\n", "the file", "it can't be read: "),
        ("[local]\nlogs = '\xff'\n", "the file", "it can't be read: "),
    ],
)
def test_what_can_not_be_used(tmp_path: Path, environ: dict[str, str], text: str, key: str, told: str) -> None:
    """The error names the file, the key, what stands there and what is allowed."""
    path = write(tmp_path)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path), environ)
    assert str(caught.value).startswith(f"{path}: {key}: {told}")
    assert isinstance(caught.value, UsageError)


def test_which_file_counts(tmp_path: Path, environ: dict[str, str]) -> None:
    """The nearest file upward counts, in a folder before its queue's, and the user's own where there is none."""
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    places = [tmp_path / "home" / ".config" / "perqueue", tmp_path / ".perqueue", tmp_path, work / ".perqueue", work]
    for number, place in enumerate(places, start=1):
        write(place, cores(number))
        assert load_config(str(work), environ).cores == number


def test_files_are_not_mixed(tmp_path: Path, environ: dict[str, str]) -> None:
    """What the nearest file doesn't set has its default, whatever another file says."""
    write(tmp_path, '[local]\nlogs = "perqueue"\n')
    write(tmp_path / "a", cores(7))
    assert load_config(str(tmp_path / "a"), environ) == Config(cores=7)


def test_the_user_s_own_file(tmp_path: Path, environ: dict[str, str]) -> None:
    """It lies where ``XDG_CONFIG_HOME`` says, or in ``~/.config``."""
    work = tmp_path / "work"
    work.mkdir()
    write(tmp_path / "home" / ".config" / "perqueue", cores(1))
    write(tmp_path / "xdg" / "perqueue", cores(2))
    assert load_config(str(work), environ).cores == 1
    assert load_config(str(work), {**environ, "XDG_CONFIG_HOME": str(tmp_path / "xdg")}).cores == 2
    assert load_config(str(work), {**environ, "XDG_CONFIG_HOME": ""}).cores == 1


def test_this_process_s_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another environment, it is this process's."""
    monkeypatch.setenv(EXECUTOR, "local")
    assert load_config(str(tmp_path)).override == "local"


@pytest.mark.parametrize("resources", ["local:1h", "24:xeon24:1h", "8:1h"])
def test_everything_on_this_machine(tmp_path: Path, environ: dict[str, str], resources: str) -> None:
    """``PERQUEUE_EXECUTOR=local`` sends everything to this machine, whatever the files say."""
    write(tmp_path, '[partitions]\nxeon24 = "slurm"\n')
    found = load_config(str(tmp_path), {**environ, EXECUTOR: "local"})
    assert found.executor_for(Resources.parse(resources)) == "local"


def test_an_override_that_there_is_not(tmp_path: Path, environ: dict[str, str]) -> None:
    """The error names the variable, its value and what is allowed; empty is as good as unset."""
    with pytest.raises(ConfigError, match=f"{EXECUTOR}: 'slurm': allowed is: local"):
        load_config(str(tmp_path), {**environ, EXECUTOR: "slurm"})
    assert load_config(str(tmp_path), {**environ, EXECUTOR: ""}).override is None


@pytest.mark.parametrize(
    ("resources", "executor"), [("local", "local"), ("4:local:1h", "local"), ("24:xeon24:1h", "slurm"), ("8:1h", "pbs")]
)
def test_which_executor(resources: str, executor: str) -> None:
    """The partition decides; without one it is the default's."""
    config = Config(partitions={"xeon24": "slurm", "default": "pbs"})
    assert config.executor_for(Resources.parse(resources)) == executor


@pytest.mark.parametrize(
    ("resources", "told"),
    [("24:xeon40:1h", ["the partition 'xeon40'", 'xeon40 = "local"']), ("8:1h", ["no partition", 'default = "local"'])],
)
def test_a_partition_that_nothing_configures(resources: str, told: Any) -> None:
    """The error names the resources and the partition, and two ways out."""
    with pytest.raises(PartitionError) as caught:
        Config(partitions={"xeon24": "slurm"}).executor_for(Resources.parse(resources))
    for part in [*told, f"{EXECUTOR}=local", FILE]:
        assert part in str(caught.value)
