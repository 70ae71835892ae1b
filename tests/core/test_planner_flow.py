"""How ends reach what depends on them: tables of a description, what happens, and the states that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.core.queue_in_memory import QueueInMemory, described, submission, task

from perqueue.core.compile import compile_graph
from perqueue.core.decision import Changes, Launch
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.planner import plan
from perqueue.core.records import FrameState
from perqueue.core.tasklike import TaskLike, Workflow

Build = Callable[..., object]


def group(tasks: Any, width: int) -> StaticWidthGroup:
    """Shorter, for tables."""
    return StaticWidthGroup(tasks, width)


SUBMITTED: list[tuple[str, Build, str]] = [
    ("a task", lambda a: a, "a:g"),
    ("a chain", lambda a, b: a >> b, "a:g b:w"),
    ("side by side", lambda a, b: a | b, "a:g b:g"),
    ("a join", lambda a, b, c: (a | b) >> c, "a:g b:g c:w"),
    ("a group", lambda a: group(a, 3), "a:ggg"),
    ("a group's body", lambda a, b: group(a >> b, 2), "a:gg b:ww"),
    ("a group after a task", lambda a, b: a >> group(b, 2), "a:g b:ww"),
    ("nested groups", lambda a: group(group(a, 2), 3), "a:gggggg"),
    ("an empty group", lambda a: group(a, 0), ""),
    ("after an empty group", lambda a, b: group(a, 0) >> b, "b:g"),
    ("after a group of empty groups", lambda a, b: group(group(a, 0), 3) >> b, "b:g"),
    ("a join of empty groups", lambda a, b, c, d: (group(a, 0) | group(b, 0)) >> (c | d), "c:g d:g"),
    ("a task with an empty group", lambda a, b, c: (a | group(b, 0)) >> c, "a:g c:w"),
]


@pytest.mark.parametrize(("build", "states"), [row[1:] for row in SUBMITTED], ids=[row[0] for row in SUBMITTED])
def test_submitted(build: Build, states: str) -> None:
    """What waits for nothing is given the goahead at once, everything else waits."""
    assert QueueInMemory(described(build)).states() == states


FLOW: list[tuple[str, Build, str, str]] = [
    # ends of every kind
    ("a success gives the goahead", lambda a, b, c: a >> b >> c, "a+", "a:s b:g c:w"),
    ("admitted is not done", lambda a, b: a >> b, "a>", "a:q b:w"),
    ("running is not done", lambda a, b: a >> b, "a> a:", "a:r b:w"),
    ("from running too", lambda a, b: a >> b, "a> a: a+", "a:s b:g"),
    ("a failure leaves descendants waiting", lambda a, b: a >> b, "a!", "a:f b:w"),
    ("so does a time-out", lambda a, b: a >> b, "a~", "a:t b:w"),
    ("a discard axes descendants", lambda a, b, c: a >> b >> c, "a-", "a:d b:x c:x"),
    # siblings
    ("a fan", lambda a, b, c: a >> (b | c), "a+", "a:s b:g c:g"),
    ("a failure leaves siblings going", lambda a, b, c, d: a >> (b >> d | c), "a+ c> b!", "a:s b:f d:w c:q"),
    ("a discard too", lambda a, b, c, d: a >> (b >> d | c), "a+ c> b-", "a:s b:d d:x c:q"),
    # joins
    ("a join waits for all", lambda a, b, c: (a | b) >> c, "a+", "a:s b:g c:w"),
    ("and goes after the last", lambda a, b, c: (a | b) >> c, "b+ a+", "a:s b:s c:g"),
    ("a discard axes through a join", lambda a, b, c, d, e: (a | b) >> (c | d) >> e, "a-", "a:d b:g c:x d:x e:x"),
    ("the other parent still runs", lambda a, b, c: (a | b) >> c, "a- b+", "a:d b:s c:x"),
    ("two discards", lambda a, b, c, d: (a | b) >> (c | d), "a- b-", "a:d b:d c:x d:x"),
    ("the other parent may fail", lambda a, b, c: (a | b) >> c, "b! a-", "a:d b:f c:x"),
    ("a join of layers", lambda a, b, c, d: (a | b) >> (c | d), "a,b+", "a:s b:s c:g d:g"),
    ("a diamond", lambda a, b, c, d: a >> (b | c) >> d, "a+ b+ c+", "a:s b:s c:s d:g"),
    # groups
    ("a group opens when its parents are done", lambda a, b: a >> group(b, 2), "a+", "a:s b:gg"),
    ("what follows waits for every copy", lambda a, b: group(a, 3) >> b, "a[0]+ a[2]+", "a:sgs b:w"),
    ("and goes after the last one", lambda a, b: group(a, 3) >> b, "a+", "a:sss b:g"),
    ("copies go on by themselves", lambda a, b: group(a >> b, 2), "a[1]+ b[1]>", "a:gs b:wq"),
    ("a failed copy leaves the others", lambda a, b, c: group(a >> b, 2) >> c, "a[0]! a[1]+ b[1]+", "a:fs b:ws c:w"),
    ("a discarded copy axes what follows", lambda a, b: group(a, 3) >> b, "a[1]- a[0]+", "a:sdg b:x"),
    ("also early in the body", lambda a, b, c: group(a >> b, 2) >> c, "a[0]-", "a:dg b:xw c:x"),
    ("but an end that isn't lost counts", lambda a, b, c: group(a >> (b | c), 2), "a[0]+ b[0]-", "a:sg b:dw c:gw"),
    ("two discarded copies", lambda a, b: group(a, 2) >> b, "a-", "a:dd b:x"),
    ("a discard before a group axes its contents", lambda a, b, c: a >> group(b >> c, 2), "a-", "a:d b:xx c:xx"),
    ("and what follows it", lambda a, b, c: a >> group(b, 2) >> c, "a-", "a:d b:xx c:x"),
    ("through nested groups", lambda a, b, c: a >> group(group(b, 2), 2) >> c, "a-", "a:d b:xxxx c:x"),
    ("out of nested groups", lambda a, b, c: group(group(a, 2) >> b, 2) >> c, "a[0]-", "a:dggg b:xw c:x"),
    ("into an empty group and out", lambda a, b, c: a >> group(b, 0) >> c, "a-", "a:d c:x"),
    ("a group of two parents", lambda a, b, c: (a | b) >> group(c, 2), "a+", "a:s b:g c:ww"),
    ("a group of two parents, one discarded", lambda a, b, c: (a | b) >> group(c, 2), "a- b+", "a:d b:s c:xx"),
    ("two groups of two parents", lambda a, b, c, d: (a | b) >> (group(c, 2) | d), "a- b-", "a:d b:d c:xx d:x"),
    ("an empty group passes the end on", lambda a, b, c: a >> group(b, 0) >> c, "a+", "a:s c:g"),
    ("a group of empty groups too", lambda a, b, c: a >> group(group(b, 0), 2) >> c, "a+", "a:s c:g"),
    ("a join of groups", lambda a, b, c, d: (group(a, 2) | group(b, 2)) >> (c | d), "a+ b+", "a:ss b:ss c:g d:g"),
    ("ports count as links", lambda a, b, c: {c: {a: {"x": "y"}, b: None}}, "a+", "c:w a:s b:g"),
]


@pytest.mark.parametrize(("build", "moves", "states"), [row[1:] for row in FLOW], ids=[row[0] for row in FLOW])
def test_flow(build: Build, moves: str, states: str) -> None:
    """Ends give the goahead to what waited for them, or axe it, and touch nothing else."""
    found = QueueInMemory(described(build)).play(moves).states()
    assert sorted(found.split()) == sorted(states.split())


INDICES: list[tuple[str, Build, list[tuple[int, ...]]]] = [
    ("no group", lambda a: a, [()]),
    ("a group", lambda a: group(a, 3), [(0,), (1,), (2,)]),
    ("beside and behind a group", lambda a, b: group(b, 2) >> a, [()]),
    ("inner group first", lambda a: group(group(a, 3), 2), [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]),
    ("the outer body of two", lambda a, b: group(a >> group(b, 2), 2), [(0,), (1,)]),
    ("three deep", lambda a: group(group(group(a, 1), 1), 2), [(0, 0, 0), (0, 0, 1)]),
]


@pytest.mark.parametrize(("build", "indices"), [row[1:] for row in INDICES], ids=[row[0] for row in INDICES])
def test_indices(build: Build, indices: list[tuple[int, ...]]) -> None:
    """An entry knows its copy numbers, those of the inner group first; outside of groups it has none."""
    queue = QueueInMemory(described(build))
    entries = [queue.state.entries[key] for key in queue.keys("a")]
    assert [entry.index for entry in entries] == indices
    assert all(entry.iteration == () for entry in entries)


def test_keys_are_never_given_twice() -> None:
    """Entries are numbered from 1 in topological order, on through all submissions and removals."""
    queue = QueueInMemory()
    assert queue.submit(task("a") >> task("b")) == [1, 2]
    queue.remove(1)
    assert queue.submit(task("c")) == [3]


def test_submission_is_one_decision() -> None:
    """Submitting decides rows for entries, frames, graph and tasks, launches nothing, and is heard."""
    event = submission(described(lambda a, b, c: (a | b) >> group(c, 2)))
    decision = plan(QueueInMemory().state, [event])
    changes = decision.changes
    assert [len(rows) for rows in (changes.new_entries, changes.new_frames, changes.tasks)] == [4, 2, 3]
    assert changes.graphs == {1: (event.graph, (1, 2, 3))}
    assert changes.node_tasks.keys() == {(1, node.index) for node in event.graph.nodes} - {(1, 2)}
    assert not changes.entries
    assert decision.actions == ()
    assert decision.heard == (event,)
    assert decision.counters.entry == 4


def test_nothing_from_nothing() -> None:
    """Without events nothing changes."""
    decision = plan(QueueInMemory(task("a")).state, [])
    assert decision.changes == Changes()
    assert (decision.actions, decision.heard) == ((), ())


def test_planning_does_not_touch_the_view() -> None:
    """A decision that nobody stores leaves no trace."""
    queue = QueueInMemory(task("a") >> task("b"))
    before = queue.state.copy()
    plan(queue.state, [submission(task("c"))])
    assert queue.state == before


def test_admission_is_recorded_before_it_is_a_launch() -> None:
    """Being admitted makes an attempt and one launch of it."""
    queue = QueueInMemory(task("a"))
    decision = queue.admit(1)
    assert decision.actions == (Launch(1, 1),)
    assert decision.changes.new_attempts[1, 1].queued == 1.0
    assert queue.entry("a").attempt == 1


def test_end_of_everything() -> None:
    """When every entry succeeded, every frame is done."""
    queue = QueueInMemory(described(lambda a, b, c, d: (a | b) >> (c | group(group(d, 2), 2))))
    queue.drive()
    assert queue.all_succeeded()
    assert {frame.state for frame in queue.state.frames.values()} == {FrameState.done}


@pytest.mark.parametrize("width", [10, 1000])
def test_cost_of_one_end(width: int) -> None:
    """One end in a wide group, whatever its width, touches that entry, its attempt and one counter."""
    queue = QueueInMemory()
    queue.submit(group(task("a"), width) >> task("b"))
    queue.admit(5)
    changes = queue.end(5).changes
    assert (list(changes.entries), list(changes.attempts), len(changes.frames)) == ([5], [(5, 1)], 1)
    assert not changes.sources


@pytest.mark.parametrize("width", [10, 1000])
def test_cost_of_one_end_before_a_wide_join(width: int) -> None:
    """One of many parents touches the join, not the join's readers."""
    queue = QueueInMemory()
    queue.submit(_layer(width) >> _layer(width))
    queue.admit(5)
    changes = queue.end(5).changes
    assert (list(changes.entries), len(changes.frames)) == ([5], 1)


def test_chains_of_any_length() -> None:
    """A discard runs down a chain of thousands, and its resubmission back."""
    queue = QueueInMemory()
    queue.submit([task("a"), *[group(task("b"), 1) if number % 2 else task("b") for number in range(3000)]])
    queue.play("a-")
    assert queue.states() == f"a:d b:{'x' * 3000}"
    queue.play("a^ a+")
    assert queue.states() == f"a:s b:g{'w' * 2999}"


def test_graphs_do_not_meet() -> None:
    """What happens in one submission leaves the others as they are, also where they share a description."""
    work = compile_graph(task("a") >> task("b")).tasks
    queue = QueueInMemory(work[0] >> work[1])
    queue.submit(work[0] >> work[1])
    queue.play("a[0]-")
    assert queue.states() == "a:dg b:xw"


def _layer(width: int) -> TaskLike:
    return Workflow({task("t"): [] for _ in range(width)})
