"""What a dry run came to, as values: how long, how much, how many, and what never came to an end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from perqueue.core.records import Entry
from perqueue.core.states import EntryState

from ..playing.outcomes import Foretold
from ..playing.simulation import Run, Simulation
from .remarks import remarks
from .stuck import Stuck, stuck


@frozen
class Step:
    """An entry of the critical path: how many seconds its attempts took together."""

    key: int
    name: str
    index: tuple[int, ...]
    iteration: tuple[int, ...]
    seconds: float


@frozen
class Usage:
    """What the attempts of one task took of one partition."""

    task: str
    partition: str
    attempts: int
    core_hours: float
    gpu_hours: float


@frozen
class Phase:
    """When the attempts of one task ran: from the first start to the last end, and how many most at once."""

    task: str
    begins: float
    ends: float
    attempts: int
    at_once: int


@frozen
class Jobs:
    """What schedulers were given.

    Args:
        jobs: How many jobs, elements of arrays included.
        submissions: How many commands submitted them.
        arrays: How many of these were arrays.
        at_once: Most that were in their queues at the same time.
    """

    jobs: int
    submissions: int
    arrays: int
    at_once: int


@frozen
class Report:
    """What a dry run came to. Times are in seconds from the first submission.

    Args:
        states: Entries by name of their task and by state.
        makespan: When the last attempt ended.
        critical: Length of the longest chain of what depends on what, without any waiting for nodes.
        path: The entries of that chain, from first to last.
        phases: When which task ran, in the order of beginning.
        usage: By task and partition.
        jobs: What schedulers were given.
        running_at_once: Most attempts that ran at the same time.
        stuck: What waits though nothing is under way, and why.
        assumed: What the scenario doesn't say, and what was taken instead.
        remarks: What else should be known of the scenario and the configuration.
        runs: Every attempt, in the order in which they ended.
        names: The name of each entry's task, by key.
        entries: The entries as they are in the end, by key.
    """

    states: Mapping[str, Mapping[EntryState, int]]
    makespan: float
    critical: float
    path: tuple[Step, ...]
    phases: tuple[Phase, ...]
    usage: tuple[Usage, ...]
    jobs: Jobs
    running_at_once: int
    stuck: tuple[Stuck, ...]
    assumed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    runs: tuple[Run, ...] = field(default=(), repr=False)
    names: Mapping[int, str] = field(factory=dict, repr=False)
    entries: Mapping[int, Entry] = field(factory=dict, repr=False)

    @property
    def total(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    @property
    def core_hours(self) -> float:
        """Core-hours of all attempts."""
        return sum(used.core_hours for used in self.usage)

    @property
    def gpu_hours(self) -> float:
        """GPU-hours of all attempts."""
        return sum(used.gpu_hours for used in self.usage)


def report(simulation: Simulation, foretold: Foretold | None = None) -> Report:
    """What a simulation that has come to its end came to."""
    state, runs = simulation.state, simulation.runs
    tasks = {number: task.name for number, task in state.tasks.items()}
    names = {key: tasks[entry.task] for key, entry in sorted(state.entries.items())}
    states: dict[str, dict[EntryState, int]] = {}
    for key, name in names.items():
        counts = states.setdefault(name, {})
        now = state.entries[key].state
        counts[now] = counts.get(now, 0) + 1
    seconds, path = simulation.chains.longest()
    sizes = [len(batch.attempts) for batch in simulation.batches]
    return Report(
        states,
        max((run.ended for run in runs), default=0.0),
        seconds,
        _steps(simulation, path, names),
        _phases(runs, names),
        _usage(runs, names),
        Jobs(sum(sizes), len(sizes), sum(size > 1 for size in sizes), simulation.jobs_at_most),
        at_once(runs),
        tuple(stuck(state, simulation.impossible, names)),
        () if foretold is None else tuple(foretold.assumed),
        () if foretold is None else tuple(remarks(simulation, foretold)),
        tuple(runs),
        names,
        state.entries,
    )


def at_once(runs: Sequence[Run]) -> int:
    """Most of these that ran at the same moment; what ends makes room for what starts then."""
    moments = sorted([(run.started, 1) for run in runs] + [(run.ended, -1) for run in runs])
    # What takes no time at all ran, too.
    most, now = min(1, len(runs)), 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most


def _steps(simulation: Simulation, path: list[int], names: Mapping[int, str]) -> tuple[Step, ...]:
    entries = simulation.state.entries
    wanted = set(path)
    took = dict.fromkeys(path, 0.0)
    for run in simulation.runs:
        if run.key in wanted:
            took[run.key] += run.ended - run.started
    return tuple(
        Step(key, names[key], entries[key].index, entries[key].iteration, took[key]) for key in path if key in entries
    )


def _phases(runs: Sequence[Run], names: Mapping[int, str]) -> tuple[Phase, ...]:
    by_name: dict[str, list[Run]] = {}
    for run in runs:
        by_name.setdefault(names.get(run.key, "?"), []).append(run)
    found = [
        Phase(name, min(r.started for r in mine), max(r.ended for r in mine), len(mine), at_once(mine))
        for name, mine in by_name.items()
    ]
    return tuple(sorted(found, key=lambda phase: (phase.begins, phase.ends)))


def _usage(runs: Sequence[Run], names: Mapping[int, str]) -> tuple[Usage, ...]:
    found: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        totals = found.setdefault((names.get(run.key, "?"), run.place.size.name), [0, 0.0, 0.0])
        hours = (run.ended - run.started) / 3600
        totals[0] += 1
        totals[1] += hours * run.cores
        totals[2] += hours * run.gpus
    return tuple(
        Usage(task, partition, int(count), cores, gpus)
        for (task, partition), (count, cores, gpus) in sorted(found.items())
    )
