"""What tasks are given: merged results of their parents, wherever these stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.tasklike import StaticWidthGroup, TaskLike, Workflow
from perqueue.core.view import Json
from tests.core.plain_inputs import plain_inputs
from tests.core.queue_in_memory import QueueInMemory, described
from tests.core.workflows import workflows

_Results = dict[str, list[Mapping[str, Json] | None]]


def group(tasks: object, width: int) -> StaticWidthGroup:
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
        {"x": {"$dict": [[2, 1], [4, 3]]}},
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
        {"q": {"$dict": [[2, 1], [3, 2]]}},
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


@pytest.mark.parametrize(("build", "results", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_task_is_given(build: Callable[..., object], results: _Results, expected: Mapping[str, Json]) -> None:
    """The task z is given its direct parents' results, merged as the compatibility page says."""
    queue = QueueInMemory(described(build))
    for name, data in results.items():
        queue.succeed(name, *data)
    assert queue.inputs("z") == expected
