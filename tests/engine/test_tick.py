"""One tick: facts are committed, what is ready is launched after that, and what must stop is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.engine.conftest import Bench
from tests.engine.noting import Driven, Noting, ended

from perqueue.core import planner
from perqueue.core.decision import Decision
from perqueue.core.errors import BrokenInvariantError
from perqueue.core.events import Ended, Event, Launched, Started
from perqueue.core.records import Outcome, PendingStop, Verdict
from perqueue.core.view import View
from perqueue.engine import requests, tick
from perqueue.engine.lease import take_lease
from perqueue.engine.tick import Mover
from perqueue.store.protocol import LeaseLostError


def test_what_is_ready_is_recorded_then_launched(bench: Bench, driven: Driven) -> None:
    """Each ready entry is launched once, and at that moment its attempt is in the store."""
    bench.submit((bench.task() | bench.task()) >> bench.task())
    assert driven.mover.tick()
    assert driven.executor.launched == [(1, 1), (2, 1)]
    assert driven.executor.recorded == ["queueing", "queueing"]
    assert driven.mover.tick()
    assert len(driven.executor.launched) == 2


@pytest.mark.parametrize("room", [0, 1, 2])
def test_no_more_is_launched_than_there_is_room_for(bench: Bench, room: int) -> None:
    """An executor gets as many as it takes, in the order of the keys; the others keep the goahead."""
    bench.submit(bench.task() | bench.task() | bench.task())
    driven = Driven(bench, room)
    assert driven.mover.tick()
    assert driven.executor.launched == [(key, 1) for key in range(1, room + 1)]
    assert list(bench.states().values()).count("goahead") == 3 - room


def test_reports_are_committed(bench: Bench, driven: Driven) -> None:
    """What executors say moves entries, and what depends on them is launched in the same tick."""
    bench.submit(bench.task() >> bench.task())
    driven.mover.tick()
    driven.executor.reports = [Launched(2.0, 1, 1, "job"), Started(2.5, 1, 1, "node", 7)]
    driven.mover.tick()
    assert bench.states()[1] == "running"
    driven.executor.reports = [ended(1)]
    assert driven.mover.tick()
    assert driven.executor.launched == [(1, 1), (2, 1)]
    driven.executor.reports = [ended(2)]
    assert not driven.mover.tick()
    assert bench.states() == {1: "succeeded", 2: "succeeded"}


def test_the_spool_is_read_when_asked(bench: Bench, driven: Driven) -> None:
    """Outcomes are committed with ``look``, and then lie in ``cur``; torn ones are set aside and count as none."""
    bench.submit(bench.task() | bench.task())
    driven.mover.tick()
    bench.leave(1)
    torn = Path(bench.folder.root) / "spool" / "new" / "2.1"
    torn.write_text("half of", encoding="utf-8")
    driven.mover.tick()
    assert bench.states()[1] == "queueing"
    assert driven.mover.tick(look=True)
    assert bench.states() == {1: "succeeded", 2: "queueing"}
    assert bench.folder.spool().list_new() == []
    assert (Path(bench.folder.root) / "spool" / "cur" / "1.1").exists()
    assert not torn.exists()


def test_stops_are_asked_for_once_until_they_are_settled(bench: Bench, driven: Driven) -> None:
    """A pending stop is handed to its executor, and is over when the attempt's end is reported."""
    bench.submit(bench.task())
    driven.mover.tick()
    with bench.store.transaction() as state:
        requests.cancel(state, [1])
    for _ in range(3):
        assert driven.mover.tick()
    assert driven.executor.stopped == [PendingStop(1, 1, "local", "cancelled")]
    driven.executor.reports = [Ended(4.0, 1, 1, Outcome(Verdict.failed, "cancelled", "stopped"))]
    assert not driven.mover.tick()
    assert bench.states() == {1: "failed"}


def test_the_next_owner_recovers(bench: Bench, driven: Driven) -> None:
    """It commits what lies in the spool, and gives executors what is left with them; nothing is launched again."""
    bench.submit(bench.task() | bench.task())
    driven.mover.tick()
    bench.leave(2)
    later = Noting(bench)
    mover = Mover(bench.folder, bench.store, [later], bench.config, driven.mover.lease, driven.said.append)
    mover.recover()
    mover.tick()
    assert (later.recovered, later.launched) == ([(1, 1)], [])
    assert bench.states() == {1: "queueing", 2: "succeeded"}


def test_nothing_is_launched_without_the_lease(bench: Bench, driven: Driven) -> None:
    """Who lost the lease commits nothing and launches nothing, and keeps the outcome files for its successor."""
    bench.submit(bench.task() | bench.task())
    bench.admit(1)
    bench.leave(1)
    with bench.store.transaction() as state:
        state.set_lease(None)
    assert take_lease(bench.store) is not None
    with pytest.raises(LeaseLostError):
        driven.mover.tick(look=True)
    assert driven.executor.launched == []
    assert bench.states() == {1: "queueing", 2: "goahead"}
    assert bench.folder.spool().list_new() == ["1.1"]


def test_a_fact_that_can_not_be_takes_no_other_with_it(
    bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one fact meets a contradiction in the state, it is left out and reported, and the others count."""
    bench.submit(bench.task() | bench.task() | bench.task())
    driven.mover.tick()

    def plan(view: View, events: Sequence[Event]) -> Decision:
        if any(isinstance(event, Ended) and event.key == 2 for event in events):
            raise BrokenInvariantError("entry 2 is odd")
        return planner.plan(view, events)

    monkeypatch.setattr(tick, "plan", plan)
    driven.executor.reports = [ended(1), ended(2), ended(3)]
    driven.mover.tick()
    assert bench.states() == {1: "succeeded", 2: "queueing", 3: "succeeded"}
    (line,) = driven.said
    assert line.startswith("left out Ended of entry 2: ")
    assert "entry 2 is odd" in line
