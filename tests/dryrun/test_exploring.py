"""``--explore``: every way that a campaign may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from tests.core.queue_in_memory import described, task
from tests.core.workflows import campaigns

from perqueue import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.codec import no_blobs
from perqueue.core.compile import compile_graph
from perqueue.core.records import Context
from perqueue.core.tasklike import TaskLike
from perqueue.dryrun.exploring import Explored, Problem, bounds, explore
from perqueue.dryrun.playing.submissions import submission


def explored(work: object, *, most: int = 1000, seed: int = 0) -> Explored:
    return explore([submission(compile_graph(work), Context("", "", ()), no_blobs)], most=most, seed=seed)


@pytest.mark.parametrize(
    ("build", "found"),
    [
        (lambda a, b: a >> b, []),
        (lambda a, b: a >> DynamicWidthGroup(b), []),
        (lambda a, b, c: a >> SwitchGroup({"x": b, "y": c}), []),
        (lambda a, b: a >> CyclicalGroup(b, 5), []),
        (lambda a, b: a >> StaticWidthGroup(b, 0), [(Problem.never, "b")]),
        (
            lambda a, b: a >> CyclicalGroup(DynamicWidthGroup(b), 5),
            [
                (
                    Problem.stuck,
                    "a fails: CyclicalGroup(DynamicWidthGroup(b), max_tries=5): nothing ran in iteration N, and what "
                    "comes to it returned False as 'pq_toggle_key': it would go round for ever",
                ),
                (
                    Problem.stuck,
                    "b fails: CyclicalGroup(DynamicWidthGroup(b), max_tries=5): nothing ran in iteration N, and what "
                    "comes to it returned False as 'pq_toggle_key': it would go round for ever",
                ),
            ],
        ),
    ],
)
def test_what_is_found(build: Callable[..., object], found: list[tuple[Problem, str]]) -> None:
    """What can get stuck and what never runs is told, and nothing else."""
    seen = [(one.problem, one.what) for one in explored(described(build)).found]
    assert set(seen) <= set(found)
    assert bool(seen) is bool(found)
    assert {problem for problem, _ in seen} == {problem for problem, _ in found}


@pytest.mark.parametrize(
    ("build", "after"),
    [
        (lambda a, b: a >> b, {"a fails": ("b",)}),
        (lambda a, b, c: a >> (b | c), {"a fails": ("b", "c")}),
        (lambda a, b: a >> DynamicWidthGroup(b), {"a fails": ("DynamicWidthGroup(b)",)}),
        (lambda a, b: StaticWidthGroup(a, 3, tolerate=1) >> b, {}),
        (
            lambda a, b: CyclicalGroup(a, 9) >> b,
            {"a fails": ("b",), "a uses up the tries of its loop": ("b",)},
        ),
    ],
)
def test_what_waits_after_a_failure(build: Callable[..., object], after: dict[str, tuple[str, ...]]) -> None:
    """For each task it is told what waits if its first entry fails, and what if a loop is never told to stop."""
    assert explored(described(build)).after == after


def test_all_ways_are_walked_where_they_are_few() -> None:
    """Three widths, and for each that nothing goes wrong, or that one of two tasks fails or is discarded."""
    found = explored(task("a") >> DynamicWidthGroup(task("b")))
    assert (found.walked, found.total) == (15, 15)
    assert next(bounds(found, 0)) == "walked all 15 ways"


def test_bounded_where_they_are_many() -> None:
    """With more ways than are allowed, as many are walked, which is said; the same ones for the same seed."""
    work = task("a") >> DynamicWidthGroup(task("b"))
    for name in "cdef":
        work = work >> CyclicalGroup(task(name), 9) >> SwitchGroup({1: task(f"{name}1"), 2: []})
    found = explored(work, most=120, seed=3)
    assert (found.walked, found.total) == (120, 3 * 9**4 * 21)
    assert "120 of 413,343 ways" in next(bounds(found, 3))
    assert explored(work, most=120, seed=3) == found


@given(campaigns(5))
@settings(max_examples=15, deadline=None)
def test_nothing_waits_for_no_reason(work: TaskLike) -> None:
    """Whatever the campaign, nothing is ever found to wait for something that nobody knows."""
    found = explored(task("first") >> work, most=60)
    assert [one.what for one in found.found if "nothing that it waits for" in one.what] == []
    assert found.walked <= found.total
