"""Who may move a queue: one at a time, replaced when dead, and never able to write after that."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from perqueue.engine import lease as leases
from perqueue.engine.driver import driver
from perqueue.engine.folder import QueueFolder, create_folder
from perqueue.engine.lease import beat, release, take_lease
from perqueue.runner.process import boot_id, host, process_start
from perqueue.store.protocol import Lease, LeaseLostError, Store


@pytest.fixture
def folder(tmp_path: Path) -> QueueFolder:
    return create_folder(str(tmp_path))


@pytest.fixture
def store(folder: QueueFolder) -> Iterator[Store]:
    with closing(folder.open_store()) as opened:
        yield opened


def held(store: Store) -> Lease | None:
    with store.snapshot() as state:
        return state.lease()


def hold(store: Store, lease: Lease) -> Lease:
    """Have the store say that somebody holds this lease."""
    with store.transaction() as changes:
        changes.set_lease(lease)
    return lease


def taken(store: Store, patience: float = 0.0) -> Lease:
    found = take_lease(store, patience)
    assert found is not None
    return found


def mine(store: Store) -> Lease:
    """This process's lease, as it would be judged by another process."""
    return hold(store, evolve(taken(store), epoch=1))


def other_host(store: Store) -> Lease:
    return hold(store, evolve(mine(store), host="elsewhere", pid=1, start=1, boot="another"))


def ended_process() -> int:
    """The id of a process that has ended and was waited for."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_first_owner(store: Store) -> None:
    """A lease names its owner's host, process and boot, and starts the epochs."""
    lease = taken(store)
    assert lease == held(store)
    assert (lease.epoch, lease.host, lease.boot, lease.beat) == (1, host(), boot_id(), 0)
    assert lease.start == process_start(lease.pid)


def test_a_live_owner_is_kept(store: Store) -> None:
    """Who asks while the owner lives gets nothing, and changes nothing."""
    lease = taken(store)
    assert take_lease(store) is None
    assert held(store) == lease


def test_a_lease_given_back_can_be_taken(store: Store) -> None:
    """The next owner's epoch is higher, so that the lease before it is worth nothing any more."""
    first = taken(store)
    release(store, first)
    assert held(store) is None
    assert [taken(store).epoch, first.epoch] == [2, 1]


def test_giving_back_a_lost_lease_changes_nothing(store: Store) -> None:
    """Who lost the lease can't take it away from its new owner."""
    old = evolve(taken(store), pid=ended_process(), start=1)
    hold(store, old)
    new = taken(store)
    release(store, old)
    assert held(store) == new


@pytest.mark.parametrize(
    "change",
    [
        {"pid": None, "start": 123},
        {"start": 1},
        {"boot": "another boot"},
        {"pid": None, "start": 0},
    ],
    ids=["process ended", "process id came round", "machine restarted", "ended, start unknown"],
)
def test_a_dead_owner_on_this_host_is_replaced_at_once(
    folder: QueueFolder, store: Store, change: dict[str, object]
) -> None:
    """An owner that can be seen to be dead is replaced without any waiting, with a higher epoch."""
    if "pid" in change:
        change = {**change, "pid": ended_process()}
    dead = hold(store, evolve(mine(store), **change))  # type: ignore[arg-type]  # a table of fields
    with store.snapshot() as state:
        assert driver(folder, state).dead
    new = taken(store)
    assert new.epoch == dead.epoch + 1
    assert held(store) == new


def test_a_zombie_is_dead(store: Store) -> None:
    """An owner that has ended, and that its parent has not waited for, is replaced."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        lease = evolve(mine(store), pid=process.pid, start=process_start(process.pid))
        hold(store, lease)
        assert take_lease(store) is None
        process.kill()
        assert take_lease(store, 30.0) is not None
    finally:
        process.communicate()


def test_a_live_owner_whose_start_is_unknown_is_kept(store: Store) -> None:
    """Where the system doesn't tell when processes began, a live one is taken for the owner."""
    hold(store, evolve(mine(store), start=0))
    assert take_lease(store) is None


def test_an_owner_on_another_host_is_not_judged_by_its_process(folder: QueueFolder, store: Store) -> None:
    """That a process of that number doesn't live here says nothing of another host."""
    away = other_host(store)
    assert take_lease(store) is None
    assert held(store) == away
    with store.snapshot() as state:
        assert not driver(folder, state).dead


def test_an_owner_on_another_host_that_stopped_beating_is_replaced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a time without a beat, by this host's clock, the owner counts as dead."""
    monkeypatch.setattr(leases, "STALE", 0.05)
    away = other_host(store)
    assert take_lease(store) is None, "a first look can't tell"
    assert taken(store, patience=30.0).epoch == away.epoch + 1


def test_an_owner_on_another_host_that_beats_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change of the beat starts the waiting anew, whatever its value is."""
    monkeypatch.setattr(leases, "STALE", 0.0)
    away = other_host(store)
    looks: list[float] = []

    def beats_between_looks(seconds: float) -> None:
        looks.append(seconds)
        hold(store, evolve(away, beat=-len(looks)))

    monkeypatch.setattr(time, "sleep", beats_between_looks)
    assert take_lease(store, 0.2) is None
    assert len(looks) > 1
    found = held(store)
    assert found is not None
    assert found.epoch == away.epoch


def test_waiting_for_an_owner_to_leave(folder: QueueFolder, store: Store) -> None:
    """With patience, the lease is taken as soon as its owner gives it back."""
    first = taken(store)
    got: list[Lease | None] = []

    def wait() -> None:
        with closing(folder.open_store()) as own:
            got.append(take_lease(own, 30.0))

    waiter = threading.Thread(target=wait)
    waiter.start()
    release(store, first)
    waiter.join()
    assert got[0] is not None
    assert got[0].epoch == first.epoch + 1


def test_many_take_a_free_lease_and_one_gets_it(folder: QueueFolder) -> None:
    """Of any number that find the lease free, exactly one gets it."""
    start, got = threading.Barrier(8), []

    def ask() -> None:
        with closing(folder.open_store()) as own:
            start.wait()
            got.append(take_lease(own))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in got if lease is not None]) == 1


def test_a_beat_changes_the_lease_and_keeps_the_epoch(store: Store) -> None:
    """Others see that the owner lives; the owner's next commit is as good as before."""
    first = taken(store)
    second = beat(store, first)
    assert (second.epoch, second.beat) == (first.epoch, first.beat + 1)
    assert held(store) == second
    with store.transaction(second):
        pass


def test_a_late_commit_is_refused(store: Store) -> None:
    """Who was replaced while paused can neither write nor beat, and nothing of what it tried is kept."""
    old = other_host(store)
    hold(store, evolve(old, host=host(), start=1))
    new = taken(store)
    with pytest.raises(LeaseLostError, match=f"the lease {old.epoch} was lost: lease {new.epoch}"):
        beat(store, old)

    def write_late() -> None:
        with store.transaction(old) as changes:
            changes.set_lease(None)

    with pytest.raises(LeaseLostError):
        write_late()
    assert held(store) == new
