"""Flags over the variables, and how they are handed on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.config.conftest import Load, Refusal

from perqueue.config import ConfigError, Partition, load_layers
from perqueue.config.flags import SET, with_flags
from perqueue.core.retry import Retry


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("partitions.x=slurm", Partition("x", "slurm")),
        ("partitions.x.account=abc", Partition("x", account="abc")),
        (" partitions.x.account = a=b ", Partition("x", account="a=b")),
        ("partitions.x.flags=--exclusive,-x", Partition("x", flags=("--exclusive", "-x"))),
        ('partitions.x.flags=["--constraint=a,b"]', Partition("x", flags=("--constraint=a,b",))),
        ('partitions.x.prologue=["a\\nb"]', Partition("x", prologue=("a\nb",))),
        ('partitions."gpu.a=1".queue=q', None),
        ('partitions."gpu.a100".queue=', Partition("gpu.a100", queue="")),
        ("partitions.'gpu.a100'.queue=q", Partition("gpu.a100", queue="q")),
        ("partitions.x.retry.times=4", Partition("x", retry=Retry(times=4))),
        ("partitions.x.options.deep=[1, {a = true}]", Partition("x", options={"deep": [1, {"a": True}]})),
        ("partitions.x.options.deep=just words", Partition("x", options={"deep": "just words"})),
    ],
)
def test_a_flag(load: Load, refusal: Refusal, flag: str, expected: Partition | None) -> None:
    """A flag has a key as TOML has it, and a value as text."""
    if expected is None:
        assert "no resource string can name it" in refusal(**{SET: flag})
    else:
        assert load(**{SET: flag}).partitions == {expected.name: expected}


def test_flags_count_first(load: Load) -> None:
    """Flags count before variables, these before files, and of two flags the later one."""
    text = "[local]\ncores = 1\nidle = 1\n[values]\nshapes = 'json'\n"
    found = load(text, PERQUEUE_LOCAL_CORES="2", PERQUEUE_LOCAL_IDLE="2", PERQUEUE_SET="local.cores=3\nlocal.cores=4")
    assert (found.cores, found.idle, found.shapes) == (4, 2.0, "json")
    assert load(PERQUEUE_EXECUTOR="local", PERQUEUE_SET="executor=dry-run").override == "dry-run"


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("local.cores", "--set: 'local.cores': it is not KEY=VALUE, such as local.cores=2"),
        ("local.cores=x", "--set: local.cores: 'x' is not a whole number from 1"),
        ("local.core=2", "--set: local.core: unknown; local has: cores, idle, logs; did you mean 'cores'?"),
        ("cores=2", "--set: cores: unknown; the tables are: local"),
        ("local=2", "--set: local: it is a table: go on with cores, idle, logs"),
        ("partitions=2", "--set: partitions: it is a table: go on with a name"),
        ("executors.slurm=2", "--set: executors.slurm: it is a table: go on with bin, interval"),
        ("local.cores.x=2", "--set: local.cores.x: unknown; local.cores is not a table"),
        ("executor=slurm", "--set: executor: 'slurm' is not allowed; choose from: local, dry-run"),
        ("=2", "--set: ''"),
        ("a..b=2", "--set: 'a..b': it is no key"),
        ('partitions."a=2', "--set: 'partitions.\"a=2': it is not KEY=VALUE"),
        ("partitions.x.flags=[1]", "--set: partitions.x.flags: [1] is not a list of flags"),
        ("partitions.x.flags=[", "--set: partitions.x.flags: '[' is not a list of flags"),
    ],
)
def test_a_flag_that_can_not_be_used(refusal: Refusal, flag: str, told: str) -> None:
    """The error names the flag, the key and what is allowed, when it is handed on and when it is read."""
    assert refusal(**{SET: flag}).startswith(told)
    with pytest.raises(ConfigError) as caught:
        with_flags({}, [flag])
    assert str(caught.value).startswith(told)


def test_flags_are_handed_on_in_one_variable() -> None:
    """What a command is given is added to what it was handed itself."""
    handed = with_flags({SET: "local.cores=1"}, ["local.cores=2", "local.idle=3"], "local")
    assert handed == "local.cores=1\nlocal.cores=2\nlocal.idle=3\nexecutor=local"
    with pytest.raises(ConfigError, match="several lines"):
        with_flags({}, ["partitions.x.prologue=a\nb"])


def test_where_a_value_came_from(tmp_path: Path, environ: dict[str, str]) -> None:
    """Layers give each value with its file, variable or flag."""
    (tmp_path / "perqueue.toml").write_text("[local]\ncores = 1\nidle = 1\nlogs = 'queue'\n", encoding="utf-8")
    layers = load_layers(str(tmp_path), {**environ, "PERQUEUE_LOCAL_IDLE": "2", SET: "local.cores=3"})
    assert {place[-1]: given.source for place, given in layers.given.items()} == {
        "cores": "--set",
        "idle": "the environment variable PERQUEUE_LOCAL_IDLE",
        "logs": str(tmp_path / "perqueue.toml"),
    }
    assert layers.files == (str(tmp_path / "perqueue.toml"),)
