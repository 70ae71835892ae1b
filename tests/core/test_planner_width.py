"""Dynamic width groups: built when their parents say how wide, rebuilt when they say something else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.queue_in_memory import QueueInMemory, described

from perqueue.core.errors import RefusedGroupError, UndecidedGroupError
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup
from perqueue.core.planner.decide import MOST_COPIES
from perqueue.core.states import EntryState
from perqueue.core.tasklike import Workflow

WIDTH = "pq_dwg_width"


def wide(width: Any, **data: Any) -> dict[str, Any]:
    """A result that makes the next group so wide."""
    return {WIDTH: width, **data}


def test_it_is_built_when_its_parent_is_done() -> None:
    """Nothing of the group exists before; then as many copies as asked for, and what follows waits for all."""
    queue = QueueInMemory(described(lambda a, b, c: a >> DynamicWidthGroup(b) >> c))
    assert queue.states() == "a:g c:w"
    queue.succeed("a", wide(3, x=1))
    assert queue.states() == "a:s c:w b:ggg"
    assert [queue.state.entries[key].index for key in queue.keys("b")] == [(0,), (1,), (2,)]
    assert queue.inputs(queue.keys("b")[2]) == wide(3, x=1)
    queue.succeed("b", {"y": 1}, {"y": 1}, {"y": 2})
    assert queue.states() == "a:s c:g b:sss"
    assert queue.inputs("c") == {"y": {"$dict": [[3, 1], [4, 1], [5, 2]]}} or queue.inputs("c")["y"]


def test_width_zero_is_an_empty_group() -> None:
    """What follows starts at once, with what the parents returned."""
    queue = QueueInMemory(described(lambda a, b, c: a >> DynamicWidthGroup(b) >> c))
    queue.succeed("a", wide(0, x=1))
    assert queue.states() == "a:s c:g"
    assert queue.inputs("c") == wide(0, x=1)


def test_it_may_be_the_last_thing() -> None:
    """A submission may end with a group, of any width."""
    queue = QueueInMemory(described(lambda a, b: a >> DynamicWidthGroup(b)))
    queue.succeed("a", wide(2))
    queue.succeed("b", None)
    assert queue.all_succeeded()


def test_parents_that_agree_may_be_many_and_silent() -> None:
    """Of several parents those that say a width must agree; the others needn't say anything."""
    queue = QueueInMemory(described(lambda a, b, c, d: (a | b | c) >> DynamicWidthGroup(d)))
    queue.succeed("a", wide(2))
    queue.succeed("b", None)
    queue.succeed("c", wide(2))
    assert queue.states() == "a:s b:s c:s d:gg"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"x": 1}, "DynamicWidthGroup(b): entry 1 returned no 'pq_dwg_width'; return a whole number from 0 under it"),
        (None, "DynamicWidthGroup(b): entry 1 returned no 'pq_dwg_width'; return a whole number from 0 under it"),
        (wide(-1), "DynamicWidthGroup(b): entry 1 returned -1 as 'pq_dwg_width', not a whole number from 0"),
        (wide(1.5), "DynamicWidthGroup(b): entry 1 returned 1.5 as 'pq_dwg_width', not a whole number from 0"),
        (wide("3"), "DynamicWidthGroup(b): entry 1 returned '3' as 'pq_dwg_width', not a whole number from 0"),
        (wide(True), "DynamicWidthGroup(b): entry 1 returned True as 'pq_dwg_width', not a whole number from 0"),
        (
            wide(MOST_COPIES + 1),
            "DynamicWidthGroup(b): entry 1 returned 1000001 as 'pq_dwg_width'; a group has at most 1,000,000 copies",
        ),
    ],
    ids=["silent", "nothing", "negative", "float", "text", "bool", "huge"],
)
def test_a_width_that_is_none_fails_the_parent(result: Any, message: str) -> None:
    """The entry that decides the group fails, says why and keeps its data; its other children never started."""
    queue = QueueInMemory(described(lambda a, b, c: a >> (DynamicWidthGroup(b) | c)))
    queue.succeed("a", result)
    assert queue.states() == "a:f c:w"
    outcome = queue.state.tries[1, 1].outcome
    assert outcome is not None
    assert outcome.message == message
    assert outcome.reason == queue.entry("a").reason == "width"
    assert queue.state.data(1) == result
    queue.resubmit(1)
    queue.succeed("a", wide(2))
    assert queue.states() == "a:s c:g b:gg"


def test_parents_that_disagree_fail_the_last_of_them() -> None:
    """The one that ended last fails; resubmitted, it may agree."""
    queue = QueueInMemory(described(lambda a, b, c, d: (a | b) >> DynamicWidthGroup(c) >> d))
    queue.succeed("b", wide(3))
    queue.succeed("a", wide(2))
    assert queue.states() == "a:f b:s d:w"
    outcome = queue.state.tries[1, 1].outcome
    assert outcome is not None
    assert outcome.message == (
        "DynamicWidthGroup(c): its parents don't agree on 'pq_dwg_width': entry 1 returned 2, entry 2 returned 3"
    )
    queue.play("a^")
    queue.succeed("a", wide(3))
    assert queue.states() == "a:s b:s d:w c:ggg"


def test_two_groups_may_refuse_one_result() -> None:
    """What both need is in the message, and both go on when it is mended."""
    queue = QueueInMemory(described(lambda a, b, c: a >> (DynamicWidthGroup(b) | DynamicWidthGroup(c))))
    queue.succeed("a", {})
    outcome = queue.state.tries[1, 1].outcome
    assert outcome is not None
    assert [line.split(":")[0] for line in outcome.message.splitlines()] == [
        "DynamicWidthGroup(b)",
        "DynamicWidthGroup(c)",
    ]
    queue.play("a^")
    queue.succeed("a", wide(1))
    assert queue.states() == "a:s b:g c:g"


