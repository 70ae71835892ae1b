"""Tasks whose supervisor, fork server and zygote were killed: the next supervisor sees to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen
from tests.chaos.cast import cast, gone, kill, wait_gone
from tests.chaos.driving import gated, quick, rest, settle, submit, tick, wait_begun
from tests.chaos.laws import check_laws
from tests.chaos.stored import queue_in, stored
from tests.queues import wait_until

from perqueue import PersistentQueue
from perqueue.core.states import EntryState
from perqueue.runner.process import boot_id, process_start


@frozen
class Orphan:
    """A running task that nobody watches, and an entry that waits for it."""

    folder: Path
    key: int
    behind: int
    pid: int


def _orphaned(here: Path, resources: str = "local:5m") -> Orphan:
    key, behind = submit(gated(resources) >> quick())
    pid = wait_begun(here, key)
    kill(cast(here).drivers)
    assert cast(here).everybody == [pid]
    return Orphan(here, key, behind, pid)


@pytest.fixture
def orphan(here: Path) -> Orphan:
    """One with plenty of time."""
    return _orphaned(here)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any queue."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        yield process
        process.kill()


def test_its_result_arrives(orphan: Orphan) -> None:
    """It goes on undisturbed, and what it returns counts."""
    tick(orphan.folder)
    wait_until(lambda: cast(orphan.folder).supervisors, "the next supervisor")
    assert not gone(orphan.pid)
    (orphan.folder / "go").touch()
    rest(orphan.folder)
    assert check_laws(orphan.folder).keys(EntryState.succeeded) == [orphan.key, orphan.behind]


def test_a_result_that_came_while_nobody_watched_counts(orphan: Orphan) -> None:
    """What it left in the spool before there was another supervisor is committed."""
    (orphan.folder / "go").touch()
    wait_gone(orphan.pid)
    settle(orphan.folder)
    assert check_laws(orphan.folder).keys(EntryState.succeeded) == [orphan.key, orphan.behind]


@pytest.mark.slow
def test_its_walltime_is_kept(here: Path) -> None:
    """The new supervisor ends it when its time is over."""
    orphan = _orphaned(here, "local:2s")
    settle(here)
    found = check_laws(here)
    assert found.states == {orphan.key: EntryState.timeout, orphan.behind: EntryState.waiting}
    assert found.outcome(orphan.key).reason == "walltime"
    assert gone(orphan.pid)


def test_it_can_be_cancelled(orphan: Orphan) -> None:
    """Cancelling ends its process."""
    with PersistentQueue() as queue:
        queue.cancel(orphan.key)
    settle(orphan.folder)
    found = check_laws(orphan.folder)
    assert found.states[orphan.key] is EntryState.failed
    assert found.outcome(orphan.key).reason == "cancelled"
    assert gone(orphan.pid)


def test_it_can_be_cancelled_once_adopted(orphan: Orphan) -> None:
    """The same when the next supervisor watches it already."""
    tick(orphan.folder)
    wait_until(lambda: stored(orphan.folder).last_epoch >= 3, "the next supervisor")
    with PersistentQueue() as queue:
        queue.cancel(orphan.key)
    rest(orphan.folder)
    assert check_laws(orphan.folder).outcome(orphan.key).reason == "cancelled"
    assert gone(orphan.pid)


def test_its_death_while_nobody_watched_is_a_failure(orphan: Orphan) -> None:
    """It says that the process ended without an outcome."""
    kill([orphan.pid])
    settle(orphan.folder)
    found = check_laws(orphan.folder)
    assert found.states == {orphan.key: EntryState.failed, orphan.behind: EntryState.waiting}
    assert found.outcome(orphan.key).reason == "lost"
    assert "without leaving an outcome" in found.outcome(orphan.key).message


@pytest.mark.parametrize("differs", ["start", "boot"])
def test_a_recycled_process_number_is_not_taken_for_it(
    orphan: Orphan, bystander: subprocess.Popen[bytes], differs: str
) -> None:
    """Somebody else with the number in its claim neither keeps it running nor is harmed."""
    kill([orphan.pid])
    claim = Path(queue_in(orphan.folder).spool().claim_path(orphan.key, 1))
    fields = {"pid": bystander.pid, "start": process_start(bystander.pid), "boot": boot_id(), "at": 0.0}
    fields |= {"start": 1} if differs == "start" else {"boot": "an earlier one"}
    claim.write_text(json.dumps(json.loads(claim.read_text()) | fields) + "\n")
    settle(orphan.folder)
    found = check_laws(orphan.folder)
    assert found.states[orphan.key] is EntryState.failed
    assert found.outcome(orphan.key).reason == "lost"
    assert ("restarted" in found.outcome(orphan.key).message) == (differs == "boot")
    assert bystander.poll() is None
    os.kill(bystander.pid, 0)


def test_only_the_fork_server_is_killed(here: Path) -> None:
    """The supervisor goes on with another server, and its task is adopted."""
    key, behind = submit(gated() >> quick())
    pid = wait_begun(here, key)
    alive = cast(here)
    kill(alive.servers + alive.zygotes)
    (later,) = submit(quick())
    wait_until(lambda: stored(here).states[later] is EntryState.succeeded, "what came later")
    assert not gone(pid)
    (here / "go").touch()
    rest(here)
    assert check_laws(here).keys(EntryState.succeeded) == [key, behind, later]
    assert stored(here).last_epoch == 1
