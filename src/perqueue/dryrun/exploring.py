"""Every way that a campaign may take, walked over the real planner: what can get stuck, and what never runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from attrs import evolve, field, frozen

from perqueue.config import Config
from perqueue.core.graph import LoopKind, TaskKind
from perqueue.core.keys import VALUE_KW
from perqueue.core.policy import Key
from perqueue.core.records import Standing, Verdict
from perqueue.core.standing import kind_of, opened

from .playing.decisions import Deciders, Group
from .playing.machines import Machines
from .playing.outcomes import Attempted, Ending
from .playing.simulation import Simulation
from .playing.submissions import Submission
from .reports.report import report
from .reports.stuck import Cause, Stuck
from .scenarios.scenario import NEVER, Scenario
from .ways import MANY, MOST_TRIES, Fork, Way, group_fork, shrunk, task_fork, ways

MOST_WAYS: Final = 1000
MOST_ATTEMPTS: Final = 300_000
_DISAGREE: Final = "don't agree on"
_NUMBER: Final = re.compile(r"\b(entry|iteration) \d+")
_ENTRIES: Final = re.compile(r"entry N returned (\S+?)(?:, entry N returned \1)*(?= |$)")
_NOTHING_RAN: Final = "would go round for ever"


class Problem(StrEnum):
    """What was found."""

    stuck = "can get stuck"
    never = "never runs"
    only_tries = "ends only by running out of tries"


@frozen
class Found:
    """Something that was found.

    Args:
        problem: Of which kind it is.
        what: What it is about, in a line.
        way: On which way it happens, in words; empty where it is so on all of them.
        waiting: Names of the tasks that wait for ever.
    """

    problem: Problem
    what: str
    way: str = ""
    waiting: tuple[str, ...] = ()


@frozen
class Explored:
    """What walking all ways came to.

    Args:
        walked: How many ways were walked.
        total: How many there are within the bounds.
        left_out: Ways that can't be: on them, one result would have to tell two groups different things.
        found: What is wrong.
        after: What waits until somebody resubmits, by what went wrong: names of tasks.
    """

    walked: int
    total: int
    left_out: int
    found: tuple[Found, ...]
    after: dict[str, tuple[str, ...]] = field(factory=dict)


class _OneWay:
    """What happens on one way."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._gone_wrong: set[str] = set()

    def ending(self, attempted: Attempted) -> Ending:
        """How an attempt ends; each takes a second."""
        entry, name = attempted.entry, attempted.task.name
        wrong = self._way.at(name)
        if isinstance(wrong, Verdict) and name not in self._gone_wrong:
            self._gone_wrong.add(name)
            return Ending(1.0, wrong, "explored", None if wrong is Verdict.failed else "{}")
        said = attempted.deciders.said(entry.node, entry.index, entry.iteration, self)
        data = {VALUE_KW: None, **said} if attempted.task.module else said
        return Ending(1.0, Verdict.succeeded, "returned", json.dumps(data))

    def width(self, group: Group) -> int | None:
        """As many copies as on this way."""
        found = self._way.at((group.graph, group.node))
        return found if isinstance(found, int) else 1

    def branch(self, group: Group, keys: tuple[Key, ...]) -> Key:
        """The branch of this way."""
        found = self._way.at((group.graph, group.node))
        return found if isinstance(found, str | int) and not isinstance(found, Verdict) else keys[0]

    def stops(self, group: Group, iteration: int) -> bool:
        """Whether the loop ends on this way."""
        found = self._way.at((group.graph, group.node))
        return found != NEVER and isinstance(found, int) and iteration + 1 >= found


