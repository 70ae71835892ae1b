"""What typed functions are given: one value, a tuple where they join several, a list behind a width group."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.core.queue_in_memory import QueueInMemory, task

from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.planner import decide
from perqueue.core.tasklike import Workflow


def typed(build: Callable[..., object]) -> QueueInMemory:
    """What ``build`` makes of typed functions named like its parameters; those that begin with ``s`` are scripts."""
    names = inspect.signature(build).parameters
    return QueueInMemory(build(*[task(name) if name[0] == "s" else evolve(task(name), module="m") for name in names]))


def value(of: Any) -> dict[str, Any]:
    """What a function's value looks like in the queue."""
    return {"pq_value": of}


def test_one_parent_is_read_where_it_is() -> None:
    """Nothing is copied where there is only one result to read."""
    queue = typed(lambda a, b: a >> b)
    queue.succeed("a", value(3))
    assert queue.entry("b").source == 1


def test_first_of_all_a_function_is_given_nothing() -> None:
    """There is no source where nothing comes before."""
    assert typed(lambda a: a).entry("a").source == 0


def test_several_parents_give_a_tuple_in_the_order_of_the_description() -> None:
    """Also where all are equal, where one returned nothing, and where one is a script."""
    queue = typed(lambda a, b, s, d, z: (b | s | a | d) >> z)
    queue.succeed("a", value(1))
    queue.succeed("b", value(1))
    queue.succeed("s", {"x": 2, "pq_dwg_width": 3})
    queue.succeed("d", None)
    assert queue.inputs("z") == value({"$tuple": [1, {"x": 2}, 1, None]})


def test_two_that_join_the_same_read_one_tuple() -> None:
    """A tuple is kept once for all that read it; a script among them gets merged results."""
    queue = typed(lambda a, b, c, d, s: (a | b) >> (c | d | s))
    queue.succeed("a", value(1))
    queue.succeed("b", value(2))
    assert queue.entry("c").source == queue.entry("d").source
    assert queue.inputs("c") == value({"$tuple": [1, 2]})
    assert queue.inputs("s") == value({"$dict": [[1, 1], [2, 2]]})


