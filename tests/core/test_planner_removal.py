"""Removing entries: what goes with them, what stays, and what a damaged state is told by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.core.queue_in_memory import QueueInMemory, described, outcome, submission, task

from perqueue.core.decision import Stop
from perqueue.core.errors import BrokenInvariantError
from perqueue.core.events import Admitted, Ended, Removed
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.planner import depending, plan

Build = Callable[..., object]


def group(tasks: Any, width: int) -> StaticWidthGroup:
    """Shorter, for tables."""
    return StaticWidthGroup(tasks, width)


REMOVED: list[tuple[str, Build, str, str]] = [
    ("an entry", lambda a: a, "a/", ""),
    ("its descendants with it", lambda a, b, c: a >> b >> c, "a/", ""),
    ("not its ancestors", lambda a, b, c: a >> b >> c, "c/", "a:g b:w"),
    ("not its siblings", lambda a, b, c: a >> (b | c), "b/", "a:g c:w"),
    ("several", lambda a, b, c, d: a | b >> c | d, "a,b/", "d:g"),
    ("one that depends on another", lambda a, b, c: a >> b >> c, "c,b/", "a:g"),
    ("through a join", lambda a, b, c, d, e: (a | b) >> (c | d) >> e, "a/", "b:g"),
    ("what follows a group", lambda a, b: group(a, 2) >> b, "a[0]/", "a:g"),
    ("not the other copies", lambda a, b: group(a >> b, 2), "a[0]/", "a:g b:w"),
    ("early in a body that has another end", lambda a, b, c: group(a | b, 2) >> c, "a[0]/", "b:gg a:g"),
    ("a group's contents with its parent", lambda a, b, c: a >> group(b >> group(c, 2), 2), "a/", ""),
    ("an empty group", lambda a, b, c: a >> group(b, 0) >> c, "a/", ""),
    ("out of nested groups", lambda a, b, c: group(group(a, 2) >> b, 2) >> c, "a[0]/", "a:ggg b:w"),
    ("both copies, one after the other", lambda a, b: group(a, 2) >> b, "a[0]/ a[0]/", ""),
    ("both copies in one request", lambda a, b: group(a, 2) >> b, "a/", ""),
    ("whatever its state", lambda a, b, c, d, e: a | b | c | d >> e, "a! b~ c+ d- a,b,c,d/", ""),
    ("what stays goes on", lambda a, b, c: a >> (b | c), "b/ a+ c+", "a:s c:s"),
    ("what stays goes on in a group", lambda a, b: group(a >> b, 2), "b[0]/ a+ b+", "a:ss b:s"),
    ("what stays is resubmitted", lambda a, b, c: a >> (b | c), "a+ b+ c+ b/ a^ a+", "a:s c:g"),
    ("what stays of a group is resubmitted", lambda a, b: a >> group(b, 2), "a+ b+ b[0]/ a^ a+", "a:s b:g"),
    (
        "what stays of a body is resubmitted",
        lambda a, b, c: a >> group(b >> c, 2),
        "a+ b+ c+ b[0]/ a^ a+",
        "a:s b:g c:w",
    ),
    ("what stays is discarded", lambda a, b, c: a >> (b | c), "b/ a-", "a:d c:x"),
    ("what stays of a group is axed and revived", lambda a, b: a >> group(b, 2), "b[0]/ a- a^", "a:g b:w"),
]


@pytest.mark.parametrize(("build", "moves", "states"), [row[1:] for row in REMOVED], ids=[row[0] for row in REMOVED])
def test_removed(build: Build, moves: str, states: str) -> None:
    """An entry goes with whatever depends on it, and nothing else; what stays goes on, and what was tried is kept."""
    queue = QueueInMemory(described(build)).play(moves)
    assert queue.states() == states
    assert {place for place, ref in queue.state.places.items() if ref > 0} == {
        (entry.frame, entry.copy, entry.node) for entry in queue.state.entries.values()
    }
    assert {(entry.key, entry.attempt) for entry in queue.state.entries.values() if entry.attempt} <= (
        queue.state.tries.keys()
    )
    queue.drive()
    assert queue.all_succeeded()


DEPENDING: list[tuple[Build, tuple[int, ...], tuple[int, ...]]] = [
    (lambda a, b, c: a >> b >> c, (2,), (2, 3)),
    (lambda a, b, c: a >> b >> c, (3, 1), (1, 2, 3)),
    (lambda a, b, c: a >> (b | c), (2,), (2,)),
    (lambda a, b: group(a, 2) >> b, (2,), (2, 3)),
    (lambda a, b, c: a >> group(b, 2) >> c, (1,), (1, 2, 3, 4)),
    (lambda a, b, c: (a | b) >> c, (), ()),
]


@pytest.mark.parametrize(("build", "keys", "expected"), DEPENDING)
def test_depending(build: Build, keys: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """What a removal would take can be asked before, and asking changes nothing."""
    queue = QueueInMemory(described(build))
    before = queue.state.copy()
    assert depending(queue.state, keys) == expected
    assert queue.state == before


def test_removed_attempts_are_stopped() -> None:
    """Attempts under way are stopped, once each, also those of descendants."""
    queue = QueueInMemory(described(lambda a, b, c: a >> (b | c))).play("a+ b> c> c:")
    decision = queue.remove(1, 3)
    assert sorted(decision.actions, key=lambda action: action.key) == [Stop(2, 1, "removed"), Stop(3, 1, "removed")]
    assert sorted(decision.changes.dropped_entries) == [1, 2, 3]


def test_removed_in_the_batch_that_made_it() -> None:
    """What is submitted and removed in one batch is not there afterwards, and its keys are not given again."""
    queue = QueueInMemory()
    queue.tell(submission(task("a") >> group(task("b"), 2)), Removed(1.0, (1,)))
    assert not queue.state.entries
    assert queue.submit(task("c")) == [4]


def test_removed_in_the_batch_that_changed_it() -> None:
    """Whatever else a batch says of an entry, before or after, it is gone when it was removed."""
    queue = QueueInMemory(task("a") >> group(task("b"), 1))
    queue.tell(Admitted(1.0, 1), Ended(2.0, 1, 1, outcome()), Removed(3.0, (1,)), Ended(4.0, 1, 1, outcome()))
    assert not queue.state.entries
    assert queue.state.tries[1, 1].outcome is not None


@pytest.mark.parametrize(
    ("gone", "message"),
    [("entries", "entry 2 is missing"), ("frames", "frame 1 is missing")],
)
def test_damage_is_named(gone: str, message: str) -> None:
    """A state in which a row is missing is reported as such, not as some other error."""
    queue = QueueInMemory(task("a") >> task("b")).play("a>")
    rows = getattr(queue.state, gone)
    del rows[max(rows)]
    with pytest.raises(BrokenInvariantError, match=message):
        plan(queue.state, [Ended(2.0, 1, 1, outcome()), Admitted(3.0, 2), Ended(4.0, 2, 1, outcome())])
