"""Planning a queue's history again. What every store keeps of it is in the contract."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.decision import Decision
from perqueue.core.errors import BrokenInvariantError, UsageError
from perqueue.core.events import Admitted, Cancelled, Edited, Event, Removed
from perqueue.core.planner import plan
from perqueue.core.records import FrameState
from perqueue.store.eventlog import TOGETHER, describe, runs
from perqueue.store.memory import State
from perqueue.store.replay import DivergedReplayError, IncompleteLogError, events, replayed
from perqueue.store.sqlite import SqliteStore
from perqueue.testing.contracts.random_campaigns import batch
from perqueue.testing.contracts.store_case import ended, stored, submission, task
from perqueue.testing.contracts.whole_state import differences, history


def told(state: State, *heard: Event) -> Decision:
    """Plan events as one batch and keep what follows."""
    decision = plan(state, heard)
    state.apply(decision, decision.heard)
    return decision


def campaign(random: Random, state: State, steps: int) -> Iterator[tuple[list[Event], Decision]]:
    """Lead a state through random batches, without those that are refused; stops are settled now and then."""
    for _ in range(steps):
        if state.pending and random.random() < 0.3:
            state.settle_stop(*random.choice(sorted(state.pending)))
        heard = batch(random, state)
        with suppress(UsageError):
            yield heard, told(state, *heard)


@given(random=st.randoms(use_true_random=False), steps=st.integers(1, 40))
def test_replaying_the_log_gives_the_state(random: Random, steps: int) -> None:
    """Law: whatever was told in whatever batches, planning the log event by event gives the same rows and places."""
    state = State()
    for _ in campaign(random, state, steps):
        pass
    again = replayed(state)
    assert differences(history(again), history(state)) == {}
    assert (again.places, again.tries) == (state.places, state.tries)


@given(random=st.randoms(use_true_random=False), steps=st.integers(1, 20), more=st.integers(1, 20))
def test_replaying_a_part_gives_a_state_of_the_past(random: Random, steps: int, more: int) -> None:
    """The first events lead to the state that there was after them, whatever happened to it since."""
    state, count = State(), 0
    for _, decision in campaign(random, state, steps):
        count += len(decision.heard)
    before = state.copy()
    for _ in campaign(random, state, more):
        pass
    again = State()
    for event in islice(events(state), count):
        told(again, event)
    assert differences(history(again), history(before)) == {}


def test_random_campaigns_get_far() -> None:
    """What stores are led through has something of everything: the law says nothing of what never happens."""
    seen: Counter[str] = Counter()
    for seed in range(60):
        state = State()
        for heard, decision in campaign(Random(seed), state, 50):
            changes = decision.changes
            frames = [*changes.frames.values(), *changes.new_frames.values()]
            seen["rebuilt"] += bool(changes.dropped_entries) and not any(isinstance(one, Removed) for one in heard)
            seen["iterated"] += any(f.node < 0 and f.copy and f.state is FrameState.open for f in frames)
            seen["fed with elements"] += any(frame.elements for frame in frames)
            seen["tolerated"] += any(frame.failed for frame in frames)
            opened = [state.node(f.graph, f.node).kind for f in frames if f.node >= 0 and f.state is FrameState.open]
            seen.update(type(kind).__name__ for kind in opened)
            attempts = {**changes.new_attempts, **changes.attempts}.values()
            seen.update(attempt.outcome.reason for attempt in attempts if attempt.outcome is not None)
            seen.update(type(event).__name__ for event in decision.heard)
    for what in ("rebuilt", "iterated", "fed with elements", "tolerated", "WidthKind", "LoopKind", "SwitchKind",
                 "returned", "width", "toggle", "switch", "superseded", "Submitted", "Resubmitted", "Cancelled",
                 "Removed", "Edited", "Admitted", "Launched", "Started", "Ended"):  # fmt: skip
        assert seen[what] >= 4, (what, seen)


# what can't be replayed


def test_a_history_of_the_first_format_is_refused_in_words(tmp_path: Path) -> None:
    """What an earlier perqueue logged is not enough, and is not guessed; the queue itself is as it was."""
    path = str(tmp_path / "old.db")
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(Path(__file__).with_name("format_1.sql").read_text())
    with closing(SqliteStore(path)) as store, store.snapshot() as shown:
        with pytest.raises(IncompleteLogError, match=r"event 1 \(submitted\) does not say 'stored', as an earlier"):
            replayed(shown)
        assert len(shown.log()) == 8
        assert len(shown.keys()) == 8


@pytest.fixture
def state() -> State:
    """A queue with one event of each kind that needs more than its record."""
    made = State()
    told(made, submission(task("a") | task("b")))
    told(made, Edited(2.0, (1, 2), stored(task("c")), everywhere=True))
    told(made, Admitted(3.0, 1), ended(1), Cancelled(4.0, (2,)))
    return made


@pytest.mark.parametrize(
    ("seq", "name", "message"),
    [
        (1, "graph", r"event 1 \(submitted\) does not say 'graph'"),
        (2, "stored", r"event 2 \(edited\) does not say 'stored'"),
        (5, "verdict", r"event 5 \(ended\) does not say 'verdict'"),
    ],
)
def test_a_record_that_lacks_something_is_named(state: State, seq: int, name: str, message: str) -> None:
    """Which event is not whole, and what it lacks."""
    record = state.events[seq - 1]
    state.events[seq - 1] = evolve(record, body={key: value for key, value in record.body.items() if key != name})
    with pytest.raises(IncompleteLogError, match=message):
        list(events(state))


def test_a_request_whose_records_are_not_all_there(state: State) -> None:
    """A request about several entries is not taken for one about fewer."""
    assert state.events[1].body[TOGETHER] == 2
    del state.events[2]
    with pytest.raises(IncompleteLogError, match=r"event 2 \(edited\) is the first of 2, and some of these are miss"):
        list(events(state))


def test_a_kind_of_event_that_is_not_known(state: State) -> None:
    """A record of another program's kind is named."""
    state.events[3] = evolve(state.events[3], kind="approved")
    with pytest.raises(IncompleteLogError, match=r"event 4 \(approved\) is of a kind that is not known"):
        list(events(state))


