"""What executors say: what counts, and that nothing else does any harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.core.queue_in_memory import QueueInMemory, outcome, task

from perqueue.core.decision import Launch
from perqueue.core.events import Admitted, Ended, Event, Launched, Started
from perqueue.core.records import Outcome, Verdict
from perqueue.core.states import EntryState

_SUCCESS = outcome(data={"x": 1})
_EVERYTHING: list[tuple[str, Callable[[int, int], Event]]] = [
    ("launched", lambda key, attempt: Launched(9.0, key, attempt, "job9")),
    ("started", lambda key, attempt: Started(9.0, key, attempt, "node9", 9)),
    ("succeeded", lambda key, attempt: Ended(9.0, key, attempt, _SUCCESS)),
    ("discarded", lambda key, attempt: Ended(9.0, key, attempt, outcome(Verdict.discarded))),
    ("failed", lambda key, attempt: Ended(9.0, key, attempt, outcome(Verdict.failed))),
    ("timeout", lambda key, attempt: Ended(9.0, key, attempt, outcome(Verdict.timeout))),
]
# Where a queue of a >> b stands, and attempts that aren't a's present one there.
_STALE = [
    ("", 0),
    ("", 1),
    ("a>", 0),
    ("a>", 2),
    ("a+", 1),
    ("a+", 0),
    ("a-", 1),
    ("a!", 1),
    ("a~", 1),
    ("a#", 1),
    ("a! a^", 1),
    ("a! a^ a>", 1),
    ("a! a^ a> a:", 1),
    ("a! a^ a+", 1),
    ("a+ b> a^", 1),
]


@pytest.mark.parametrize("report", [row[1] for row in _EVERYTHING], ids=[row[0] for row in _EVERYTHING])
@pytest.mark.parametrize(("moves", "attempt"), _STALE)
def test_stale_reports_change_nothing(report: Callable[[int, int], Event], moves: str, attempt: int) -> None:
    """A report of an attempt that is over, was given up, or never was, is not heard: it is late, doubled or wrong."""
    queue = QueueInMemory(task("a") >> task("b")).play(moves)
    before = queue.state.copy()
    decision = queue.tell(report(1, attempt))
    assert queue.state == before
    assert (decision.heard, decision.actions) == ((), ())


@pytest.mark.parametrize("report", [row[1] for row in _EVERYTHING], ids=[row[0] for row in _EVERYTHING])
@pytest.mark.parametrize("moves", ["", "a> a/", "a+ a/"])
def test_reports_of_what_is_gone(report: Callable[[int, int], Event], moves: str) -> None:
    """A report of an entry that was removed, or that never was, changes nothing."""
    queue = QueueInMemory(task("a")).play(moves)
    before = queue.state.copy()
    assert queue.tell(report(1 if moves else 7, 1)).heard == ()
    assert queue.state == before


@pytest.mark.parametrize("moves", ["a>", "a> a:", "a+", "a-", "a!", "a~", "a#", "b#"])
def test_only_the_goahead_is_admitted(moves: str) -> None:
    """Admitting an entry in any other state makes no attempt."""
    queue = QueueInMemory(task("a") >> task("b")).play(moves)
    key = queue.keys(moves[0])[0]
    before = queue.state.copy()
    decision = queue.tell(Admitted(9.0, key), Admitted(9.0, 99))
    assert queue.state == before
    assert (decision.heard, decision.actions) == ((), ())


def test_admitted_twice_is_launched_once() -> None:
    """Two ticks that admit the same entry launch it once, in one batch and in two."""
    queue = QueueInMemory(task("a"))
    assert queue.tell(Admitted(1.0, 1), Admitted(1.0, 1)).actions == (Launch(1, 1),)
    assert queue.tell(Admitted(2.0, 1)).actions == ()


_ENDS = [
    (Verdict.succeeded, EntryState.succeeded, ""),
    (Verdict.discarded, EntryState.discarded, "why"),
    (Verdict.failed, EntryState.failed, "why"),
    (Verdict.timeout, EntryState.timeout, "why"),
]


@pytest.mark.parametrize(("verdict", "state", "reason"), _ENDS)
@pytest.mark.parametrize("moves", ["a>", "a> a:"])
def test_ends(moves: str, verdict: Verdict, state: EntryState, reason: str) -> None:
    """Each verdict settles the entry, from queueing as from running, with its data and reason kept."""
    queue = QueueInMemory(task("a")).play(moves)
    event = Ended(9.0, 1, 1, outcome(verdict, {"x": 1}, "why"))
    decision = queue.tell(event)
    entry = queue.entry("a")
    assert (entry.state, entry.reason, entry.result) == (state, reason, 1)
    assert queue.state.data(1) == {"x": 1}
    assert (decision.heard, decision.actions) == ((event,), ())


@pytest.mark.parametrize("first", list(Verdict))
@pytest.mark.parametrize("second", list(Verdict))
def test_the_first_end_stands(first: Verdict, second: Verdict) -> None:
    """Of two ends of an attempt, contradictory or not, the first one stands."""
    queue = QueueInMemory(task("a") >> task("b"))
    queue.end(1, first, {"x": 1})
    before = queue.state.copy()
    queue.end(1, second, {"x": 2})
    assert queue.state == before


def test_job_ids() -> None:
    """The scheduler's id is kept with the attempt, replaced by a newer one, and heard once."""
    queue = QueueInMemory(task("a"))
    queue.admit(1)
    assert len(queue.launch(1, "100").heard) == 1
    assert len(queue.launch(1, "100").heard) == 0
    assert len(queue.launch(1, "101").heard) == 1
    assert queue.state.tries[1, 1].job == "101"
    assert queue.entry("a").state is EntryState.queueing


