"""What tasks are given: merged results of their parents, wherever these stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.plain_inputs import plain_inputs
from tests.core.queue_in_memory import QueueInMemory, described, task
from tests.core.workflows import workflows

from perqueue.core.groups import StaticWidthGroup
from perqueue.core.tasklike import TaskLike, Workflow
from perqueue.core.view import Json

_Results = dict[str, list[Mapping[str, Json] | None]]


def group(tasks: Any, width: int) -> StaticWidthGroup:
    """Shorter, for tables."""
    return StaticWidthGroup(tasks, width)


CASES: list[tuple[str, Callable[..., object], _Results, dict[str, Json]]] = [
    ("nothing stands before it", lambda z: z, {}, {}),
    ("one parent's result", lambda a, z: a >> z, {"a": [{"x": 1, "y": [2]}]}, {"x": 1, "y": [2]}),
    ("only direct parents'", lambda a, b, z: a >> b >> z, {"a": [{"x": 1}], "b": [{"y": 2}]}, {"y": 2}),
    ("a parent without a result", lambda a, z: a >> z, {"a": [None]}, {}),
    ("a parent with an empty one", lambda a, z: a >> z, {"a": [{}]}, {}),
    ("keys of one parent each", lambda a, b, z: (a | b) >> z, {"a": [{"x": 1}], "b": [{"y": 2}]}, {"x": 1, "y": 2}),
    ("equal values", lambda a, b, z: (a | b) >> z, {"a": [{"x": [1]}], "b": [{"x": [1]}]}, {"x": [1]}),
    (
        "differing values, by entry key",
        lambda a, b, z: (a | b) >> z,
        {"a": [{"x": 1}], "b": [{"x": 2}]},
        {"x": {"$dict": [[1, 1], [2, 2]]}},
    ),
    (
        "None and {} contribute nothing",
        lambda a, b, c, z: (a | b | c) >> z,
        {"a": [None], "b": [{}], "c": [{"x": 1}]},
        {"x": 1},
    ),
    ("nothing from anybody", lambda a, b, z: (a | b) >> z, {"a": [None], "b": [{}]}, {}),
    (
        "copies of a group",
        lambda a, z: group(a, 3) >> z,
        {"a": [{"x": 1}, None, {"x": 3}]},
        {"x": {"$dict": [[1, 1], [3, 3]]}},
    ),
    (
        "the last of a group's body only",
        lambda a, b, z: group(a >> b, 1) >> z,
        {"a": [{"x": 1}], "b": [{"y": 2}]},
        {"y": 2},
    ),
    (
        "groups in groups",
        lambda a, z: group(group(a, 2), 2) >> z,
        {"a": [{"x": 1}, {"x": 1}, {"x": 1}, {"x": 1}]},
        {"x": 1},
    ),
    ("the body's first reads the group's parents", lambda a, z: a >> group(z, 1), {"a": [{"x": 1}]}, {"x": 1}),
    (
        "also through two groups",
        lambda a, b, z: (a | b) >> group(group(z, 1), 1),
        {"a": [{"x": 1}], "b": [{"y": 2}]},
        {"x": 1, "y": 2},
    ),
    ("width 0 passes them on", lambda a, b, z: a >> group(b, 0) >> z, {"a": [{"x": 1}]}, {"x": 1}),
    ("width 0 with nothing before it", lambda a, z: group(a, 0) >> z, {}, {}),
    (
        "width 0 beside another parent",
        lambda a, b, c, z: (a >> group(b, 0) | c) >> z,
        {"a": [{"x": 1}], "c": [{"y": 2}]},
        {"x": 1, "y": 2},
    ),
    (
        "width 0 in a group",
        lambda a, b, z: a >> group(group(b, 0), 3) >> z,
        {"a": [{"x": 1}]},
        {"x": 1},
    ),
    (
        "width 0 behind a join, beside another parent",
        lambda a, b, c, d, z: Workflow({(g := group(d, 0)): [a, b], c: [a, b], z: [g, c]}),
        {"a": [{"x": 1}], "b": [{"y": 2}], "c": [{"q": 3}]},
        {"x": 1, "y": 2, "q": 3},
    ),
    (
        "two empty groups behind the same parent",
        lambda a, b, c, z: a >> (group(b, 0) | group(c, 0)) >> z,
        {"a": [{"x": 1}]},
        {"x": 1},
    ),
    (
        "a join of empty groups with nothing before them",
        lambda a, b, c, z: (group(a, 0) | group(b, 0)) >> (c | z),
        {},
        {},
    ),
    (
        "ports pass the named values only",
        lambda a, z: {z: {a: {"x": "position"}}},
        {"a": [{"x": 1, "y": 2}]},
        {"position": 1},
    ),
    ("a port's value that wasn't returned", lambda a, z: {z: {a: {"x": "y"}}}, {"a": [{"q": 1}]}, {}),
    ("the first value", lambda a, z: {z: {a: {None: "it"}}}, {"a": [{"x": 1, "y": 2}]}, {"it": 1}),
    ("the first value of nothing", lambda a, z: {z: {a: {"None": "it"}}}, {"a": [None]}, {}),
    (
        "ports beside a parent without any",
        lambda a, b, z: {z: {a: {"x": "q"}, b: None}},
        {"a": [{"x": 1, "y": 2}], "b": [{"x": 3}]},
        {"q": 1, "x": 3},
    ),
    (
        "ports of every copy of a group",
        lambda a, z: {z: {group(a, 2): {"x": "q"}}},
        {"a": [{"x": 1, "y": 5}, {"x": 2}]},
        {"q": {"$dict": [[1, 1], [2, 2]]}},
    ),
    (
        "renamed on the way into an empty group",
        lambda a, b, z: Workflow({(g := group(b, 0)): {a: {"x": "q"}}, z: [g]}),
        {"a": [{"x": 1}]},
        {"q": 1},
    ),
    (
        "renamed on the way into an empty group that stands beside another parent",
        lambda a, b, c, z: Workflow({(g := group(b, 0)): {a: {"x": "q"}}, z: [g, c]}),
        {"a": [{"x": 1}], "c": [{"y": 2}]},
        {"q": 1, "y": 2},
    ),
    (
        "renamed on the way into and out of an empty group",
        lambda a, b, z: Workflow({(g := group(b, 0)): {a: {"x": "q"}}, z: {g: {"q": "r"}}}),
        {"a": [{"x": 1}]},
        {"r": 1},
    ),
    (
        "renamed on the way into a group that holds an empty group",
        lambda a, b, c, z: Workflow({(g := group(group(b, 0), 2)): {a: {"x": "q"}}, z: [g, c]}),
        {"a": [{"x": 1}], "c": [{"y": 2}]},
        {"q": 1, "y": 2},
    ),
]


@pytest.mark.parametrize(
    ("build", "results", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_a_task_is_given(build: Callable[..., object], results: _Results, expected: Mapping[str, Json]) -> None:
    """The task z is given its direct parents' results, merged as the compatibility page says."""
    queue = QueueInMemory(described(build))
    for name, data in results.items():
        queue.succeed(name, *data)
    assert queue.inputs("z") == expected


