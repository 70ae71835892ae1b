"""Hypothesis strategies for descriptions of work, and for what their tasks return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st
from tests.core.queue_in_memory import task

from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.tasklike import TaskLike, Workflow
from perqueue.core.view import Json

_LEAVES = st.builds(task, st.sampled_from("abcdefgh"))
_FUNCTIONS = st.builds(lambda name: evolve(task(name), module="m"), st.sampled_from("stuv"))

POLICIES: Final[st.SearchStrategy[dict[str, Any]]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"on_discard": st.sampled_from(["axe", "drop"]), "tolerate": st.integers(0, 2)}),
)
BRANCHES: Final = ("a", 1, "none")
"""Keys of every switch; the last branch is empty."""

_CONTROLS: Final = st.fixed_dictionaries(
    {},
    optional={
        "pq_dwg_width": st.sampled_from([2, 2, 2, 0, 1, 3, -1, "two"]),
        "pq_toggle_key": st.sampled_from([True, True, False, None]),
        "pq_switch_key": st.sampled_from([*BRANCHES, "pq_skip_route", "a", "a", "unknown"]),
        "pq_max_tries": st.sampled_from([1, 4, 4, 0]),
        "pq_value": st.sampled_from([[1, 2], [], 5, {"$tuple": [1, [2]]}]),
    },
)
_DATA: Final[list[dict[str, Json]]] = [{}, {"x": 1}, {"x": 2, "y": [1]}, {"$dict": [[1, 2], ["x", 3]]}]

GOOD: Final[Mapping[str, Json]] = {"pq_dwg_width": 2, "pq_toggle_key": True, "pq_switch_key": "a"}
"""With which every group can go on."""


def _result(data: dict[str, Json], controls: dict[str, Json]) -> dict[str, Json]:
    pairs = data.get("$dict")
    return {"$dict": [*pairs, *map(list, controls.items())]} if isinstance(pairs, list) else {**data, **controls}


def results() -> st.SearchStrategy[Mapping[str, Json] | None]:
    """What tasks may return: mostly what groups can go on with, sometimes nonsense, sometimes nothing."""
    good = st.builds(lambda data: _result(data, dict(GOOD)), st.sampled_from(_DATA))
    return st.one_of(good, st.builds(_result, st.sampled_from(_DATA), _CONTROLS), st.none())


def _bigger(smaller: st.SearchStrategy[TaskLike]) -> st.SearchStrategy[TaskLike]:
    return st.one_of(
        st.builds(lambda a, b: a >> b, smaller, smaller),
        st.builds(lambda a, b: a | b, smaller, smaller),
        st.builds(lambda a, b, c: (a | b) >> c, smaller, smaller, smaller),
        st.builds(StaticWidthGroup, smaller, st.integers(0, 3)),
        st.builds(_diamond, smaller, smaller, smaller, smaller),
    )


def _grouped(smaller: st.SearchStrategy[TaskLike]) -> st.SearchStrategy[TaskLike]:
    """Groups that their inputs decide, each behind a task that may decide it; and whatever else there is."""
    return st.one_of(
        _bigger(smaller),
        st.builds(lambda a, b, policy: StaticWidthGroup(a >> b, 2, **policy), smaller, smaller, POLICIES),
        st.builds(lambda a, b, policy: a >> DynamicWidthGroup(b, **policy), smaller, smaller, POLICIES),
        st.builds(lambda a, b: a >> DynamicWidthGroup(CyclicalGroup(b, 2)), smaller, smaller),
        st.builds(lambda a, tries: CyclicalGroup(a, tries), smaller, st.integers(1, 3)),
        st.builds(lambda a, b, c: a >> SwitchGroup({"a": b, 1: c, "none": None}), smaller, smaller, smaller),
        st.builds(lambda a, b: CyclicalGroup([a, DynamicWidthGroup(b), SwitchGroup({"a": b})], 2), smaller, smaller),
    )


def _diamond(a: TaskLike, b: TaskLike, c: TaskLike, d: TaskLike) -> TaskLike:
    """Two that share their two parents, one of them through ports: c reads a join's parents, d both by name."""
    return Workflow({c: [a, b], d: {a: {"x": "y"}, b: None}, task("z"): [a, b]})


def workflows(leaves: int = 6) -> st.SearchStrategy[TaskLike]:
    """Nested workflows of about this many tasks and static groups, in every composition."""
    return st.recursive(_LEAVES, _bigger, max_leaves=leaves)


def campaigns(leaves: int = 6, *, functions: bool = True) -> st.SearchStrategy[TaskLike]:
    """As ``workflows``, with groups of every kind nested in each other, and typed functions among the scripts."""
    return st.recursive(st.one_of(_LEAVES, _FUNCTIONS) if functions else _LEAVES, _grouped, max_leaves=leaves)
