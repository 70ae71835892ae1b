"""Workflows in tests: played to their end by the real planner, with outcomes that the test gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from perqueue.codec import decode_mapping, no_blobs
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.errors import UsageError
from perqueue.core.keys import CONTROL_KEYS, VALUE_KW
from perqueue.core.records import Attempt, Context, Entry
from perqueue.core.states import EntryState
from perqueue.dryrun.playing.given import Given
from perqueue.dryrun.playing.machines import Machines
from perqueue.dryrun.playing.outcomes import Foretold
from perqueue.dryrun.playing.simulation import Simulation
from perqueue.dryrun.playing.submissions import submission
from perqueue.dryrun.reports.report import Report, report
from perqueue.dryrun.scenarios.scenario import Scenario


class UnusedOutcomeError(UsageError):
    """An outcome is given for something that never runs."""

    def __init__(self, unused: set[str], known: set[str]) -> None:
        super().__init__(
            f"outcomes are given for {', '.join(map(repr, sorted(unused)))}, but no such task is in the workflow; "
            f"its tasks are: {', '.join(map(repr, sorted(known)))}"
        )


@frozen
class SimulatedEntry:
    """An entry as it is in the end.

    Args:
        key: Its number, from 1.
        name: The name of its task.
        state: Its state.
        index: Copy numbers, inner group first.
        iteration: Iteration numbers, outer loop first.
        data: What it returned: of a script the dict or None, of a typed function the value.
        error: Why it failed; empty if it didn't.
        attempts: How often it was tried.
        started: When its last attempt started, in seconds; None if it never ran.
        ended: When it ended.
    """

    key: int
    name: str
    state: EntryState
    index: tuple[int, ...] = ()
    iteration: tuple[int, ...] = ()
    data: Any = None
    error: str = ""
    attempts: int = 0
    started: float | None = None
    ended: float | None = None


@frozen
class Simulated:
    """What a workflow came to.

    Args:
        entries: All entries, by key.
        order: The names of the tasks in the order in which they started, each attempt once.
        makespan: When the last attempt ended, in seconds from the submission.
        report: All that ``pq dry-run`` tells.
    """

    entries: tuple[SimulatedEntry, ...]
    order: tuple[str, ...]
    makespan: float
    report: Report = field(repr=False)

    @property
    def states(self) -> dict[str, list[str]]:
        """The states of each task's entries, by its name, in the order of their keys."""
        found: dict[str, list[str]] = {}
        for entry in self.entries:
            found.setdefault(entry.name, []).append(str(entry.state))
        return found

    @property
    def results(self) -> dict[str, list[Any]]:
        """What each task's entries returned, by its name, in the order of their keys; of those that succeeded."""
        found: dict[str, list[Any]] = {}
        for entry in self.entries:
            if entry.state is EntryState.succeeded:
                found.setdefault(entry.name, []).append(entry.data)
        return found

    @property
    def succeeded(self) -> bool:
        """Whether every entry succeeded, and none waits for ever."""
        return not self.report.stuck and all(entry.state is EntryState.succeeded for entry in self.entries)


def simulate(
    workflow: object,
    outcomes: Mapping[str, object] | Scenario | None = None,
    *,
    scenario: Scenario | None = None,
    call: bool = False,
    config: Config | None = None,
) -> Simulated:
    """Play a workflow to its end: the real planner in memory, on a virtual clock. No folder or configuration is needed.

    What isn't given succeeds after all of its walltime with what the groups after it need: width 1, the first branch,
    the end of the loop.

    Args:
        workflow: Anything that ``submit`` takes.
        outcomes: What tasks return, by name or pattern: a value, an exception (class) to fail with, or a function that
            is called with what the task is given, as far as it takes that by name. A script returns ``(bool, dict)``,
            an answer, or only the dict; a typed function a value or an answer. Or a scenario.
        scenario: How long tasks take, and all that is not in ``outcomes``.
        call: Really call typed functions for which no outcome is given.
        config: The partitions, if they are to have limits.

    Raises:
        DescriptionError: The workflow can't be compiled.
        UnusedOutcomeError: No task has one of the names.
    """
    if isinstance(outcomes, Scenario):
        outcomes, scenario = None, outcomes
    foretold = Foretold(Scenario() if scenario is None else scenario)
    given = Given(outcomes or {}, foretold, call=call)
    cluster = Config(cores=1 << 40) if config is None else config
    simulation = Simulation(Machines(cluster, foretold.scenario), given)
    graph = compile_graph(workflow)
    if missing := given.unknown({task.name for task in graph.tasks}):
        raise UnusedOutcomeError(missing, {task.name for task in graph.tasks})
    simulation.submit(submission(graph, Context("", "", ()), no_blobs))
    simulation.run()
    told = report(simulation, foretold)
    started = sorted(told.runs, key=lambda run: run.turn)
    entries = tuple(
        _entry(entry, told.names[key], simulation.state.attempt(key, entry.attempt), simulation)
        for key, entry in sorted(simulation.state.entries.items())
    )
    order = tuple(told.names[run.key] for run in started if run.key in told.names)
    return Simulated(entries, order, told.makespan, told)


def _entry(entry: Entry, name: str, attempt: Attempt | None, simulation: Simulation) -> SimulatedEntry:
    outcome = None if attempt is None else attempt.outcome
    typed = bool(simulation.state.task(entry.task).module)
    return SimulatedEntry(
        entry.key,
        name,
        entry.state,
        entry.index,
        entry.iteration,
        None if outcome is None else _value(outcome.data, typed=typed),
        "" if outcome is None else outcome.message,
        entry.attempt,
        None if attempt is None else attempt.started,
        None if attempt is None else attempt.ended,
    )


def _value(text: str | None, *, typed: bool) -> Any:
    if text is None:
        return None
    found = decode_mapping(text, no_blobs)
    if not typed:
        return found
    if VALUE_KW in found:
        return found[VALUE_KW]
    return {name: value for name, value in found.items() if name not in CONTROL_KEYS}
