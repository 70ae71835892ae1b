"""Switches: one branch runs, the one that the parents name."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.queue_in_memory import QueueInMemory, described

from perqueue.core.errors import UndecidedGroupError
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup

SKIP = "pq_skip_route"


def key(value: Any, **data: Any) -> dict[str, Any]:
    """A result that chooses a branch."""
    return {"pq_switch_key": value, **data}


def switch() -> QueueInMemory:
    """a, then one of b and c or an empty branch, then d."""
    return QueueInMemory(described(lambda a, b, c, e, d: a >> SwitchGroup({"b": b, 2: [c, e], "none": []}) >> d))


def test_only_the_named_branch_is_made() -> None:
    """The others never exist; what follows gets what the branch returned."""
    queue = switch()
    assert queue.states() == "a:g d:w"
    queue.succeed("a", key("b", x=1))
    assert queue.states() == "a:s d:w b:g"
    assert queue.inputs("b") == key("b", x=1)
    queue.succeed("b", {"y": 2})
    assert queue.inputs("d") == {"y": 2}


@pytest.mark.parametrize("value", ["none", SKIP])
def test_through_an_empty_or_skipped_branch_data_pass_on(value: str) -> None:
    """What follows starts at once with what the parents returned."""
    queue = switch()
    queue.succeed("a", key(value, x=1))
    assert queue.states() == "a:s d:g"
    assert queue.inputs("d") == key(value, x=1)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({}, "entry 1 returned no 'pq_switch_key'; return one of 'b', 2, 'none' or 'pq_skip_route' under it"),
        (key("z"), "entry 1 returned 'z' as 'pq_switch_key', not one of 'b', 2, 'none' or 'pq_skip_route'"),
        (key("2"), "entry 1 returned '2' as 'pq_switch_key', not one of 'b', 2, 'none' or 'pq_skip_route'"),
        (key([1]), "entry 1 returned [1] as 'pq_switch_key', not one of 'b', 2, 'none' or 'pq_skip_route'"),
        (key(True), "entry 1 returned True as 'pq_switch_key', not one of 'b', 2, 'none' or 'pq_skip_route'"),
    ],
)
def test_a_key_that_is_none_fails_the_parent(result: Any, message: str) -> None:
    """The entry says which keys there are, keeps its data, and can be resubmitted."""
    queue = switch()
    queue.succeed("a", result)
    assert queue.states() == "a:f d:w"
    outcome = queue.state.tries[1, 1].outcome
    assert outcome is not None
    assert outcome.message.endswith(message)
    assert queue.entry("a").reason == "switch"
    queue.play("a^")
    queue.succeed("a", key("b"))
    assert queue.states() == "a:s d:w b:g"


@pytest.mark.parametrize(
    ("value", "expected"), [("b", "a:s d:w b:g"), (2, "a:s d:w c:g e:w"), ("none", "a:s d:g"), (SKIP, "a:s d:g")]
)
def test_a_changed_branch_rebuilds_it(value: Any, expected: str) -> None:
    """Resubmitting the parent resets the branch; another one takes its place, the same one keeps its entries."""
    queue = switch()
    queue.succeed("a", key("b"))
    before = queue.keys("b")
    queue.succeed("b", {})
    queue.succeed("d", {})
    queue.play("a^")
    assert queue.states() == "a:g d:w b:w"
    queue.succeed("a", key(value))
    assert queue.states() == expected
    if value == "b":
        assert queue.keys("b") == before
    queue.drive()
    assert queue.all_succeeded()


def test_a_skipped_switch_may_take_a_branch_later() -> None:
    """What followed a skipped switch waits for the branch that a new result names."""
    queue = switch()
    queue.succeed("a", key(SKIP))
    queue.succeed("d", None)
    queue.play("a^")
    queue.succeed("a", key("b"))
    assert queue.states() == "a:s d:w b:g"


def test_several_parents_must_agree() -> None:
    """Those that name a branch name the same one."""
    queue = QueueInMemory(described(lambda a, b, c: (a | b) >> SwitchGroup({1: c, 2: c})))
    queue.succeed("a", key(1))
    queue.succeed("b", key(2))
    assert queue.states() == "a:s b:f"


def test_first_of_all_it_has_nobody_to_ask() -> None:
    """A switch before which nothing runs is refused when it is submitted."""
    with pytest.raises(UndecidedGroupError, match="nothing can return 'pq_switch_key'"):
        QueueInMemory(described(lambda a: SwitchGroup({"a": a})))


def test_switches_inside_loops_and_copies() -> None:
    """Each iteration and each copy chooses for itself."""
    queue = QueueInMemory(
        described(lambda a, b, c: a >> CyclicalGroup([StaticWidthGroup(a, 1), SwitchGroup({"b": b, "c": c})]))
    )
    queue.end(1, data=key("b"))
    queue.end(queue.ready()[0], data=key("b"))
    queue.succeed("b", {"pq_toggle_key": False})
    queue.end(queue.ready()[0], data=key("c"))
    queue.succeed("c", {"pq_toggle_key": True})
    assert queue.states() == "a:sss b:s c:s"


def test_a_switch_around_other_groups() -> None:
    """A branch may be any group; what stands first in it is decided by the same parents."""
    queue = QueueInMemory(
        described(lambda a, b, c: a >> SwitchGroup({"w": DynamicWidthGroup(b), "l": CyclicalGroup(c)}) >> c)
    )
    queue.succeed("a", key("w", pq_dwg_width=3))
    assert queue.states() == "a:s c:w b:ggg"


def test_a_discarded_parent_axes_what_follows() -> None:
    """No branch is made, and what follows is axed."""
    assert switch().play("a-").states() == "a:d d:x"