@given(work=workflows(8), data=st.data())
def test_inputs_are_what_a_plain_reading_gives(work: TaskLike, data: st.DataObject) -> None:
    """Law: through any nesting of groups, joins and ports, inputs are the merged results of the direct parents."""
    queue = QueueInMemory(work)
    values = st.sampled_from([None, {}, {"x": 1}, {"x": 2}, {"y": 1, "x": 1}])
    while ready := queue.ready():
        for key in ready:
            assert queue.inputs(key) == plain_inputs(queue.state, queue.state.entries[key])
            queue.end(key, data=data.draw(values))
    assert queue.all_succeeded()


def test_merged_once_for_all_readers() -> None:
    """Two layers of 40 joined all-to-all keep one source, not one for each reader."""
    queue = QueueInMemory()
    queue.submit(_layer(40, "a") >> _layer(40, "b"))
    queue.succeed("a", *[{"x": number} for number in range(40)])
    assert len(queue.state.sources) == 1
    assert {queue.state.entries[key].source for key in queue.keys("b")} == {-1}


def test_group_merged_once_for_all_readers() -> None:
    """What several tasks read of a group is merged once, when the first of them asks."""
    queue = QueueInMemory(described(lambda a, b, c, d: group(a, 5) >> (b | c | d)))
    queue.succeed("a", *[{"x": number} for number in range(5)])
    assert len(queue.state.sources) == 1