class _Ledger:
    """What was seen on the ways so far."""

    def __init__(self) -> None:
        self.found: dict[tuple[Problem, str], Found] = {}
        self.after: dict[str, dict[str, None]] = {}
        self.ran: set[tuple[int, int]] = set()
        self.opened: dict[tuple[int, int], str] = {}
        self.ended: set[tuple[int, int]] = set()
        self.attempts = 0
        self.left_out = 0

    def add(self, simulation: Simulation, way: Way) -> None:
        """One way that was walked to its end."""
        told = report(simulation)
        self.attempts += len(told.runs)
        if any(one.cause is Cause.refused and _DISAGREE in one.why for one in told.stuck):
            self.left_out += 1
            return
        state = simulation.state
        for run in told.runs:
            entry = state.entries.get(run.key)
            if entry is not None:
                self.ran.add((entry.graph, entry.node))
        for frame in state.frames.values():
            kind = kind_of(state, frame)
            if isinstance(kind, LoopKind) and opened(frame):
                self.opened[frame.graph, frame.node] = kind.label
                if frame.standing is not Standing.pending:
                    self.ended.add((frame.graph, frame.node))
        for one in told.stuck:
            self._stuck(one, way)

    def _stuck(self, one: Stuck, way: Way) -> None:
        waiting = (*one.waiting, *one.undecided)
        why = " ".join(one.why.split())
        if one.cause is Cause.refused and (_NOTHING_RAN in why or "tries" not in why):
            self._add(Found(Problem.stuck, f"{one.task} fails: {_general(why)}", str(way), waiting))
        elif one.cause is Cause.unknown:
            self._add(Found(Problem.stuck, one.why, str(way), waiting))
        else:
            failed = f"{one.task} fails" if one.cause is Cause.failed else f"{one.task} uses up the tries of its loop"
            self.after.setdefault(failed, {}).update(dict.fromkeys(waiting))

    def _add(self, found: Found) -> None:
        self.found.setdefault((found.problem, found.what), found)


def explore(
    submissions: Sequence[Submission], *, seed: int = 0, most: int = MOST_WAYS, attempts: int = MOST_ATTEMPTS
) -> Explored:
    """Walk the ways that these submissions may take.

    Args:
        submissions: What a script submits.
        seed: What ways are drawn from where there are too many.
        most: How many ways to walk at most.
        attempts: After how many attempts on all of them to stop.

    Returns:
        What that came to; no ways at all where nothing was submitted.
    """
    if not submissions:
        return Explored(0, 0, 0, ())
    small = [evolve(one, graph=shrunk(one.graph)) for one in submissions]
    groups, tasks = _forks(small)
    walked = 0
    ledger = _Ledger()
    todo, total = ways(groups, tasks, most, seed)
    for way in todo:
        simulation = Simulation(Machines(Config(cores=1 << 40), Scenario()), _OneWay(way))
        for one in small:
            simulation.submit(one)
        simulation.run()
        ledger.add(simulation, way)
        walked += 1
        if ledger.attempts >= attempts:
            break
    found = [*ledger.found.values(), *_never(small, ledger), *_only_tries(ledger)]
    after = {what: tuple(names) for what, names in ledger.after.items()}
    return Explored(walked, total, ledger.left_out, tuple(found), after)


def bounds(explored: Explored, seed: int) -> Iterator[str]:
    """How far was looked, a line each."""
    if not explored.total:
        yield "nothing was submitted"
        return
    if explored.walked == explored.total:
        yield f"walked all {explored.total:,} ways"
    else:
        yield f"walked {explored.walked:,} of {explored.total:,} ways: the least unusual ones, others by seed {seed}"
    if explored.left_out:
        yield f"{explored.left_out:,} of them can't be, as one result would have to tell two groups different things"
    yield f"widths 0, 1 and {MANY}; static groups have at most {MANY} copies, loops at most {MOST_TRIES} tries"
    yield "loops end after 1 or 2 iterations or are never told to; on each way at most one entry fails or is discarded"


def _forks(submissions: Iterable[Submission]) -> tuple[list[Fork], list[Fork]]:
    groups: list[Fork] = []
    names: dict[str, None] = {}
    for number, one in enumerate(submissions, 1):
        task_names = tuple(task.name for task in one.tasks)
        names.update(dict.fromkeys(task_names))
        for node, told in Deciders(one.graph, number, task_names).groups().items():
            fork = group_fork(number, one.graph.nodes[node], told[0])
            if fork is not None:
                groups.append(fork)
    return sorted(groups, key=lambda fork: str(fork.place)), [task_fork(name) for name in names]


def _never(submissions: Iterable[Submission], ledger: _Ledger) -> Iterator[Found]:
    for number, one in enumerate(submissions, 1):
        for node in one.graph.nodes:
            if isinstance(node.kind, TaskKind) and (number, node.index) not in ledger.ran:
                yield Found(Problem.never, one.tasks[node.kind.task].name)


def _only_tries(ledger: _Ledger) -> Iterator[Found]:
    for place, label in ledger.opened.items():
        if place not in ledger.ended:
            yield Found(Problem.only_tries, label)


def _general(why: str) -> str:
    """A message without the keys of entries, so that the same on another way is the same."""
    return _ENTRIES.sub(r"what comes to it returned \1", _NUMBER.sub(r"\1 N", why))
