"""What users ask for: resubmit, cancel and edit, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.core.queue_in_memory import QueueInMemory, described, outcome, stored, submission, task

from perqueue.core.decision import Stop
from perqueue.core.errors import BrokenInvariantError, StateError, UnknownEntryError
from perqueue.core.events import Admitted, Cancelled, Edited, Ended, Event, Removed, Resubmitted
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.records import Verdict

Build = Callable[..., object]


def group(tasks: Any, width: int) -> StaticWidthGroup:
    """Shorter, for tables."""
    return StaticWidthGroup(tasks, width)


RESUBMITTED: list[tuple[str, Build, str, str]] = [
    # the entry itself
    ("a failure", lambda a, b: a >> b, "a! a^", "a:g b:w"),
    ("a time-out", lambda a, b: a >> b, "a~ a^", "a:g b:w"),
    ("a success", lambda a: a, "a+ a^", "a:g"),
    ("several at once", lambda a, b, c: a | b | c, "a! b~ c+ a,b,c^", "a:g b:g c:g"),
    ("the same twice", lambda a, b: a >> b, "a,b+ a,a^", "a:g b:w"),
    # what depends on it
    ("what was ready waits again", lambda a, b: a >> b, "a+ a^", "a:g b:w"),
    ("what had run runs again", lambda a, b, c: a >> b >> c, "a+ b+ c+ a^", "a:g b:w c:w"),
    ("after it, in order", lambda a, b, c: a >> b >> c, "a+ b+ c+ a^ a+ b+", "a:s b:s c:g"),
    ("what had failed too", lambda a, b: a >> b, "a+ b! a^", "a:g b:w"),
    ("and what had timed out", lambda a, b: a >> b, "a+ b~ a^", "a:g b:w"),
    ("what runs is stopped", lambda a, b: a >> b, "a+ b> b: a^", "a:g b:w"),
    ("what has nothing to do with it stays", lambda a, b, c: a >> b | c, "a+ b+ c+ a^", "a:g b:w c:s"),
    ("its parents stay", lambda a, b, c: a >> b >> c, "a+ b+ c+ b^", "a:s b:g c:w"),
    # joins
    ("a diamond's join waits", lambda a, b, c, d: a >> (b | c) >> d, "a+ b+ c+ d+ a^ a+ b+", "a:s b:s c:g d:w"),
    ("and goes after both", lambda a, b, c, d: a >> (b | c) >> d, "a+ b+ c+ d+ a^ a+ b+ c+", "a:s b:s c:s d:g"),
    ("two parents of a join", lambda a, b, c: (a | b) >> c, "a+ b+ c+ a,b^", "a:g b:g c:w"),
    ("one of them back", lambda a, b, c: (a | b) >> c, "a+ b+ c+ a,b^ a+", "a:s b:g c:w"),
    ("both of them back", lambda a, b, c: (a | b) >> c, "a+ b+ c+ a,b^ a+ b+", "a:s b:s c:g"),
    ("a join of layers", lambda a, b, c, d: (a | b) >> (c | d), "a+ b+ c+ d+ b^", "a:s b:g c:w d:w"),
    ("and back", lambda a, b, c, d: (a | b) >> (c | d), "a+ b+ c+ d+ b^ b+", "a:s b:s c:g d:g"),
    ("an entry and its child", lambda a, b: a >> b, "a+ b+ a,b^", "a:g b:w"),
    ("an entry and its failed child", lambda a, b: a >> b, "a+ b! a,b^ a+", "a:s b:g"),
    # discards
    ("a discarded entry revives", lambda a, b, c: a >> b >> c, "a- a^", "a:g b:w c:w"),
    ("and what was revived goes on", lambda a, b: a >> b, "a- a^ a+", "a:s b:g"),
    ("or is axed again", lambda a, b: a >> b, "a- a^ a-", "a:d b:x"),
    ("one of two discards", lambda a, b, c: (a | b) >> c, "a- b- a^", "a:g b:d c:x"),
    ("through a join", lambda a, b, c, d: (a | b) >> (c | d), "a- b+ a^ a+", "a:s b:s c:g d:g"),
    ("a discard downstream is forgotten", lambda a, b, c: a >> b >> c, "a+ b- a^", "a:g b:w c:w"),
    ("a discard downstream, and it succeeds", lambda a, b, c: a >> b >> c, "a+ b- a^ a+ b+", "a:s b:s c:g"),
    ("discarded after it had succeeded", lambda a, b: a >> b, "a+ b+ a^ a-", "a:d b:x"),
    # groups
    ("a group's contents wait again", lambda a, b: a >> group(b, 2), "a+ b+ a^", "a:g b:ww"),
    ("and open again", lambda a, b: a >> group(b, 2), "a+ b+ a^ a+", "a:s b:gg"),
    ("a group half-way", lambda a, b, c: a >> group(b, 2) >> c, "a+ b[0]+ b[1]> a^", "a:g b:ww c:w"),
    ("one copy", lambda a, b: group(a, 2) >> b, "a+ b+ a[1]^", "a:sg b:w"),
    ("one copy and it is back", lambda a, b: group(a, 2) >> b, "a+ b+ a[1]^ a[1]+", "a:ss b:g"),
    ("a failed copy", lambda a, b: group(a, 2) >> b, "a[0]! a[1]+ a[0]^ a[0]+", "a:ss b:g"),
    ("a discarded copy", lambda a, b: group(a, 2) >> b, "a[0]- a[1]+ a[0]^", "a:gs b:w"),
    ("two discarded copies, one of them back", lambda a, b: group(a, 2) >> b, "a- a[0]^", "a:gd b:x"),
    ("a discard in a group is forgotten", lambda a, b, c: a >> group(b, 2) >> c, "a+ b[0]- a^", "a:g b:ww c:w"),
    ("a discard before a group", lambda a, b, c: a >> group(b, 2) >> c, "a- a^", "a:g b:ww c:w"),
    ("a discard before an empty group", lambda a, b, c: a >> group(b, 0) >> c, "a- a^ a+", "a:s c:g"),
    ("through an empty group", lambda a, b, c: a >> group(b, 0) >> c, "a+ c+ a^", "a:g c:w"),
    ("nested groups", lambda a, b, c: a >> group(group(b, 2), 2) >> c, "a+ b+ c+ a^", "a:g b:wwww c:w"),
    ("nested groups and back", lambda a, b, c: a >> group(group(b, 2), 2) >> c, "a+ b+ c+ a^ a+ b+", "a:s b:ssss c:g"),
    ("in a nested group", lambda a, b: group(group(a, 2), 2) >> b, "a+ b+ a[3]^", "a:sssg b:w"),
    (
        "a join in a group",
        lambda a, b, c, d, e: a >> group((b | c) >> (d | e), 1),
        "a+ b+ c+ d+ a^ a+ b+ c+",
        "a:s b:s c:s d:g e:g",
    ),
    # after a cancellation
    ("one that was cancelled", lambda a: a, "a# a^", "a:g"),
    ("one that was cancelled while it waited", lambda a, b: a >> b, "b# b^", "a:g b:w"),
    ("which became ready meanwhile", lambda a, b: a >> b, "b# a+ b^", "a:s b:g"),
    ("a cancelled child of it", lambda a, b: a >> b, "a+ b# a^", "a:g b:w"),
]


@pytest.mark.parametrize(
    ("build", "moves", "states"), [row[1:] for row in RESUBMITTED], ids=[row[0] for row in RESUBMITTED]
)
def test_resubmitted(build: Build, moves: str, states: str) -> None:
    """What is resubmitted runs again; what depends on it goes back to waiting, for all of its parents."""
    assert QueueInMemory(described(build)).play(moves).states() == states


@pytest.mark.parametrize(
    ("build", "moves", "again"),
    [
        (lambda a, b, c, d: a >> (b | c) >> d, "a+ b+ c+ d+", "a"),
        (lambda a, b, c, d: (a | b) >> c >> d, "a+ b+ c+ d+", "a,b"),
        (lambda a, b, c, d: a >> group((b | c) >> d, 1), "a+ b+ c+ d+", "a,b,c"),
        (lambda a, b, c, d: (a | b) >> (c | d), "a+ b+ c+ d+", "a,b"),
    ],
)
def test_descendants_run_once_again(build: Build, moves: str, again: str) -> None:
    """Whatever way they are reached, everything from the resubmitted on runs exactly once more."""
    queue = QueueInMemory(described(build)).play(moves)
    queue.resubmit(*[key for name in again.split(",") for key in queue.keys(name)])
    queue.drive()
    assert queue.all_succeeded()
    assert [queue.entry(name).attempt for name in "abcd"] == [
        1 + (name in again or name > again[-1]) for name in "abcd"
    ]


def test_running_descendants_are_stopped() -> None:
    """A descendant that is with an executor is stopped; what it still reports is stale, and its attempt is closed."""
    queue = QueueInMemory(described(lambda a, b, c: a >> (b | c))).play("a+ b> b: c>")
    decision = queue.resubmit(1)
    assert decision.actions == (Stop(2, 1, "superseded"), Stop(3, 1, "superseded"))
    kept = queue.state.tries[2, 1].outcome
    assert kept is not None
    assert (kept.verdict, kept.reason, kept.ended) == (Verdict.failed, "superseded", 4.0)
    assert queue.tell(Ended(5.0, 2, 1, outcome())).heard == ()
    queue.play("a+")
    assert queue.ready() == []
    for at in list(queue.state.pending):
        queue.state.settle_stop(*at)
    assert queue.ready() == [2, 3]


def test_a_lost_attempt_is_named() -> None:
    """Where the attempt that must be stopped is missing, the damage is reported as such."""
    queue = QueueInMemory(task("a") >> task("b")).play("a+ b>")
    del queue.state.tries[2, 1]
    with pytest.raises(BrokenInvariantError, match="attempt 1 of entry 2 is missing"):
        queue.resubmit(1)


def test_an_attempt_never_comes_back() -> None:
    """Every resubmission is a new attempt, and the result that stands is that of the newest one that ended."""
    queue = QueueInMemory(task("a"))
    for number in (1, 2, 3):
        queue.succeed("a", {"n": number})
        assert queue.state.data(1) == {"n": number}
        queue.play("a^")
    assert queue.launched == [(1, 1), (1, 2), (1, 3)]


@pytest.mark.parametrize(
    ("moves", "reason"),
    [
        ("a+ b!", "raised"),
        ("a+ b! a^", "to run again after an ancestor"),
        ("a+ b! a^ a!", "to run again after an ancestor"),
        ("a+ b! a^ a+", ""),
        ("a+ b! a^ a+ b>", ""),
        ("a+ b! b^", ""),
        ("a-", "an ancestor was discarded"),
        ("a- a^", ""),
        ("b#", "cancelled"),
    ],
)
def test_reasons(moves: str, reason: str) -> None:
    """An entry says why it is as it is, for as long as that is the reason."""
    assert QueueInMemory(task("a") >> task("b")).play(moves).entry("b").reason == reason


CANCELLED: list[tuple[str, Build, str, str]] = [
    ("what is ready", lambda a, b: a >> b, "a#", "a:f b:w"),
    ("what waits", lambda a, b, c: a >> b >> c, "b#", "a:g b:f c:w"),
    ("it stays so when its parents are done", lambda a, b: a >> b, "b# a+", "a:s b:f"),
    ("it is axed with the others", lambda a, b: a >> b, "b# a-", "a:d b:x"),
    ("several", lambda a, b, c: a | b | c, "a,b#", "a:f b:f c:g"),
    ("what is queueing ends when that is reported", lambda a: a, "a> a#", "a:q"),
    ("what runs, too", lambda a: a, "a> a: a#", "a:r"),
    ("and it does", lambda a: a, "a> a# a!", "a:f"),
    ("or it had succeeded by then", lambda a, b: a >> b, "a> a# a+", "a:s b:g"),
]


@pytest.mark.parametrize(
    ("build", "moves", "states"), [row[1:] for row in CANCELLED], ids=[row[0] for row in CANCELLED]
)
def test_cancelled(build: Build, moves: str, states: str) -> None:
    """What is not with an executor fails at once, anything else when its end is reported; nothing else changes."""
    assert QueueInMemory(described(build)).play(moves).states() == states


@pytest.mark.parametrize(
    ("moves", "stops"), [("", ()), ("a>", (Stop(1, 1, "cancelled"),)), ("a> a:", (Stop(1, 1, "cancelled"),))]
)
def test_cancelled_attempts_are_stopped(moves: str, stops: tuple[Stop, ...]) -> None:
    """Only an attempt that is with an executor is stopped."""
    queue = QueueInMemory(task("a")).play(moves)
    assert queue.cancel(1).actions == stops


def test_cancelled_reason() -> None:
    """A cancelled entry says so."""
    assert QueueInMemory(task("a")).play("a#").entry("a").reason == "cancelled"


EDITABLE = ["", "b#", "a+", "a+ b!", "a+ b+", "a+ b-", "a-"]


@pytest.mark.parametrize("moves", EDITABLE)
def test_edited(moves: str) -> None:
    """What is not with an executor can be changed: it keeps its state, and runs the new task from then on."""
    queue = QueueInMemory(task("a") >> task("b")).play(moves)
    before = queue.entry("b")
    new = evolve(stored(task("new")), executor="slurm")
    queue.tell(Edited(4.0, (2,), new))
    assert queue.entry("new") == evolve(before, task=3, executor="slurm")
    assert queue.state.tasks[3] == new
    assert queue.entry("a").task == 1


@pytest.mark.parametrize(("everywhere", "number"), [(False, 1), (True, 2)])
def test_edited_everywhere(everywhere: bool, number: int) -> None:
    """Everywhere also changes what entries yet to be made of the node run; the others stay as they are."""
    queue = QueueInMemory(group(task("a"), 3))
    queue.tell(Edited(4.0, (2,), stored(task("new")), everywhere=everywhere))
    assert queue.states() == "a:gg new:g"
    node = queue.state.entries[2].node
    assert queue.state.node_tasks[1, node] == number


def test_edited_attempts_use_the_new_executor() -> None:
    """The next attempt goes to the executor that the new task names."""
    queue = QueueInMemory(task("a"))
    decision = queue.tell(Edited(4.0, (1,), evolve(stored(task("new")), executor="slurm")), Admitted(5.0, 1))
    assert decision.changes.new_attempts[1, 1].executor == "slurm"


def _edit(keys: tuple[int, ...]) -> Edited:
    return Edited(4.0, keys, stored(task("new")))


REFUSED: list[tuple[str, str, Event, str]] = [
    ("resubmit what waits", "", Resubmitted(4.0, (2,)), "can't resubmit entry 2: it is waiting; it will run by itself"),
    ("resubmit what is ready", "", Resubmitted(4.0, (1,)), "can't resubmit entry 1: it is goahead; it will run by"),
    ("resubmit what is queueing", "a>", Resubmitted(4.0, (1,)), "entry 1: it is queueing; `pq cancel -i 1` first"),
    ("resubmit what runs", "a> a:", Resubmitted(4.0, (1,)), "entry 1: it is running; `pq cancel -i 1` first"),
    ("resubmit what is axed", "a-", Resubmitted(4.0, (2,)), "it is axed; resubmit the discarded entry"),
    ("resubmit one that can be and one that can't", "a!", Resubmitted(4.0, (1, 2)), "can't resubmit entry 2"),
    (
        "cancel a success",
        "a+",
        Cancelled(4.0, (1,)),
        "can't cancel entry 1: it is succeeded; nothing of it is under way",
    ),
    ("cancel a failure", "a!", Cancelled(4.0, (1,)), "it is failed"),
    ("cancel a time-out", "a~", Cancelled(4.0, (1,)), "it is timeout"),
    ("cancel a discard", "a-", Cancelled(4.0, (1,)), "it is discarded"),
    ("cancel what is axed", "a-", Cancelled(4.0, (2,)), "it is axed"),
    ("cancel one that can be and one that can't", "a+", Cancelled(4.0, (1, 2)), "can't cancel entry 1"),
    ("edit what is queueing", "a>", _edit((1,)), "can't change entry 1: it is queueing; `pq cancel -i 1` first"),
    ("edit what runs", "a> a:", _edit((1,)), "can't change entry 1: it is running"),
    ("edit one that can be and one that can't", "a>", _edit((1, 2)), "can't change entry 1"),
]


@pytest.mark.parametrize(("moves", "event", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(moves: str, event: Event, message: str) -> None:
    """A request that can't be granted says why and what to do; nothing of its whole batch happens."""
    queue = QueueInMemory(task("a") >> task("b")).play(moves)
    before = queue.state.copy()
    with pytest.raises(StateError) as caught:
        queue.tell(submission(task("c")), event)
    assert message in str(caught.value)
    assert caught.value.key in {1, 2}
    assert queue.state == before


@pytest.mark.parametrize(
    "event",
    [Resubmitted(4.0, (9,)), Cancelled(4.0, (1, 9)), Removed(4.0, (1, 9)), _edit((9,))],
    ids=["resubmit", "cancel", "remove", "edit"],
)
def test_unknown(event: Event) -> None:
    """A key that no entry has is refused, and nothing of its whole batch happens."""
    queue = QueueInMemory(task("a"))
    before = queue.state.copy()
    with pytest.raises(UnknownEntryError, match="there is no entry 9") as caught:
        queue.tell(submission(task("c")), event)
    assert caught.value.key == 9
    assert queue.state == before
