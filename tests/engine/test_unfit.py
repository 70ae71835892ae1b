"""Entries that can't be launched: they fail and say why, and keep no other from running."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest
from tests.engine.conftest import Bench
from tests.engine.noting import Driven, Noting, doubtful, ended, fails, raising

from perqueue import StaticWidthGroup
from perqueue.core import planner
from perqueue.core.decision import Decision
from perqueue.core.errors import BrokenInvariantError, StorageError
from perqueue.core.events import Admitted, Cancelled, Event
from perqueue.core.records import Attempt
from perqueue.core.retry import Retry
from perqueue.core.view import View
from perqueue.engine import requests, tick
from perqueue.engine.launches import Assignments
from perqueue.engine.tick import Mover
from perqueue.executors.protocol import Assignment
from perqueue.store.protocol import Snapshot

LARGE = '{"x":"' + "a" * 70_000 + '"}'


def only_attempt(bench: Bench, key: int) -> Attempt:
    (attempt,) = bench.attempts(key)
    return attempt


def unfit(key: int) -> Callable[..., Assignment]:
    """Preparing that entry's attempts raises."""
    real = Assignments.prepare

    def prepare(self: Assignments, state: Snapshot, entry: int, attempt: int) -> Assignment:
        if entry == key:
            raise KeyError("threads")
        return real(self, state, entry, attempt)

    return prepare


def test_an_entry_that_can_not_be_prepared(bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails, and says why and what to do; the others run, and what depends on it is told."""
    bench.submit((bench.task() >> bench.task()) | bench.task())
    monkeypatch.setattr(Assignments, "prepare", unfit(1))
    assert [(driven.mover.tick(), driven.mover.restless) for _ in range(2)] == [(True, True), (True, False)]
    assert driven.executor.launched == [(3, 1)]
    assert bench.states() == {1: "failed", 2: "waiting", 3: "queueing"}
    outcome = only_attempt(bench, 1).outcome
    assert outcome is not None
    assert (bench.entry(1).reason, outcome.reason) == ("launch", "launch")
    assert "KeyError: 'threads'" in outcome.message
    assert "`pq resubmit -i 1`" in outcome.message


def test_an_entry_that_can_not_be_prepared_and_a_disk_that_is_full(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails once, when that can be committed."""
    bench.submit(bench.task() | bench.task())
    monkeypatch.setattr(Assignments, "prepare", unfit(1))
    driven, store = doubtful(bench)
    store.fates = [True]
    fails(driven)
    driven.mover.tick()
    driven.mover.tick()
    assert bench.states() == {1: "failed", 2: "queueing"}
    assert driven.executor.launched == [(2, 1)]
    assert only_attempt(bench, 1).number == 1


def test_retries_of_an_entry_that_can_not_be_prepared(
    bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its policy counts, one tick after the other, without anything else happening."""
    bench.submit(bench.task(retry=Retry(2, on="launch")))
    monkeypatch.setattr(Assignments, "prepare", unfit(1))
    driven.mover.tick()
    ticks = 0
    while driven.mover.restless:
        driven.mover.tick()
        ticks += 1
    assert ticks == 3
    assert (bench.states(), len(bench.attempts(1))) == ({1: "failed"}, 3)


def test_what_was_left_and_can_not_be_prepared(bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next owner is not stopped by it either: it fails, and the rest is recovered."""
    bench.submit(bench.task() | bench.task())
    driven.mover.tick()
    monkeypatch.setattr(Assignments, "prepare", unfit(1))
    later = Noting(bench)
    mover = Mover(bench.folder, bench.store, [later], bench.config, driven.mover.lease, driven.said.append)
    mover.recover()
    mover.tick()
    assert (later.recovered, later.launched) == ([(2, 1)], [])
    assert bench.states() == {1: "failed", 2: "queueing"}


def test_trouble_of_the_store_while_entries_are_prepared(
    bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is nobody's fault: no entry fails for it, whatever name the store's library gives it."""
    bench.submit(bench.task())
    for error in (StorageError("the disk is full"), sqlite3.OperationalError("disk I/O error"), OSError(5, "I/O")):
        with monkeypatch.context() as broken:
            broken.setattr(Assignments, "prepare", raising(1, Assignments.prepare, error))
            fails(driven)
    assert bench.states() == {1: "goahead"}
    driven.mover.tick()
    assert driven.executor.launched == [(1, 1)]


def spoil(bench: Bench, key: int) -> None:
    """Have the stored task of an entry hold what nobody can read."""
    with closing(sqlite3.connect(f"{bench.folder.root}/queue.db")) as sql, sql:
        sql.execute("UPDATE tasks SET resources = 'long' WHERE id = ?", (bench.entry(key).task,))


def test_a_stored_task_that_can_not_be_read(bench: Bench, driven: Driven) -> None:
    """Its entry fails and says why; what tolerates that goes on, and the others run."""
    bench.submit(StaticWidthGroup(bench.task(), 2, tolerate=1) >> bench.task())
    with bench.store.transaction() as state:
        requests.edit(state, 1, {"name": "other"}, everywhere=False)
    spoil(bench, 1)
    driven.mover.tick()
    driven.executor.reports = [ended(2)]
    driven.mover.tick()
    assert driven.executor.launched == [(2, 1), (3, 1)]
    assert bench.entry(1).reason == "launch"
    outcome = only_attempt(bench, 1).outcome
    assert outcome is not None
    assert "resources 'long'" in outcome.message
    with bench.store.snapshot() as state:
        assert state.stops() == []


def test_the_end_of_an_entry_whose_task_can_not_be_read_any_more(bench: Bench, driven: Driven) -> None:
    """It counts as it was reported, and so do those that were reported with it."""
    bench.submit((bench.task() | bench.task()) >> bench.task())
    driven.mover.tick()
    spoil(bench, 1)
    driven.executor.reports = [ended(1), ended(2)]
    driven.mover.tick()
    assert [str(bench.entry(key).state) for key in (1, 2, 3)] == ["succeeded", "succeeded", "queueing"]
    with bench.store.snapshot() as state:
        assert state.stops() == []


@pytest.mark.parametrize(("odd", "state"), [((Admitted,), "failed"), ((Admitted, Cancelled), "goahead")])
def test_an_entry_of_which_no_attempt_can_be_recorded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, odd: tuple[type, ...], state: str
) -> None:
    """It is given up, or left alone where even that can't be; it is told once, and takes nobody's room."""
    bench.submit(bench.task() | bench.task())
    driven = Driven(bench, room=1)

    def plan(view: View, events: Sequence[Event]) -> Decision:
        if any(
            isinstance(event, odd) and 1 in (getattr(event, "key", 0), *getattr(event, "keys", ())) for event in events
        ):
            raise BrokenInvariantError("entry 1 is odd")
        return planner.plan(view, events)

    monkeypatch.setattr(tick, "plan", plan)
    for _ in range(3):
        driven.mover.tick()
    assert driven.executor.launched[0] == (2, 1)
    assert bench.states()[1] == state
    (line,) = driven.said
    assert line.startswith("entry 1 can't be launched, and is given up: BrokenInvariantError: ")
