"""``perqueue.testing.simulate``: a workflow played to its end inside a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.dryrun import steps

from perqueue import Continue, CyclicalGroup, Discard, DynamicWidthGroup, Retry, StaticWidthGroup, Stop, SwitchGroup
from perqueue import Task as PublicTask
from perqueue.core.errors import DescriptionError
from perqueue.core.resources import Resources
from perqueue.core.task import Task
from perqueue.testing import scenario_from, simulate
from perqueue.testing.simulated import UnusedOutcomeError


def named(name: str, resources: str = "local:10m", **more: Any) -> Task:
    """A task of a script that needs not be there."""
    return Task(f"/scripts/{name}.py", more.pop("args", {}), resources, name=name, **more)


def test_it_succeeds_by_itself() -> None:
    """Without outcomes everything succeeds, groups get what they need, and time is that of the walltimes."""
    a, b, c = named("a"), named("b"), named("c")
    found = simulate(a >> DynamicWidthGroup(b) >> CyclicalGroup(c) >> SwitchGroup({1: [], 2: b}))
    assert found.succeeded
    assert found.states == {name: ["succeeded"] for name in "abc"}
    assert (found.order, found.makespan) == (("a", "b", "c"), 1800.0)


@pytest.mark.parametrize(
    ("outcome", "state", "data", "error"),
    [
        ((True, {"x": 1}), "succeeded", {"x": 1}, ""),
        ({"x": 1}, "succeeded", {"x": 1}, ""),
        (None, "succeeded", None, ""),
        (True, "succeeded", None, ""),
        (False, "discarded", None, ""),
        ((False, {"x": 1}), "discarded", {"x": 1}, ""),
        (Discard({"x": 1}), "discarded", {"x": 1}, ""),
        (ValueError("no"), "failed", None, "no"),
        (ValueError, "failed", None, ""),
        (lambda: 1 / 0, "failed", None, "division by zero"),
        (lambda x: (True, {"y": x + 1}), "succeeded", {"y": 3}, ""),
        (lambda **given: given, "succeeded", {"x": 2}, ""),
        (7, "failed", {"returned": 7}, "7 (int)"),
        ({"x": print}, "failed", {}, "can't be stored"),
    ],
)
def test_outcomes_of_scripts(outcome: object, state: str, data: object, error: str) -> None:
    """A value is what main returns, or only its data; a function is called with the inputs; an exception is raised."""
    (entry,) = simulate(named("a", args={"x": 2}), {"a": outcome}).entries
    assert (str(entry.state), entry.data) == (state, data)
    assert error in entry.error


def test_results_go_on() -> None:
    """What an outcome returns is what the next one is given, merged as in a queue, with perqueue's own arguments."""

    def collect(x: object, pq_index: list[int] | None = None, **rest: object) -> dict[str, object]:
        return {"seen": x, "rest": rest, "index": pq_index}

    a, b, c = named("a"), named("b"), named("c", args={"w": 0})
    outcomes: dict[str, object] = {"a": {"x": 1}, "b": lambda x, pq_index: {"x": 10 * x + pq_index[0]}, "c": collect}
    found = simulate(a >> StaticWidthGroup(b, 2) >> c, outcomes)
    assert found.results["b"] == [{"x": 10}, {"x": 11}]
    assert found.results["c"] == [{"seen": {2: 10, 3: 11}, "rest": {"w": 0}, "index": None}]


def test_keys_decide_groups() -> None:
    """The keys that scripts return decide widths, branches and loops; so do answers."""
    loop = CyclicalGroup(named("train"), 5)
    switch = SwitchGroup({"good": named("publish"), "bad": named("repair")})
    outcomes: dict[str, object] = {
        "start": {"pq_dwg_width": 3},
        "copy": {},
        "train": lambda pq_iteration: Stop({"pq_switch_key": "bad"}) if pq_iteration == [2] else Continue({}),
        "publish": {},
    }
    whole = named("start") >> DynamicWidthGroup(named("copy")) >> loop >> switch
    with pytest.raises(UnusedOutcomeError, match="'copi'"):
        simulate(whole, {**outcomes, "copi": {}})
    found = simulate(whole, outcomes)
    assert {name: len(states) for name, states in found.states.items()} == {
        "start": 1,
        "copy": 3,
        "train": 3,
        "repair": 1,
    }
    assert [entry.iteration for entry in found.entries if entry.name == "train"] == [(0,), (1,), (2,)]


def test_a_key_that_is_missing_is_found() -> None:
    """Where an outcome says nothing of a group, the group refuses it as in a queue, and the test sees why."""
    found = simulate(named("a") >> DynamicWidthGroup(named("b")), {"a": {}})
    assert not found.succeeded
    assert found.states == {"a": ["failed"]}
    assert "returned no 'pq_dwg_width'" in found.entries[0].error
    assert [str(one.cause) for one in found.report.stuck] == ["refused"]


