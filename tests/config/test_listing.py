"""Every value with where it came from."""

from __future__ import annotations

from pathlib import Path

from tests.config.conftest import write

from perqueue.config import load_layers
from perqueue.config.keys import TREE
from perqueue.config.listing import all_values, executors_named


def test_every_value(tmp_path: Path, environ: dict[str, str]) -> None:
    """Plain keys are all listed; of partitions and executors, what is given and what has a default."""
    path = write(
        tmp_path,
        '[local]\ncores = 3\n[partitions.x]\nexecutor = "slurm"\nmemory = "4G"\nretry = {times = 2, max_time = "36h"}\n'
        'options = {a = 1}\nqueue = ""\n',
    )
    found = all_values(load_layers(str(tmp_path), {**environ, "PERQUEUE_EXECUTOR": "local"}))
    listed = {one.key: (one.value, one.source) for one in found}
    assert len(listed) == len(found)
    assert listed["executor"] == ("local", "the environment variable PERQUEUE_EXECUTOR")
    assert listed["local.cores"] == (3, str(path))
    assert listed["local.idle"] == (5.0, "default")
    assert listed["environment.allow"] == ([], "default")
    assert listed["partitions.x.memory"] == ("4G", str(path))
    assert listed["partitions.x.queue"] == ("", str(path))
    assert listed["partitions.x.retry.times"] == (2, str(path))
    assert listed["partitions.x.retry.time"] == (1.5, "default")
    assert listed["partitions.x.retry.max_time"] == ("36h", str(path))
    assert "partitions.x.retry.max_memory" not in listed
    assert listed["partitions.x.options.a"] == (1, str(path))
    assert listed["partitions.x.requeue"] == (False, "default")
    assert listed["executors.slurm.interval"] == (5.0, "default")
    assert "partitions.x.account" not in listed


def test_without_anything_every_plain_key_is_listed(tmp_path: Path, environ: dict[str, str]) -> None:
    """Defaults are values too."""
    found = all_values(load_layers(str(tmp_path), environ))
    assert [one.key for one in found] == [
        f"{table}.{key}" for table, keys in TREE.items() if isinstance(keys, dict) for key in keys
    ]
    assert {one.source for one in found} == {"default"}


def test_which_executors_are_named(tmp_path: Path, environ: dict[str, str]) -> None:
    """This machine's, and those of partitions and tables, each once."""
    from perqueue.config import load_config

    write(tmp_path, '[partitions]\na = "slurm"\nb = "slurm"\nc = "local"\n[executors.hq]\nmax_jobs = 1\n')
    assert executors_named(load_config(str(tmp_path), environ)) == ["local", "hq", "slurm"]
