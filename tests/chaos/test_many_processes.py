"""Many processes on one queue at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.chaos.driving import quick, settle, submit
from tests.chaos.laws import check_laws
from tests.chaos.ledger import read_ledger
from tests.queues import PATIENCE, script

from perqueue import StaticWidthGroup
from perqueue.core.states import EntryState

BUSY = """
import sys
from perqueue import PersistentQueue, Task

print("ready", flush=True)
sys.stdin.readline()
mine = []
for turn in range(int(sys.argv[1])):
    with PersistentQueue() as queue:
        told = [queue.submit(Task("quick.py", None, "local")) for _ in range(2)]
    mine += [key for one in told for key in one.keys]
    with PersistentQueue() as queue:
        listed = queue.get_entries()
        assert set(mine) <= {entry.key for entry in listed}
        done = [entry.key for entry in listed if entry.key in mine and entry.state.settled]
        if done:
            queue.resubmit(done[:1])
print(*mine)
"""


def _at_once(processes: int, *arguments: str) -> list[int]:
    """Run the busy script in many processes that begin together; the keys that they made."""
    started = [
        subprocess.Popen(
            [sys.executable, "busy.py", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    try:
        return _keys(started)
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _keys(started: Sequence[subprocess.Popen[str]]) -> list[int]:
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    keys: list[int] = []
    for process in started:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        keys += map(int, out.split())
    return keys


def _all_there(here: Path, keys: Sequence[int]) -> None:
    settle(here)
    found = check_laws(here, once=False)
    assert len(set(keys)) == len(keys)
    assert set(found.entries) == set(keys)
    assert set(found.states.values()) == {EntryState.succeeded}
    # Everything that was asked for ran, and nothing else did.
    assert read_ledger(here).done.keys() == found.attempts.keys()


@pytest.mark.slow
def test_twenty_processes_submit_list_and_resubmit_at_once(here: Path) -> None:
    """None of them meets a lock or another error, all entries are there, and no key is given twice."""
    first = submit(quick())
    script(here, "busy.py", BUSY)
    _all_there(here, first + _at_once(20, "2"))


@pytest.mark.slow
def test_twenty_processes_make_the_queue_at_once(here: Path) -> None:
    """Where there is no queue yet, twenty submitters make one between them, with all their entries."""
    script(here, "busy.py", BUSY)
    _all_there(here, _at_once(20, "1"))
    assert [path.name for path in here.glob(".perqueue*")] == [".perqueue"]


@pytest.mark.slow
def test_a_thousand_ready_tasks_on_two_cores(here: Path) -> None:
    """They all succeed, and each runs exactly once."""
    keys = submit(StaticWidthGroup(quick(), 1000))
    _all_there(here, keys)
    assert set(read_ledger(here).done) == {(key, 1) for key in keys}


@pytest.mark.slow
def test_twenty_processes_for_longer(here: Path) -> None:
    """The same with a dozen turns each, while all of it is being run."""
    script(here, "busy.py", BUSY)
    _all_there(here, _at_once(20, "12"))