def test_job_id_after_the_start() -> None:
    """A job's id that is known only once it runs is kept too."""
    queue = QueueInMemory(task("a")).play("a> a:")
    queue.launch(1, "100")
    attempt = queue.state.tries[1, 1]
    assert (attempt.job, attempt.host) == ("100", "node1")


def test_start() -> None:
    """A start tells when, where and as which process; a second one changes nothing."""
    queue = QueueInMemory(task("a")).play("a> a:")
    attempt = queue.state.tries[1, 1]
    assert (attempt.started, attempt.host, attempt.pid) == (2.0, "node1", 42)
    assert queue.tell(Started(5.0, 1, 1, "node2", 43)).heard == ()
    assert queue.state.tries[1, 1] == attempt


@pytest.mark.parametrize(
    ("moves", "known", "expected"),
    [
        ("a>", {}, (None, 9.0, "", None)),
        ("a> a:", {}, (2.0, 9.0, "node1", 42)),
        ("a>", {"started": 5.0, "ended": 6.0, "host": "node2", "pid": 43}, (5.0, 6.0, "node2", 43)),
        ("a> a:", {"started": 5.0, "ended": 6.0, "host": "node2", "pid": 43}, (5.0, 6.0, "node2", 43)),
        ("a> a:", {"started": 0.0, "ended": 0.0}, (0.0, 0.0, "node1", 42)),
    ],
)
def test_what_an_outcome_knows_goes_first(
    moves: str, known: dict[str, Any], expected: tuple[float | None, float, str, int | None]
) -> None:
    """Times, host and process are the outcome's own, or else what was reported before."""
    queue = QueueInMemory(task("a")).play(moves)
    told: Outcome = evolve(outcome(), **known)
    queue.tell(Ended(9.0, 1, 1, told))
    attempt = queue.state.tries[1, 1]
    assert (attempt.started, attempt.ended, attempt.host, attempt.pid) == expected
    assert attempt.outcome == told


def test_a_whole_life_in_one_batch() -> None:
    """Events of one batch build on each other, across parents and children."""
    queue = QueueInMemory(task("a") >> task("b"))
    events: list[Event] = [
        Admitted(1.0, 1),
        Launched(1.0, 1, 1, "100"),
        Started(2.0, 1, 1, "node1", 42),
        Ended(3.0, 1, 1, _SUCCESS),
        Admitted(4.0, 2),
        Ended(5.0, 2, 1, _SUCCESS),
    ]
    decision = queue.tell(*events)
    assert queue.states() == "a:s b:s"
    assert decision.heard == tuple(events)
    assert decision.actions == (Launch(1, 1), Launch(2, 1))
    assert queue.inputs("b") == {"x": 1}
