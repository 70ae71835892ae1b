"""Files of configuration: every key, where they lie, what counts first, and errors that say what is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.config.conftest import Load, write

from perqueue.config import (
    Config,
    ConfigError,
    ExecutorOptions,
    Partition,
    PartitionError,
    config_files,
    cores_here,
    load_config,
)
from perqueue.config.errors import EXECUTOR
from perqueue.config.keys import TREE, dotted, settings_in
from perqueue.core.errors import UsageError
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry

ALL: Final = """
[local]
cores = 3
idle = 1
logs = "perqueue"

[values]
shapes = "json"

[environment]
allow = ["MY_*", "DATA"]

[checks]
submit = "off"

[queue]
store = "json"

[partitions]
debug = "local"

[partitions.xeon24]
executor = "slurm"
queue = "xeon24el8"
cores = 24
memory = "180G"
gpus = 2
gpu_type = "a100"
flags = ["--constraint=a,b"]
modules = ["GPAW"]
prologue = ["ulimit -s unlimited"]
python = "/opt/bin/python"
account = "abc"
qos = "long"
max_jobs = 7
requeue = true
mpi = "srun -n {processes}"
exclusive = true
retry = { times = 3, on = ["timeout", "oom"], time = 2, memory = 3, avoid = false, max_time = "2d", max_memory = 99 }
options = { anything = [1, { deep = true }] }

[executors.slurm]
bin = "/opt/slurm/bin"
interval = 1
max_interval = 10
max_jobs = 50
max_array = 20
absence = 60
options = { cluster = "niflheim" }
"""
XEON24: Final = Partition(
    name="xeon24",
    executor="slurm",
    queue="xeon24el8",
    cores=24,
    memory=180 * 1024,
    gpus=2,
    gpu_type="a100",
    flags=("--constraint=a,b",),
    modules=("GPAW",),
    prologue=("ulimit -s unlimited",),
    python="/opt/bin/python",
    account="abc",
    qos="long",
    max_jobs=7,
    requeue=True,
    mpi="srun -n {processes}",
    exclusive=True,
    retry=Retry(3, ("walltime", "oom"), 2.0, 3.0, avoid=False, max_time=172800, max_memory=99),
    options={"anything": [1, {"deep": True}]},
)
SLURM: Final = ExecutorOptions("slurm", "/opt/slurm/bin", 1.0, 10.0, 50, 20, 60.0, {"cluster": "niflheim"})


def cores(number: int) -> str:
    return f"[local]\ncores = {number}\n"


def test_defaults(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without any file every key has its default."""
    assert load_config(str(tmp_path), environ) == Config()
    assert Config() == Config(cores_here(), 5.0, "queue", "typed", (), {}, None, "errors", {}, "sqlite")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores")
def test_cores_are_those_that_the_process_may_use() -> None:
    """In a process that is bound to one core, as a scheduler does it, the default is one."""
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "from perqueue.config import Config; print(Config().cores)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"1\n"


