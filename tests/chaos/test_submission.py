"""What tasks find around them is what was there when they were submitted."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.driving import quick, rest, submit
from tests.chaos.laws import check_laws
from tests.chaos.scripts import noting
from tests.chaos.stored import stored
from tests.queues import PATIENCE, script

import perqueue
from perqueue import PersistentQueue, Task
from perqueue.config import PartitionError
from perqueue.core.states import EntryState

SHOWS = """
import sys

def main(**_):
    note("begun")
    note("done")
    return True, {"env": dict(os.environ), "prefix": sys.prefix, "folder": os.getcwd()}
"""


def _shown(here: Path) -> list[dict[str, Any]]:
    rest(here)
    check_laws(here)
    with PersistentQueue(here) as queue:
        return [entry.data or {} for entry in queue.get_entries()]


def test_each_sees_its_own_environment(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two submissions with different values of a variable each run with their own."""
    noting(here, "shows.py", SHOWS)
    for number in ("3", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        submit(Task("shows.py", None, "local"))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert [data["env"]["OMP_NUM_THREADS"] for data in _shown(here)] == ["3", "5"]


def test_secrets_and_the_schedulers_variables_stay_behind(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a task nor the stored queue has them, also where a pattern would allow them."""
    noting(here, "shows.py", SHOWS)
    with (here / "perqueue.toml").open("a") as file:
        file.write('[environment]\nallow = ["MINE_*", "SLURM_*"]\n')
    hidden = {"ASE_API_KEY": "hush-1", "MINE_TOKEN": "hush-2", "MINE_password": "hush-3", "SLURM_MEM_PER_CPU": "hush-4"}
    for name, value in {**hidden, "MINE_COLOUR": "green", "UNASKED": "hush-5"}.items():
        monkeypatch.setenv(name, value)
    submit(Task("shows.py", None, "local"))
    (data,) = _shown(here)
    assert data["env"]["MINE_COLOUR"] == "green"
    assert not {*hidden, "UNASKED"} & data["env"].keys()
    files = [path for path in (here / ".perqueue").rglob("*") if path.is_file()]
    assert [path for path in files if b"hush-" in path.read_bytes()] == []


def test_each_runs_with_its_own_interpreter_and_folder(here: Path) -> None:
    """What was submitted from another environment and folder runs there."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "other"], check=True)
    below = here / "below"
    below.mkdir()
    noting(below, "shows.py", SHOWS)
    noting(here, "shows.py", SHOWS)
    body = "from perqueue import *\nwith PersistentQueue() as pq:\n    pq.submit(Task('shows.py', None, 'local'))\n"
    script(below, "submits.py", body)
    packages = [os.path.dirname(os.path.dirname(perqueue.__file__)), sysconfig.get_path("purelib")]
    submit(Task("shows.py", None, "local"))
    subprocess.run(
        [str(here / "other/bin/python"), "submits.py"],
        cwd=below,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages)},
        check=True,
        timeout=PATIENCE,
        capture_output=True,
    )
    (here / "ledger").touch()
    rest(here)
    with PersistentQueue(here) as queue:
        data = [entry.data or {} for entry in queue.get_entries()]
    assert [one["prefix"] for one in data] == [sys.prefix, str(here / "other")]
    assert [one["folder"] for one in data] == [str(here), str(below)]


def test_everything_runs_here_if_asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PERQUEUE_EXECUTOR=local, a task for a cluster's node runs, with as many cores as there are."""
    monkeypatch.setenv("PERQUEUE_EXECUTOR", "local")
    keys = submit(quick(resources="24:xeon24:10m"), quick(resources="24:xeon24:10m"))
    rest(here)
    assert check_laws(here).keys(EntryState.succeeded) == keys


def test_an_unknown_partition_is_refused(here: Path) -> None:
    """Without it, the submission is refused, names the partition, and stores nothing."""
    submit(quick())
    with pytest.raises(PartitionError, match="xeon24"):
        submit(quick(resources="24:xeon24:10m"))
    rest(here)
    assert list(stored(here).entries) == [1]
