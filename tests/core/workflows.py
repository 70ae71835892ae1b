"""Hypothesis strategies for descriptions of work."""

from __future__ import annotations

from hypothesis import strategies as st
from tests.core.queue_in_memory import task

from perqueue.core.tasklike import StaticWidthGroup, TaskLike, Workflow

_LEAVES = st.builds(task, st.sampled_from("abcdefgh"))


def _bigger(smaller: st.SearchStrategy[TaskLike]) -> st.SearchStrategy[TaskLike]:
    return st.one_of(
        st.builds(lambda a, b: a >> b, smaller, smaller),
        st.builds(lambda a, b: a | b, smaller, smaller),
        st.builds(lambda a, b, c: (a | b) >> c, smaller, smaller, smaller),
        st.builds(StaticWidthGroup, smaller, st.integers(0, 3)),
        st.builds(_diamond, smaller, smaller, smaller, smaller),
    )


def _diamond(a: TaskLike, b: TaskLike, c: TaskLike, d: TaskLike) -> TaskLike:
    """Two that share their two parents, one of them through ports: c reads a join's parents, d both by name."""
    return Workflow({c: [a, b], d: {a: {"x": "y"}, b: None}, task("z"): [a, b]})


def workflows(leaves: int = 6) -> st.SearchStrategy[TaskLike]:
    """Nested workflows of about this many tasks, in every composition."""
    return st.recursive(_LEAVES, _bigger, max_leaves=leaves)