def test_single_parents_are_not_copied() -> None:
    """One parent's result is read where it is: chains, fans and groups keep no source."""
    queue = QueueInMemory(described(lambda a, b, c, d: a >> (b | c) | a >> group(d, 3)))
    queue.succeed("a", {"x": 1})
    assert not queue.state.sources
    assert {queue.state.entries[key].source for name in "bcd" for key in queue.keys(name)} == {1}


def test_sources_name_where_they_come_from() -> None:
    """A source keeps the keys of all the entries that were merged, ascending, also of those that returned nothing."""
    queue = QueueInMemory(described(lambda a, b, c, z: (a | b | c) >> z))
    for name, data in (("c", {"x": 1}), ("a", {"x": 2}), ("b", None)):
        queue.succeed(name, data)
    assert queue.state.sources[1].keys == (1, 2, 3)


def test_inputs_follow_a_resubmission() -> None:
    """After a parent ran again, its newer result is merged, also for what reads it through a group."""
    queue = QueueInMemory(described(lambda a, b, c, z: (a | b) >> group(c, 2) >> z))
    for name in "abc":
        queue.succeed(name, {name: "old"})
    queue.play("a^")
    queue.succeed("a", {"a": "new"})
    assert queue.inputs(queue.keys("c")[0]) == {"a": "new", "b": "old"}
    queue.succeed("c", {"c": "new"})
    assert queue.inputs("z") == {"c": "new"}


def test_inputs_follow_a_resubmission_in_a_group() -> None:
    """After one copy of a group ran again, what follows the group is given its newer result."""
    queue = QueueInMemory(described(lambda a, z: group(a, 2) >> z))
    queue.succeed("a", {"x": 1})
    queue.play("z+ a[1]^")
    queue.succeed("a[1]", {"x": 2})
    assert queue.inputs("z") == {"x": {"$dict": [[1, 1], [2, 2]]}}


def test_inputs_follow_a_resubmission_through_an_empty_group() -> None:
    """After a parent of an empty group ran again, what follows the group is given its newer result."""
    queue = QueueInMemory(described(lambda a, b, c, z: (a | b) >> group(c, 0) >> z))
    for name in "ab":
        queue.succeed(name, {name: "old"})
    queue.play("a^")
    queue.succeed("a", {"a": "new"})
    assert queue.inputs("z") == {"a": "new", "b": "old"}


@given(work=workflows(8), data=st.data())
def test_inputs_are_never_stale(work: TaskLike, data: st.DataObject) -> None:
    """Law: after any resubmission, everything that ran again was given the newest results of its parents."""
    queue = QueueInMemory(work)
    queue.drive()
    if keys := sorted(queue.state.entries):
        queue.resubmit(*data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3)))
    queue.drive()
    for key, entry in queue.state.entries.items():
        assert queue.inputs(key) == plain_inputs(queue.state, entry)


def test_long_chains_of_empty_groups() -> None:
    """Data pass through thousands of empty groups."""
    queue = QueueInMemory()
    chain = [task("a"), *[group(task("b"), 0) for _ in range(3000)], task("z")]
    queue.submit(Workflow({chain[-1]: [task("c"), Workflow(chain[:-1])]}))
    queue.succeed("a", {"x": 1})
    queue.succeed("c", {"y": 1})
    assert queue.inputs("z") == {"x": 1, "y": 1}


def _layer(width: int, name: str) -> TaskLike:
    layer: TaskLike = task(name)
    for _ in range(width - 1):
        layer = layer | task(name)
    return layer