def test_every_key(load: Load) -> None:
    """Each key of the file is one setting."""
    found = load(ALL)
    partitions = {"debug": Partition("debug"), "xeon24": XEON24}
    expected = Config(3, 1.0, "perqueue", "json", ("MY_*", "DATA"), partitions, None, "off", {"slurm": SLURM}, "json")
    assert found == expected
    assert type(found.idle) is float


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("[local]\ncores = 0\n", "local.cores", "0 is not a whole number from 1"),
        ("[local]\ncores = 2.0\n", "local.cores", "2.0 is not a whole number from 1"),
        ("[local]\ncores = true\n", "local.cores", "True is not a whole number from 1"),
        ('[local]\ncores = "2"\n', "local.cores", "'2' is not a whole number from 1"),
        ("[local]\nidle = -1\n", "local.idle", "-1 is not a number of seconds from 0"),
        ("[local]\nidle = nan\n", "local.idle", "nan is not a number of seconds from 0"),
        ("[local]\nidle = inf\n", "local.idle", "inf is not a number of seconds from 0"),
        ("[local]\nidle = false\n", "local.idle", "False is not a number of seconds from 0"),
        ('[local]\nlogs = "both"\n', "local.logs", "'both' is not allowed; choose from: queue, perqueue"),
        ("[local]\nlogs = [1]\n", "local.logs", "[1] is not allowed; choose from: queue, perqueue"),
        ("[local]\ncore = 2\n", "local.core", "unknown; local has: cores, idle, logs; did you mean 'cores'?"),
        ("[local]\ncores = {a = 1}\n", "local.cores", "{'a': 1} is not a whole number from 1"),
        ('[values]\nshapes = "jsn"\n', "values.shapes", "'jsn' is not allowed; choose from: typed, json; did"),
        ("[values]\nshape = 1\n", "values.shape", "unknown; values has: shapes; did you mean 'shapes'?"),
        ('[environment]\nallow = "MY"\n', "environment.allow", "'MY' is not a list of names of variables"),
        ("[environment]\nallow = [1]\n", "environment.allow", "[1] is not a list of names of variables"),
        ('[queue]\nstore = ""\n', "queue.store", "'' is not the name of a store"),
        ("[remote]\nx = 1\n", "remote", "unknown; the tables are: local, values, environment, partitions"),
        ("[partition.a]\n", "partition", "unknown; the tables are: "),
        ("cores = 2\n", "cores", "unknown; the tables are: local, values, environment, partitions"),
        ('executor = "local"\n', "executor", "unknown; the tables are: "),
        ("local = 2\n", "local", "2 is not a table: write [local] on a line of its own"),
        ("partitions = 2\n", "partitions", "2 is not a table: write [partitions] on a line of its own"),
        ("[partitions]\nxeon24 = 1\n", "partitions.xeon24", "1 is not the name of an executor"),
        ('[partitions]\nxeon24 = "a b"\n', "partitions.xeon24.executor", "'a b' is not the name of an executor"),
        ('[partitions]\n8x = "local"\n', "partitions.8x", "no resource string can name it"),
        ('[partitions]\n"a b" = "local"\n', 'partitions."a b"', "no resource string can name it"),
        ('[partitions]\nlocal = "slurm"\n', "partitions.local.executor", "'slurm' is not allowed: tasks that name"),
        ("[partitions.a]\nacount = 1\n", "partitions.a.acount", "unknown; a partition has: executor, queue, cores"),
        ("[partitions.a.b]\ncores = 1\n", "partitions.a.b", "unknown; a partition has: executor, queue, cores"),
        ('[partitions.a]\nmemory = "4X"\n', "partitions.a.memory", "'4X' is not an amount of memory, such as '500M'"),
        ("[partitions.a]\nmemory = 0\n", "partitions.a.memory", "0 is not an amount of memory"),
        ("[partitions.a]\ngpus = -1\n", "partitions.a.gpus", "-1 is not a whole number from 0"),
        ('[partitions.a]\nflags = "-x"\n', "partitions.a.flags", "'-x' is not a list of flags"),
        ('[partitions.a]\nflags = ["-x\\n-y"]\n', "partitions.a.flags", "['-x\\n-y'] is not a list of flags"),
        ('[partitions.a]\naccount = "a\\nb"\n', "partitions.a.account", "'a\\nb' is not the name of an account"),
        ('[partitions.a]\npython = "b/python"\n', "partitions.a.python", "'b/python' is not an absolute path, or the"),
        ('[partitions.a]\nmpi = ""\n', "partitions.a.mpi", "'' is not a command, such as 'srun -n {processes}'"),
        (
            "[partitions.a]\nmpi = 'mpirun -np {processes} --map-by slot:PE={threads}'\n",
            "partitions.a.mpi",
            "'mpirun -np {processes} --map-by slot:PE={threads}' is not a command that can be filled in ('threads'): "
            "it may hold {processes} and {cores}; write {{ and }} for braces",
        ),
        ("[partitions.a]\nmpi = '${HOME}/x'\n", "partitions.a.mpi", "'${HOME}/x' is not a command that can be filled"),
        (
            "[partitions.a]\nmpi = 'srun -n {}'\n",
            "partitions.a.mpi",
            "'srun -n {}' is not a command that can be filled",
        ),
        ("[partitions.a]\nmpi = 'srun {cores.x}'\n", "partitions.a.mpi", "'srun {cores.x}' is not a command that can"),
        ("[partitions.a]\nmpi = 'srun -n {'\n", "partitions.a.mpi", "'srun -n {' is not a command that can be filled"),
        ("[partitions.a]\nrequeue = 1\n", "partitions.a.requeue", "1 is not true or false"),
        ("[partitions.a]\nretry = 2\n", "partitions.a.retry", "2 is not a table"),
        ("[partitions.a]\nretry = {time = 0.5}\n", "partitions.a.retry.time", "0.5 is not a factor from 1 to 100"),
        ("[partitions.a]\nretry = {times = -1}\n", "partitions.a.retry.times", "-1 is not a whole number from 0"),
        ('[partitions.a]\nretry = {on = ["x"]}\n', "partitions.a.retry.on", "['x'] is not a list of reasons; choose"),
        ("[partitions.a]\nretry = {on = [[]]}\n", "partitions.a.retry.on", "[[]] is not a list of reasons; choose"),
        (
            "[partitions.a]\nretry = {max_time = 0}\n",
            "partitions.a.retry.max_time",
            "0 is not a time, such as '10m', '24h'",
        ),
        ('[partitions.a]\nretry = {max_time = "1"}\n', "partitions.a.retry.max_time", "'1' is not a time, such as"),
        ("[partitions.a]\nretry = {max_time = true}\n", "partitions.a.retry.max_time", "True is not a time, such as"),
        (
            '[partitions.a]\nretry = {max_memory = "4"}\n',
            "partitions.a.retry.max_memory",
            "'4' is not an amount of memo",
        ),
        (
            "[partitions.a]\nretry = {tmes = 1}\n",
            "partitions.a.retry.tmes",
            "unknown; partitions.a.retry has: times",
        ),
        ("[partitions.a]\noptions = 2\n", "partitions.a.options", "2 is not a table"),
        ("[executors]\nslurm = 1\n", "executors.slurm", "1 is not a table"),
        ('[executors."a:b"]\nbin = "/x"\n', 'executors."a:b"', "'a:b' is not the name of an executor"),
        ("[executors.slurm]\ninterval = 0\n", "executors.slurm.interval", "0 is not a number of seconds from 0.1"),
        (
            "[executors.slurm]\ninterval = 500\n",
            "executors.slurm.interval",
            "interval 500 s is longer than max_",
        ),
        ('[executors.slurm]\nbin = "bin"\n', "executors.slurm.bin", "'bin' is not the absolute path of a folder"),
        ("[executors.slurm]\nbins = 1\n", "executors.slurm.bins", "unknown; an executor has: bin, interval"),
        ("[local\n", "the file", "it can't be read: "),
        ("[local]\nlogs = '\xff'\n", "the file", "it can't be read: "),
    ],
)
def test_what_can_not_be_used(tmp_path: Path, environ: dict[str, str], text: str, key: str, told: str) -> None:
    """The error names the file, the key, what stands there and what is allowed."""
    path = write(tmp_path, "")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path), environ)
    assert str(caught.value).startswith(f"{path}: {key}: {told}")
    assert isinstance(caught.value, UsageError)