@pytest.mark.parametrize(
    ("width", "expected"), [(2, "a:s c:w b:gg"), (1, "a:s c:w b:g"), (4, "a:s c:w b:gggg"), (0, "a:s c:g")]
)
def test_a_changed_width_rebuilds_it(width: int, expected: str) -> None:
    """Resubmitting the parent resets the group; copies that stay keep their entries, the others come or go."""
    queue = QueueInMemory(described(lambda a, b, c: a >> DynamicWidthGroup(b) >> c))
    queue.succeed("a", wide(2))
    kept = queue.keys("b")
    queue.succeed("b", {"y": 1})
    queue.succeed("c", None)
    queue.play("a^")
    assert queue.states() == "a:g c:w b:ww"
    queue.succeed("a", wide(width))
    assert queue.states() == expected
    if width:
        assert queue.keys("b")[:2] == kept[:width]
        queue.succeed("b", {"y": 2})
    queue.succeed("c", None)
    assert queue.all_succeeded()


def test_a_discard_upstream_axes_it_and_what_follows() -> None:
    """A group that was never built is axed, and revived with its parent."""
    queue = QueueInMemory(described(lambda a, b, c: a >> DynamicWidthGroup(b) >> c)).play("a-")
    assert queue.states() == "a:d c:x"
    queue.play("a^")
    queue.succeed("a", wide(1))
    assert queue.states() == "a:s c:w b:g"


def test_a_dynamic_group_inside_each_copy() -> None:
    """Each copy decides its own inner group; indices have the inner group first."""
    queue = QueueInMemory(described(lambda a, b, c, d: a >> DynamicWidthGroup([b, DynamicWidthGroup(c)]) >> d))
    queue.succeed("a", wide(2))
    queue.succeed("b", wide(1), wide(2))
    assert [queue.state.entries[key].index for key in queue.keys("c")] == [(0, 0), (0, 1), (1, 1)]
    queue.succeed("c", {})
    assert queue.entry("d").state is EntryState.goahead


def test_groups_directly_inside_groups_share_the_width() -> None:
    """What stands first in a group is decided by the same parents."""
    queue = QueueInMemory(described(lambda a, b, c: a >> DynamicWidthGroup(DynamicWidthGroup(b)) >> c))
    queue.succeed("a", wide(2))
    assert queue.states() == "a:s c:w b:gggg"


def test_the_width_need_not_pass_through_ports() -> None:
    """Ports say which data pass; the width is no datum, unless a port gives it."""
    queue = QueueInMemory(
        described(lambda a, b, c: Workflow({(d := DynamicWidthGroup(b)): {a: {"x": "y"}}, c: {d: {"z": "z"}}}))
    )
    queue.succeed("a", wide(2, x=1))
    assert queue.inputs(queue.keys("b")[0]) == {"y": 1}
    other = QueueInMemory(described(lambda a, b: Workflow({DynamicWidthGroup(b): {a: {"n": WIDTH}}})))
    other.succeed("a", {"n": 2, WIDTH: 5})
    assert other.states() == "a:s b:gg"


@pytest.mark.parametrize(
    "build",
    [
        lambda a: DynamicWidthGroup(a),
        lambda a: StaticWidthGroup(DynamicWidthGroup(a), 2),
        lambda a, b: DynamicWidthGroup(a) | b,
        lambda a: CyclicalGroup([DynamicWidthGroup(a)]),
    ],
)
def test_first_of_all_it_has_nobody_to_ask(build: Any) -> None:
    """A group before which nothing runs is refused when it is submitted."""
    with pytest.raises(UndecidedGroupError, match=r"DynamicWidthGroup\(a\) stands where nothing comes before it"):
        QueueInMemory(described(build))


def test_behind_an_empty_group_it_has_nobody_to_ask() -> None:
    """The same where only an empty group comes before it."""
    with pytest.raises(RefusedGroupError, match="nothing before it returned no 'pq_dwg_width'"):
        QueueInMemory(described(lambda a, b: StaticWidthGroup(a, 0) >> DynamicWidthGroup(b)))


def test_first_in_a_loop_it_asks_the_last_iteration() -> None:
    """As in active learning: the loop's first group is decided by the loop's parents, then by its own last tasks."""
    queue = QueueInMemory(
        described(lambda train, sim, retrain: train >> CyclicalGroup([DynamicWidthGroup(sim), retrain], max_tries=5))
    )
    queue.succeed("train", wide(2))
    queue.succeed("sim", {})
    queue.succeed("retrain", wide(3, pq_toggle_key=False))
    assert [queue.state.entries[key].iteration for key in queue.keys("sim")] == [(0,)] * 2 + [(1,)] * 3


def test_a_late_report_of_a_dropped_copy_changes_nothing() -> None:
    """An attempt of a copy that the rebuilt group no longer has is stopped, and its report is stale."""
    queue = QueueInMemory(described(lambda a, b: a >> DynamicWidthGroup(b)))
    queue.succeed("a", wide(2))
    (_, second) = queue.keys("b")
    queue.admit(second)
    queue.play("a^")
    assert [stop.key for stop in queue.state.stops()] == [second]
    queue.succeed("a", wide(1))
    assert not queue.end(second, attempt=1).heard