def test_two_orders_of_the_same_parents_are_two_tuples() -> None:
    """What a function joins comes in its own order, whatever others do with the same parents."""

    def build(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
        one, other = (a | b) >> (c | d), (b | a) >> (e | f)
        return one | other

    queue = typed(build)
    queue.succeed("a", value(1))
    queue.succeed("b", value(2))
    assert queue.inputs("c") == queue.inputs("d") == value({"$tuple": [1, 2]})
    assert queue.inputs("e") == queue.inputs("f") == value({"$tuple": [2, 1]})


def test_a_width_group_gives_a_list() -> None:
    """One value for each copy, in the order of the copies; a tuple for each where a copy has several ends."""
    one = typed(lambda a, c: StaticWidthGroup(a, 3) >> c)
    one.succeed("a", value(1), value(1), {"x": 2})
    assert one.inputs("c") == value([1, 1, {"x": 2}])
    two = typed(lambda a, b, c: StaticWidthGroup(a | b, 2) >> c)
    two.succeed("a", value(1), value(3))
    two.succeed("b", value(2), value(4))
    assert two.inputs("c") == value([{"$tuple": [1, 2]}, {"$tuple": [3, 4]}])


def test_an_empty_group_gives_an_empty_list() -> None:
    """Nothing passes through it for a function, whose type says that a list comes."""
    queue = typed(lambda a, b, c: a >> StaticWidthGroup(b, 0) >> c)
    queue.succeed("a", value(1))
    assert queue.inputs("c") == value([])


def test_a_sequence_feeds_a_dynamic_group_element_by_element() -> None:
    """As many copies as elements, and each gets its own; what follows gets the list of their values."""
    queue = typed(lambda a, b, c: a >> DynamicWidthGroup(b) >> c)
    queue.succeed("a", value([10, {"x": 1}]))
    first, second = queue.keys("b")
    assert queue.inputs(first) == value(10)
    assert queue.inputs(second) == value({"x": 1})
    queue.succeed("b", value(5), value(6))
    assert queue.inputs("c") == value([5, 6])


@pytest.mark.parametrize(("result", "copies"), [([], 0), ({"$tuple": [1, 2, 3]}, 3)])
def test_any_sequence_will_do(result: Any, copies: int) -> None:
    """An empty list makes an empty group; a tuple feeds as a list does."""
    queue = typed(lambda a, b, c: a >> DynamicWidthGroup(b) >> c)
    queue.succeed("a", value(result))
    assert len([key for key in queue.state.entries if queue.name(key) == "b"]) == copies


def test_a_width_goes_over_elements() -> None:
    """Who says how wide gives every copy the same."""
    queue = typed(lambda a, b: a >> DynamicWidthGroup(b))
    queue.succeed("a", {**value([1, 2, 3]), "pq_dwg_width": 2})
    assert [queue.state.entries[key].source for key in queue.keys("b")] == [1, 1]


@pytest.mark.parametrize("result", [value(5), {"x": [1, 2]}, None])
def test_what_is_no_sequence_fails_the_function(result: Any) -> None:
    """Neither a width nor a sequence: the function's entry fails."""
    queue = typed(lambda a, b: a >> DynamicWidthGroup(b))
    queue.succeed("a", result)
    assert queue.states() == "a:f"


def test_a_script_must_say_how_wide() -> None:
    """Element by element goes what typed functions return; a list in a script's data is just data."""
    queue = typed(lambda s, b: s >> DynamicWidthGroup(b))
    queue.succeed("s", value([1, 2]))
    assert queue.states() == "s:f"


def test_scripts_get_elements_too() -> None:
    """A script in the group gets its element under the name that a function's value has."""
    queue = typed(lambda a, s: a >> DynamicWidthGroup(s))
    queue.succeed("a", value([1, 2]))
    assert [queue.inputs(key) for key in queue.keys("s")] == [value(1), value(2)]


def test_lists_of_copies_feed_element_by_element() -> None:
    """A width group of functions is a sequence for the dynamic group behind it."""
    queue = typed(lambda a, b, c: StaticWidthGroup(a, 2) >> DynamicWidthGroup(b) >> c)
    queue.succeed("a", value("x"), {"y": 1})
    assert [queue.inputs(key) for key in queue.keys("b")] == [value("x"), value({"y": 1})]
    assert queue.state.sources[-queue.state.entries[queue.keys("b")[1]].source].keys == (2,)


def test_elements_reach_through_nested_groups() -> None:
    """What stands first in a copy, however deep, gets the copy's element; lists of lists feed twice."""
    queue = typed(lambda a, b, c: a >> DynamicWidthGroup([StaticWidthGroup(b, 2), c]))
    queue.succeed("a", value([1, 2]))
    assert [queue.inputs(key) for key in queue.keys("b")] == [value(1), value(1), value(2), value(2)]
    twice = typed(lambda a, b: a >> DynamicWidthGroup(DynamicWidthGroup(b)))
    twice.succeed("a", value([[1, 2], [3]]))
    assert [twice.inputs(key) for key in twice.keys("b")] == [value(1), value(2), value(3)]
    through = typed(lambda a, b, c: a >> DynamicWidthGroup([StaticWidthGroup(b, 0), c]))
    through.succeed("a", value([1, 2]))
    assert [through.inputs(key) for key in through.keys("c")] == [value([]), value([])]


def test_loops_pass_values_on() -> None:
    """Each iteration gets the value of the one before, what follows that of the last, without the toggle."""
    queue = typed(lambda a, b, c: a >> CyclicalGroup(b) >> c)
    queue.succeed("a", value(0))
    queue.end(2, data={**value(1), "pq_toggle_key": False})
    again = queue.keys("b")[1]
    assert queue.state.entries[again].source == 2
    queue.end(again, data={"x": 1, "pq_toggle_key": True})
    assert queue.entry("c").source == again


def test_a_switch_gives_what_its_branch_gave() -> None:
    """Or what it was given, if it took none."""
    queue = typed(lambda a, b, c: a >> SwitchGroup({"b": b, "n": None}) >> c)
    queue.succeed("a", {**value(7), "pq_switch_key": "b"})
    queue.succeed("b", value(8))
    assert queue.entry("c").source == queue.entry("b").key
    other = typed(lambda a, b, c: a >> SwitchGroup({"b": b, "n": None}) >> c)
    other.succeed("a", {**value(7), "pq_switch_key": "n"})
    assert other.entry("c").source == 1


def test_survivors_only() -> None:
    """A copy that was dropped leaves no gap in the list."""
    queue = typed(lambda a, c: StaticWidthGroup(a, 3, on_discard="drop") >> c)
    queue.end(1, data=value(1))
    queue.play("a[1]-")
    queue.end(3, data=value(3))
    assert queue.inputs("c") == value([1, 3])


def test_ports_give_a_dict() -> None:
    """Through ports a function gets named values, as a dict."""
    queue = typed(lambda a, b, c: Workflow({c: {a: {"x": "y"}, b: {None: "z"}}}))
    queue.succeed("a", {"x": 1})
    queue.succeed("b", value(2))
    assert queue.inputs("c") == value({"$tuple": [{"y": 1}, {"z": 2}]})
    alone = typed(lambda a, c: Workflow({c: {a: {"x": "$y"}}}))
    alone.succeed("a", {"x": 1})
    assert alone.inputs("c") == value({"$dict": [["$y", 1]]})


def test_values_are_made_anew_when_something_runs_again() -> None:
    """A tuple, a list and elements that were kept are not given out after their parents ran again."""
    queue = typed(lambda a, b, c, d: a >> DynamicWidthGroup(b) >> (c | d))
    queue.succeed("a", value([1, 2]))
    queue.succeed("b", value(3), value(4))
    assert queue.inputs("c") == value([3, 4])
    queue.play("a^")
    queue.succeed("a", value([5]))
    assert queue.inputs(queue.keys("b")[0]) == value(5)
    queue.succeed("b", value(6))
    assert queue.inputs("c") == queue.inputs("d") == value([6])


def test_elements_reach_through_loops_and_switches() -> None:
    """The list that a loop's last iteration, a branch or a skipped switch gives feeds as any other."""
    loop = typed(lambda a, b, c: CyclicalGroup(a) >> DynamicWidthGroup(b))
    loop.succeed("a", {**value([1, 2]), "pq_toggle_key": True})
    assert [loop.inputs(key) for key in loop.keys("b")] == [value(1), value(2)]
    skipped = typed(lambda a, b, c: a >> SwitchGroup({"b": b}) >> DynamicWidthGroup(c))
    skipped.succeed("a", {**value([1, 2]), "pq_switch_key": "pq_skip_route"})
    assert [skipped.inputs(key) for key in skipped.keys("c")] == [value(1), value(2)]


@pytest.mark.parametrize(
    "build",
    [
        lambda a, b, c: (a | b) >> DynamicWidthGroup(c),
        lambda a, b, c, d: (a | b) >> (DynamicWidthGroup(c) | DynamicWidthGroup(d)),
    ],
)
def test_a_tuple_of_several_parents_is_no_sequence(build: Any) -> None:
    """Who joins several must be told how wide."""
    queue = typed(build)
    queue.succeed("a", value([1]))
    queue.succeed("b", value([1]))
    assert "c:" not in queue.states()


def test_too_many_elements_are_taken_for_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sequence that is longer than a group may be wide fails the function that returned it."""
    monkeypatch.setattr(decide, "MOST_COPIES", 2)
    queue = typed(lambda a, b: a >> DynamicWidthGroup(b))
    queue.succeed("a", value([1, 2, 3]))
    outcome = queue.state.tries[1, 1].outcome
    assert outcome is not None
    assert outcome.message == "DynamicWidthGroup(b): entry 1 returned 3 elements; a group has at most 2 copies"