@pytest.mark.parametrize(
    ("workflow", "results"),
    [
        (lambda: steps.number(value=4) >> steps.double(), {"number": [4], "double": [8]}),
        (
            lambda: steps.number(value=3) >> steps.many() >> DynamicWidthGroup(steps.double()) >> steps.total(),
            {"number": [3], "many": [[0, 1, 2]], "double": [0, 2, 4], "total": [6]},
        ),
        (
            lambda: steps.number(value=2) >> steps.wide() >> DynamicWidthGroup(steps.double()) >> steps.total(),
            {"number": [2], "wide": [2], "double": [4, 4], "total": [8]},
        ),
        (lambda: steps.number(value=5) >> CyclicalGroup(steps.halve(), 9), {"number": [5], "halve": [2, 1, 1]}),
        (
            lambda: steps.number(value=9) >> steps.judge() >> SwitchGroup({"big": steps.double(), "small": []}),
            {"number": [9], "judge": [9], "double": [18]},
        ),
    ],
)
def test_functions_may_be_called(workflow: Callable[[], object], results: dict[str, list[object]]) -> None:
    """With ``call=True`` typed functions really compute; without, nothing of them is run."""
    assert simulate(workflow(), call=True).results == results
    assert {type(value) for values in simulate(workflow()).results.values() for value in values} <= {type(None), list}


def test_functions_that_raise() -> None:
    """A function that raises is an entry that fails, with the message and what waits for it."""
    found = simulate(steps.number(value=4) >> steps.breaks() >> steps.double(), call=True)
    assert found.states == {"number": ["succeeded"], "breaks": ["failed"], "double": ["waiting"]}
    assert found.entries[1].error == "4 is too much"


def test_outcomes_of_functions() -> None:
    """An outcome takes the place of a function: a value, an answer, or a function with the same parameters."""
    whole = steps.number(value=4) >> CyclicalGroup(steps.halve(), 9) >> steps.double()
    outcomes: dict[str, object] = {"number": 40, "halve": lambda x: Stop(x + 1) if x > 41 else Continue(x + 1)}
    assert simulate(whole, outcomes, call=True).results == {"number": [40], "halve": [41, 42, 43], "double": [86]}


def test_widths_of_functions_by_scenario() -> None:
    """Without calls, a scenario says how wide a group behind functions is; a list of copies is as long as they."""
    each = DynamicWidthGroup(steps.double()) >> DynamicWidthGroup(steps.double())
    scenario = scenario_from({"widths": {"many": 4}})
    found = simulate(steps.number(value=1) >> steps.many() >> each >> steps.total(), scenario)
    assert found.succeeded
    assert len(found.states["double"]) == 8


def test_retries() -> None:
    """What fails is tried again by its policy, with more time after a timeout, and counts each time."""
    scenario = scenario_from({"durations": {"a": "12m"}, "failures": {"b": {"nth": 1, "reason": "oom", "times": 2}}})
    a = named("a", "1:p:10m", retry=Retry(1, on="walltime", time=1.5))
    b = Task("/scripts/b.py", {}, Resources(1, 600, "p", memory="1G"), name="b", retry=Retry(2, on="oom"))
    found = simulate(a >> b, scenario)
    assert found.states == {"a": ["succeeded"], "b": ["succeeded"]}
    assert [entry.attempts for entry in found.entries] == [2, 3]
    assert found.makespan == 600 + 720 + 3 * 600
    assert [run.reason for run in found.report.runs] == ["walltime", "returned", "oom", "oom", "returned"]
    again = simulate(named("a", "1:p:10m"), scenario_from({"durations": {"a": "12m"}}))
    assert again.states == {"a": ["timeout"]}


def test_a_node_that_fails_is_avoided() -> None:
    """After a node failure the next attempt asks for another node, if there is one; else it takes what there is."""
    tables: dict[str, Any] = {
        "failures": {"a": {"nth": 1, "reason": "node-failure", "times": 1}},
        "partitions": {"p": {"nodes": 1, "cores": 4}},
    }
    work = named("a", "1:p:10m", retry=Retry(1))
    assert simulate(work, scenario_from(tables)).succeeded
    never = Task("/scripts/a.py", {}, Resources(1, 600, "p", avoid=["p-1"]), name="a")
    assert [str(one.cause) for one in simulate(never, scenario_from(tables)).report.stuck] == ["never fits"]
    tables["partitions"]["p"]["nodes"] = 2
    assert simulate(work, scenario_from(tables)).succeeded


def test_a_description_that_can_t_be_compiled() -> None:
    """It is refused as by ``submit``."""
    with pytest.raises(DescriptionError):
        simulate([])


def test_public_tasks_are_taken(tmp_path: Any) -> None:
    """What scripts make is simulated as it is."""
    path = tmp_path / "a.py"
    path.write_text("raise SystemExit\n", encoding="utf-8")
    assert simulate(PublicTask(path, None, "24:xeon24:1h")).makespan == 3600
