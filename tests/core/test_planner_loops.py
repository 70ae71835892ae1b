"""Loops: iterations follow each other until the last tasks of one say that it is enough."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from tests.core.queue_in_memory import QueueInMemory, described

from perqueue.core.errors import BrokenInvariantError, LimitError, RefusedGroupError
from perqueue.core.events import Cancelled
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.planner import plan

GO_ON: dict[str, Any] = {"pq_toggle_key": False}
STOP: dict[str, Any] = {"pq_toggle_key": True}


def message(queue: QueueInMemory, key: int) -> str:
    """What a refused entry says."""
    entry = queue.state.entries[key]
    told = queue.state.tries[key, entry.attempt].outcome
    assert told is not None
    return told.message


def test_iterations_follow_each_other() -> None:
    """Iteration n + 1 gets the results of n's last tasks, what follows the loop those of the last."""
    queue = QueueInMemory(described(lambda a, b, c, d: a >> CyclicalGroup([b, c]) >> d))
    assert queue.states() == "a:g b:w c:w d:w"
    queue.succeed("a", {"x": 0})
    assert queue.inputs("b") == {"x": 0}
    queue.end(2, data={"y": 1})
    queue.end(3, data={"x": 1, **GO_ON})
    assert queue.states() == "a:s b:sg c:sw d:w"
    assert queue.inputs(queue.keys("b")[1]) == {"x": 1, **GO_ON}
    queue.end(queue.keys("b")[1], data={"y": 2})
    queue.end(queue.keys("c")[1], data={"x": 2, **STOP})
    assert queue.states() == "a:s b:ss c:ss d:g"
    assert queue.inputs("d") == {"x": 2, **STOP}
    assert [queue.state.entries[key].iteration for key in queue.keys("c")] == [(0,), (1,)]


def test_a_loop_may_be_first_and_last_and_all_there_is() -> None:
    """A loop needs nothing before it and nothing after it."""
    queue = QueueInMemory(described(lambda a: CyclicalGroup(a)))
    for told in (GO_ON, GO_ON, STOP):
        queue.end(queue.ready()[0], data=told)
    assert queue.states() == "a:sss"
    assert queue.ready() == []


def test_all_of_several_last_tasks_must_say_stop() -> None:
    """One that wants to go on is enough to go on."""
    queue = QueueInMemory(described(lambda a, b, c: CyclicalGroup(a | b) >> c))
    queue.succeed("a", STOP)
    queue.succeed("b", GO_ON)
    assert queue.states() == "a:sg b:sg c:w"
    queue.end(queue.keys("a")[1], data=STOP)
    queue.end(queue.keys("b")[1], data=STOP)
    assert queue.states() == "a:ss b:ss c:g"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            {"x": 1},
            "CyclicalGroup(a, max_tries=2): entry 1 returned no 'pq_toggle_key'; a loop's last tasks return True "
            "under it to end the loop, or False to go on",
        ),
        (None, "CyclicalGroup(a, max_tries=2): entry 1 returned no 'pq_toggle_key'; a loop's"),
        ({"pq_toggle_key": "no"}, "CyclicalGroup(a, max_tries=2): entry 1 returned 'no' as 'pq_toggle_key', not True"),
    ],
)
def test_a_missing_answer_fails_the_last_task(result: Any, expected: str) -> None:
    """The entry fails with its data kept, and the loop goes on when it is resubmitted and answers."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a, max_tries=2) >> b))
    queue.succeed("a", result)
    assert queue.states() == "a:f b:w"
    assert message(queue, 1).startswith(expected)
    assert queue.entry("a").reason == "toggle"
    assert queue.state.data(1) == result
    queue.play("a^")
    queue.succeed("a", STOP)
    assert queue.states() == "a:s b:g"


def test_no_tries_left_fails_the_last_task() -> None:
    """max_tries counts iterations in total; resubmitted with other arguments, the last task can still end it."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a, max_tries=2) >> b))
    queue.end(1, data=GO_ON)
    queue.end(3, data={"x": 1, **GO_ON})
    assert queue.states() == "a:sf b:w"
    assert message(queue, 3) == (
        "CyclicalGroup(a, max_tries=2): its 2 tries are used up, and entry 3 returned False as 'pq_toggle_key'"
    )
    queue.resubmit(3)
    queue.end(3, data=STOP)
    assert queue.states() == "a:ss b:g"


def test_a_parent_may_set_the_limit() -> None:
    """What a parent returns as pq_max_tries goes over max_tries."""
    queue = QueueInMemory(described(lambda a, b: a >> CyclicalGroup(b, max_tries=9)))
    queue.succeed("a", {"pq_max_tries": 1})
    queue.succeed("b", GO_ON)
    assert queue.states() == "a:s b:f"
    assert "its only try is used up" in message(queue, 2)


@pytest.mark.parametrize("tries", [0, -1, "many", 1.5, True])
def test_a_limit_that_is_none_fails_the_parent(tries: Any) -> None:
    """A limit must be a whole number from 1, from a parent or in the script."""
    queue = QueueInMemory(described(lambda a, b: a >> CyclicalGroup(b)))
    queue.succeed("a", {"pq_max_tries": tries})
    assert queue.states() == "a:f b:w"
    assert message(queue, 1).endswith(f"entry 1 returned {tries!r} as 'pq_max_tries', not a whole number from 1")
    with pytest.raises(LimitError):
        described(lambda a: CyclicalGroup(a, max_tries=tries))