def test_how_mpi_is_started_is_filled_in(load: Load) -> None:
    """Processes and cores may stand in the command, with a format, and braces that are written twice stay."""
    found = load("[partitions.a]\nmpi = 'run -n {processes:02d} -c {cores} {{x}}'\n").partitions["a"]
    assert found.starter(Resources(4, processes=2)) == ("run", "-n", "02", "-c", "4", "{x}")


def test_a_name_with_a_dot_is_asked_for_in_quotes(tmp_path: Path, environ: dict[str, str]) -> None:
    """TOML takes such a name without quotes for two tables; the error says what was meant."""
    write(tmp_path, "[partitions.gpu.a100]\ncores = 1\n")
    with pytest.raises(ConfigError, match=r"if 'gpu\.a100' is a name, put it in quotes"):
        load_config(str(tmp_path), environ)
    write(tmp_path, '[partitions."gpu.a100"]\ncores = 1\n')
    assert load_config(str(tmp_path), environ).partitions["gpu.a100"].cores == 1


def test_home_folders_are_found(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path may begin with a tilde."""
    monkeypatch.setenv("HOME", "/home/me")
    found = load('[executors.slurm]\nbin = "~/bin"\n[partitions.a]\npython = "~/env/bin/python"\n')
    assert found.executors["slurm"].bin == "/home/me/bin"
    assert found.partitions["a"].python == "/home/me/env/bin/python"


def test_which_file_counts_first(tmp_path: Path, environ: dict[str, str]) -> None:
    """Those upward, from near to far, then that of the nearest queue, then the user's own."""
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    own, outer, queue, above, here = (
        tmp_path / "home" / ".config" / "perqueue",
        tmp_path / ".perqueue",
        tmp_path / "a" / ".perqueue",
        tmp_path,
        work,
    )
    paths = []
    for number, place in enumerate((own, outer, queue, above, here), start=1):
        paths.append(str(write(place, cores(number))))
        assert load_config(str(work), environ).cores == number
    assert config_files(str(work), environ) == (paths[4], paths[3], paths[2], paths[0])


def test_a_file_does_not_hide_those_above(tmp_path: Path, environ: dict[str, str]) -> None:
    """One campaign's account stands in the campaign's folder, its site's partitions in a folder above."""
    write(tmp_path, '[partitions.x]\nexecutor = "slurm"\naccount = "all"\ncores = 24\n')
    campaign = tmp_path / "a" / "b"
    campaign.mkdir(parents=True)
    write(campaign, '[partitions.x]\naccount = "mine"\n')
    assert load_config(str(campaign), environ).partitions == {"x": Partition("x", "slurm", account="mine", cores=24)}


@pytest.mark.parametrize("setting", ['account = "a"', 'qos = "q"', 'queue = "x"', 'flags = ["-a"]'])
def test_a_partition_that_lost_its_executor(load: Load, tmp_path: Path, setting: str) -> None:
    """What is meant for a scheduler does not run here because nothing says for which; it runs under an override."""
    config = load(f"[partitions.x]\n{setting}\n[partitions.y]\ncores = 2\n")
    with pytest.raises(PartitionError, match=rf"{setting.split()[0]} is for a scheduler, but nothing says which"):
        config.partition_for(Resources(1, 60, "x"))
    assert config.partition_for(Resources(1, 60, "y")).executor == "local"
    assert evolve(config, override="local").partition_for(Resources(1, 60, "x")).executor == "local"
    named = load(f'[partitions.x]\nexecutor = "local"\n{setting}\n')
    assert named.partition_for(Resources(1, 60, "x")).executor == "local"


def test_words_of_a_command_in_quotes(load: Load) -> None:
    """A word of ``mpi`` may have blanks in it."""
    config = load("[partitions.x]\nmpi = \"env A='b c' mpirun -n {processes}\"\n")
    assert config.partitions["x"].starter(Resources(2, 60, "x")) == ("env", "A=b c", "mpirun", "-n", "2")
    with pytest.raises(ConfigError, match="No closing quotation"):
        load('[partitions.x]\nmpi = "env A=\'b mpirun"\n')


def test_files_are_merged_key_by_key(tmp_path: Path, environ: dict[str, str]) -> None:
    """What the nearest file doesn't set comes from the next one, inside of partitions and their tables too."""
    write(
        tmp_path / "home" / ".config" / "perqueue",
        '[local]\ncores = 7\nidle = 9\n[partitions.x]\nexecutor = "slurm"\ncores = 24\nflags = ["-a", "-b"]\n'
        "retry = {times = 2, time = 3}\noptions = {a = 1, b = 1}\n[executors.slurm]\nmax_jobs = 3\n",
    )
    write(tmp_path / ".perqueue", "[local]\nidle = 8\n[executors.slurm]\ninterval = 1\n")
    write(
        tmp_path,
        '[local]\nlogs = "perqueue"\n[partitions.x]\naccount = "abc"\nflags = ["-c"]\n'
        "retry = {times = 5}\noptions = {a = 2}\n",
    )
    found = load_config(str(tmp_path), environ)
    assert (found.cores, found.idle, found.logs) == (7, 8.0, "perqueue")
    assert found.partitions["x"] == Partition(
        "x",
        "slurm",
        cores=24,
        flags=("-c",),
        account="abc",
        retry=Retry(times=5, time=3.0),
        options={"a": 2, "b": 1},
    )
    assert found.executors["slurm"] == ExecutorOptions("slurm", interval=1.0, max_jobs=3)


def test_an_error_in_a_farther_file_is_told_too(tmp_path: Path, environ: dict[str, str]) -> None:
    """A key that a nearer file sets is checked in the farther one all the same."""
    path = write(tmp_path / "home" / ".config" / "perqueue", cores(0))
    write(tmp_path, cores(2))
    with pytest.raises(ConfigError, match=f"^{path}: local.cores: 0 is not"):
        load_config(str(tmp_path), environ)


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


def test_toml_is_not_imported_for_nothing(tmp_path: Path) -> None:
    """Where there is no file, nothing is imported to read one."""
    code = (
        "import sys; from perqueue.config import load_config; "
        f"load_config({str(tmp_path)!r}, {{'PERQUEUE_LOCAL_CORES': '2', 'PERQUEUE_SET': 'local.idle=1'}}); "
        "print([m for m in ('tomllib', 'perqueue.config.myqueue', 'pluggy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5) | st.sampled_from([*TREE, "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*TREE, "a", "cores", "retry"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(TREE)), values))
def test_whatever_a_file_has_is_taken_or_refused(tables: dict[str, object]) -> None:
    """Nothing that can stand in a file ends in another error than ours, and what is taken is a key of the tree."""
    try:
        found = list(settings_in("file", tables))
    except ConfigError:
        return
    for place, _ in found:
        assert place[0] in TREE
        assert dotted(place)
