"""What holds for every campaign and scenario that is simulated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.queue_in_memory import QueueInMemory, task
from tests.core.workflows import campaigns

from perqueue.codec import no_blobs
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.errors import DescriptionError, RefusedGroupError
from perqueue.core.records import Context
from perqueue.core.tasklike import TaskLike
from perqueue.dryrun.playing.machines import Machines
from perqueue.dryrun.playing.outcomes import Foretold
from perqueue.dryrun.playing.simulation import Simulation
from perqueue.dryrun.playing.submissions import as_data, from_data, submission
from perqueue.dryrun.reports.data import as_json
from perqueue.dryrun.reports.report import Report, report
from perqueue.dryrun.reports.text import lines
from perqueue.dryrun.scenarios.reading import scenario_from

_RATES = st.sampled_from([0, 0, 0.2, 1])
SCENARIOS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 3),
        "durations": st.sampled_from(
            [{"default": {"uniform": [0.1, 1.2]}}, {"a": "7s", "*": {"exponential": "20s"}}, {"b": "0s", "c": 0.0}]
        ),
        "widths": st.sampled_from([{"default": [2, 0, 1]}, {"*": {"uniform": [0, 3]}}]),
        "iterations": st.sampled_from([{"default": [2, 1, 3]}, {"default": "never"}]),
        "branches": st.sampled_from([{"default": [1, "a", "none", "pq_skip_route"]}]),
        "failures": st.builds(lambda rate: {"*": {"rate": rate, "nth": [2]}}, _RATES),
        "discards": st.builds(lambda rate: {"[a-d]": rate}, _RATES),
        "partitions": st.sampled_from([{"local": {"cores": 1}}, {"local": {"cores": 3}}]),
    },
)


def simulated(work: TaskLike, tables: dict[str, Any]) -> tuple[Simulation, Report]:
    """The simulation of a campaign, come to its end."""
    scenario = scenario_from(tables)
    foretold = Foretold(scenario)
    simulation = Simulation(Machines(Config(cores=100), scenario), foretold)
    simulation.submit(submission(compile_graph(task("first") >> work), Context("", "", ()), no_blobs))
    simulation.run()
    return simulation, report(simulation, foretold)


def or_refused(work: TaskLike, tables: dict[str, Any]) -> tuple[Simulation, Report] | None:
    """As above; None where the description itself is refused."""
    try:
        return simulated(work, tables)
    except (DescriptionError, RefusedGroupError):
        return None


@given(campaigns(), SCENARIOS)
@settings(max_examples=150, deadline=None)
def test_every_simulation_ends_and_adds_up(work: TaskLike, tables: dict[str, Any]) -> None:
    """It ends with nothing under way; the makespan is no shorter than the critical path, nor that than any attempt."""
    found = or_refused(work, tables)
    if found is None:
        return
    simulation, told = found
    state = simulation.state
    assert not state.busy() or simulation.impossible
    queue = QueueInMemory()
    queue.state = state
    assert queue.broken() == []
    longest = max((run.ended - run.started for run in told.runs), default=0.0)
    assert told.makespan >= told.critical - 1e-6
    assert told.critical >= longest - 1e-6
    assert math.isclose(told.critical, sum(step.seconds for step in told.path), abs_tol=1e-6)
    hours = sum((run.ended - run.started) * run.cores for run in told.runs) / 3600
    assert math.isclose(told.core_hours, hours, abs_tol=1e-9)
    assert told.total == sum(sum(counts.values()) for counts in told.states.values())
    assert told.running_at_once <= simulation_cores(tables)


def simulation_cores(tables: dict[str, Any]) -> int:
    """The cores of the only place where tasks of these campaigns run."""
    cores: int = tables.get("partitions", {}).get("local", {}).get("cores", 100)
    return cores


@given(campaigns(), SCENARIOS)
@settings(max_examples=60, deadline=None)
def test_the_same_seed_gives_the_same(work: TaskLike, tables: dict[str, Any]) -> None:
    """Simulated twice, and after the submission went through a file, everything about it is equal."""
    first, second = or_refused(work, tables), or_refused(work, tables)
    if first is None or second is None:
        assert first is second
        return
    assert as_json(first[1]) == as_json(second[1])
    assert list(lines(first[1])) == list(lines(second[1]))
    made = submission(compile_graph(task("first") >> work), Context("python", "/here", (("A", "b"),)), no_blobs)
    again = from_data(as_data(made))
    assert (again.graph.nodes, again.graph.scopes) == (made.graph.nodes, made.graph.scopes)
    assert (again.tasks, again.context) == (made.tasks, made.context)


@given(campaigns(), SCENARIOS)
@settings(max_examples=60, deadline=None)
def test_without_limits_the_critical_path_is_all(work: TaskLike, tables: dict[str, Any]) -> None:
    """Where nothing ever waits for a core, the campaign takes exactly as long as its longest chain."""
    found = or_refused(work, {**tables, "partitions": {}})
    if found is not None:
        assert math.isclose(found[1].makespan, found[1].critical, abs_tol=1e-6)


@pytest.mark.parametrize("more", [1, 2, 5])
@given(work=campaigns())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_written(
    more: int, work: TaskLike, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder there is nothing afterwards."""
    folder: Path = tmp_path_factory.mktemp("empty")
    with monkeypatch.context() as here:
        here.chdir(folder)
        or_refused(work, {"widths": {"default": more}})
    assert list(folder.iterdir()) == []


@given(campaigns(8), st.sampled_from([{}, {"widths": {"*": 2}, "iterations": {"*": 2}}, {"widths": {"*": 0}}]))
@settings(max_examples=200, deadline=None)
def test_groups_get_what_they_need(work: TaskLike, tables: dict[str, Any]) -> None:
    """Where nothing goes wrong and loops have tries enough, every group can go on with what is simulated."""
    simulation, told = simulated(work, tables)
    tries = [one for one in told.stuck if "tries" in one.why or "only try" in one.why or "round for ever" in one.why]
    assert [one for one in told.stuck if one not in tries] == []
    assert tries or all(str(entry.state) == "succeeded" for entry in simulation.state.entries.values())