def test_an_end_whose_attempt_is_gone(state: State) -> None:
    """An earlier perqueue forgot the attempts of removed entries: that is told."""
    state.tries.clear()
    with pytest.raises(IncompleteLogError, match=r"event 5 \(ended\) is of attempt 1, which is gone"):
        replayed(state)


def test_an_event_that_is_refused_this_time(state: State) -> None:
    """An event that the planner refuses when it is replayed is told, with the reason."""
    state.events.append(evolve(state.events[-1], seq=7, kind="removed", key=9))
    with pytest.raises(DivergedReplayError, match=r"event number 6 \(Removed\) is refused \(there is no entry 9"):
        replayed(state)


def test_an_event_that_changes_nothing_this_time(state: State) -> None:
    """An event that was heard, and is stale when it is replayed, is told."""
    state.events.append(evolve(state.events[-1], seq=7, kind="admitted", key=1))
    with pytest.raises(DivergedReplayError, match=r"event number 6 \(Admitted\) changes nothing"):
        replayed(state)


# the records


def test_numbers_as_runs() -> None:
    """Numbers in a row take two numbers, however many they are, and any others come in their order."""
    assert runs(range(7, 100_007)) == [[7, 100_006]]
    assert runs(()) == []
    assert runs((3, 4, 9, 2, 3)) == [[3, 4], [9, 9], [2, 3]]


def test_an_event_without_its_change_is_no_record() -> None:
    """A submission is logged together with the decision that made its graph, and never without."""
    event = submission(task("a"))
    decision = plan(State(), [event])
    assert [record[1] for record in describe(decision.changes, [event])] == ["submitted"]
    with pytest.raises(BrokenInvariantError, match="the decision has no graph of it"):
        list(describe(decision.changes, [event, event]))