def test_loops_in_loops_count_outer_first() -> None:
    """The inner loop starts anew in each iteration of the outer one."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup([CyclicalGroup(a), b])))
    for told in (GO_ON, STOP, GO_ON, STOP, STOP):
        queue.end(queue.ready()[0], data=told)
    iterations = [queue.state.entries[key].iteration for key in queue.keys("a")]
    assert iterations == [(0, 0), (0, 1), (1, 0)]
    assert [queue.state.entries[key].iteration for key in queue.keys("b")] == [(0,), (1,)]


def test_each_copy_has_its_own_loop() -> None:
    """Copies of a width group iterate independently of each other."""
    queue = QueueInMemory(described(lambda a, b: StaticWidthGroup(CyclicalGroup(a), 2) >> b))
    first, second = queue.keys("a")
    queue.end(first, data=GO_ON)
    queue.end(second, data=STOP)
    assert queue.states() == "a:ssg b:w"
    again = queue.state.entries[queue.keys("a")[2]]
    assert (again.index, again.iteration) == ((0,), (1,))


def test_a_wide_last_group_answers_with_every_copy() -> None:
    """Every copy of a group that ends the body must say stop."""
    queue = QueueInMemory(described(lambda a, b: a >> CyclicalGroup(DynamicWidthGroup(b))))
    queue.succeed("a", {"pq_dwg_width": 2})
    queue.succeed("b", {**STOP, "pq_dwg_width": 2}, {**GO_ON, "pq_dwg_width": 2})
    assert queue.states() == "a:s b:ssgg"


def test_a_discard_in_an_iteration_axes_what_follows_the_loop() -> None:
    """No further iteration starts; the discarded entry can be resubmitted."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a) >> b))
    queue.end(1, data=GO_ON)
    queue.play("a[1]-")
    assert queue.states() == "a:sd b:x"
    queue.resubmit(3)
    queue.end(3, data=STOP)
    assert queue.states() == "a:ss b:g"


def test_an_earlier_iteration_runs_again_with_all_that_follow() -> None:
    """Later iterations wait and run again, with their entries, as long as the loop still goes on."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a) >> b))
    for told in (GO_ON, GO_ON, STOP):
        queue.end(queue.ready()[0], data=told)
    queue.succeed("b", None)
    keys = queue.keys("a")
    queue.resubmit(keys[0])
    assert queue.states() == "a:gww b:w"
    queue.end(keys[0], data={**GO_ON, "x": 2})
    assert queue.states() == "a:sgw b:w"
    assert queue.inputs(keys[1])["x"] == 2
    assert queue.keys("a") == keys


def test_an_earlier_stop_drops_the_later_iterations() -> None:
    """When the iteration that ran again ends the loop, those after it are gone, and what follows runs once."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a) >> b))
    for told in (GO_ON, GO_ON, STOP):
        queue.end(queue.ready()[0], data=told)
    queue.succeed("b", None)
    queue.resubmit(queue.keys("a")[0])
    queue.end(queue.keys("a")[0], data={**STOP, "x": 5})
    assert queue.states() == "a:s b:g"
    assert queue.inputs("b") == {**STOP, "x": 5}


def test_a_discard_in_an_earlier_iteration_axes_the_later_ones() -> None:
    """Iterations that wait for a discarded one are axed with what follows, and revived with it."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a) >> b))
    queue.end(1, data=GO_ON)
    queue.end(3, data=STOP)
    queue.resubmit(1)
    queue.play("a[0]-")
    assert queue.states() == "a:dx b:x"
    queue.resubmit(1)
    assert queue.states() == "a:gw b:w"
    queue.end(1, data=GO_ON)
    queue.end(3, data=STOP)
    assert queue.states() == "a:ss b:g"


def test_removing_an_iteration_removes_the_later_ones_and_what_follows() -> None:
    """Whatever depends on a removed entry goes with it; what came before stays."""
    queue = QueueInMemory(described(lambda a, b: CyclicalGroup(a) >> b))
    for told in (GO_ON, GO_ON, STOP):
        queue.end(queue.ready()[0], data=told)
    queue.remove(queue.keys("a")[1])
    assert queue.states() == "a:s"


def test_a_body_in_which_nothing_runs_passes_on_what_it_was_given() -> None:
    """The toggle of the parents decides then: it ends the loop, or else nothing ever would, and they fail at once."""
    queue = QueueInMemory(described(lambda a, b, c: a >> CyclicalGroup(SwitchGroup({"x": b})) >> c))
    queue.succeed("a", {"pq_switch_key": "pq_skip_route", **STOP})
    assert queue.states() == "a:s c:g"
    queue.play("a^")
    queue.succeed("a", {"pq_switch_key": "pq_skip_route", **GO_ON})
    assert queue.states() == "a:f c:w"
    assert message(queue, 1).endswith(
        "nothing ran in iteration 0, and entry 1 returned False as 'pq_toggle_key': it would go round for ever"
    )


def test_an_empty_body_without_parents_is_refused() -> None:
    """Nothing could ever end such a loop."""
    with pytest.raises(RefusedGroupError, match="nothing before it returned no 'pq_toggle_key'"):
        QueueInMemory(described(lambda a: CyclicalGroup(StaticWidthGroup(a, 0))))


def test_a_missing_attempt_is_damage() -> None:
    """Where the result that must be refused is missing, the damage is reported as such."""
    queue = QueueInMemory(described(lambda a, b: StaticWidthGroup(a, 2, tolerate=1) >> DynamicWidthGroup(b)))
    queue.play("a[0]+")
    queue.state.tries[1, 1] = evolve(queue.state.tries[1, 1], outcome=None)
    with pytest.raises(BrokenInvariantError, match="attempt 1 of entry 1 is missing"):
        plan(queue.state, [Cancelled(2.0, (2,))])
