"""How simulated attempts end: what a simulation asks, and what a scenario answers."""

from __future__ import annotations

import json
from math import isfinite
from typing import Final, Protocol, TypeVar

from attrs import evolve, frozen

from perqueue.core.keys import SWITCHGROUP_SKIP, VALUE_KW
from perqueue.core.policy import Key
from perqueue.core.records import Entry, StoredTask, Verdict
from perqueue.core.resources import Resources
from perqueue.core.view import Json
from perqueue.store.memory import State

from ..scenarios.chance import chance
from ..scenarios.scenario import DEFAULT, NEVER, WALLTIME, Mishap, Rules, Scenario
from ..scenarios.spans import Shape
from .decisions import Deciders, Group

T = TypeVar("T")


@frozen
class Attempted:
    """An attempt that starts now."""

    entry: Entry
    task: StoredTask
    number: int
    resources: Resources
    deciders: Deciders
    state: State

    @property
    def place(self) -> tuple[object, ...]:
        """What tells its entry from all others, in whatever order things happen."""
        entry = self.entry
        return entry.graph, entry.node, entry.index, entry.iteration


@frozen
class Ending:
    """How an attempt ends, and how many seconds after it started."""

    seconds: float
    verdict: Verdict
    reason: str
    data: str | None = None
    message: str = ""
    traceback: str = ""


class Outcomes(Protocol):
    """Says how attempts end."""

    def ending(self, attempted: Attempted) -> Ending:
        """How an attempt ends. Asked once for each, in the order in which they start."""
        ...


_MESSAGE: Final = "the scenario says so"


class Foretold:
    """What a scenario says.

    Args:
        scenario: The scenario.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.assumed: dict[str, None] = {}
        """What was decided without a rule, a line each."""
        self._used: set[tuple[str, str]] = set()
        self._count: dict[tuple[str, str], int] = {}
        self._ordinal: dict[tuple[str, int], int] = {}

    def ending(self, attempted: Attempted) -> Ending:
        """How an attempt ends."""
        ending = self.timed(attempted)
        if ending.verdict is not Verdict.succeeded:
            return ending
        if self._mishap("discards", self.scenario.discards, attempted) is not None:
            return evolve(ending, verdict=Verdict.discarded, data="{}")
        return evolve(ending, data=json.dumps(self.said(attempted)))

    def timed(self, attempted: Attempted) -> Ending:
        """How long an attempt takes, and whether it fails or times out."""
        name, walltime = attempted.task.name, attempted.task.resources.seconds
        rule = self._rule("durations", self.scenario.durations, [name])
        span = WALLTIME if rule is None else rule
        fixed = span.shape is Shape.fixed
        drawn = 0.5 if fixed else chance(self.scenario.seed, "duration", *attempted.place)
        seconds = span.seconds(walltime, drawn)
        limit = attempted.resources.seconds
        failure = self._mishap("failures", self.scenario.failures, attempted)
        if failure is not None and failure.reason != "walltime":
            return Ending(min(seconds, limit), Verdict.failed, failure.reason, message=_MESSAGE)
        if seconds > limit or failure is not None:
            return Ending(limit, Verdict.timeout, "walltime", message=_takes(max(seconds, limit)))
        return Ending(seconds, Verdict.succeeded, "returned")

    def said(self, attempted: Attempted) -> dict[str, Json]:
        """A result that says what groups want to know, and nothing else."""
        entry = attempted.entry
        choices = _Choices(self, typed=bool(attempted.task.module))
        said = attempted.deciders.said(entry.node, entry.index, entry.iteration, choices)
        return {VALUE_KW: choices.value, **said} if attempted.task.module else said

    def unused(self) -> list[tuple[str, str]]:
        """The rules that nothing was found by, as table and pattern."""
        return [
            (table, pattern)
            for table, rules in self.scenario.tables.items()
            for pattern in rules.by_pattern
            if pattern != DEFAULT and (table, pattern) not in self._used
        ]

    # what the choices ask

    def width(self, group: Group) -> int | None:
        """The width that a rule gives, if there is one."""
        counts = self._rule("widths", self.scenario.widths, group.names)
        return None if counts is None else counts.count(group.position, self._drawn("width", group))

    def branch(self, group: Group, keys: tuple[Key, ...]) -> Key:
        """The branch that a rule gives, or the first one."""
        found = self._rule("branches", self.scenario.branches, group.names)
        if found is None:
            self._assume(f"{group.label} takes {keys[0]!r}", "branches", group)
            return keys[0]
        key = found[group.position % len(found)]
        # Rules can't tell 2 from "2" by their key alone, but the switch can.
        return key if key in (*keys, SWITCHGROUP_SKIP) else next((k for k in keys if str(k) == str(key)), key)

    def stops(self, group: Group, iteration: int) -> bool:
        """Whether a loop has had as many iterations as a rule gives, or one."""
        counts = self._rule("iterations", self.scenario.iterations, group.names)
        if counts is None:
            self._assume(f"{group.label} ends after 1 iteration", "iterations", group)
            return True
        wanted = counts.count(group.position, self._drawn("iterations", group))
        return wanted != NEVER and iteration + 1 >= wanted

    def assume_width(self, group: Group) -> int:
        """The width where no rule gives one."""
        self._assume(f"{group.label} has 1 copy", "widths", group)
        return 1

    def _assume(self, what: str, table: str, group: Group) -> None:
        told = group.names[1] if len(group.names) > 1 else group.label
        self.assumed[f'{what}: say otherwise under [{table}], as "{told}" = ...'] = None

    def _drawn(self, what: str, group: Group) -> float:
        return chance(self.scenario.seed, what, group.graph, group.node, group.index, group.iteration)

    def _rule(self, table: str, rules: Rules[T], names: list[str] | tuple[str, ...]) -> T | None:
        pattern = rules.pattern(names)
        if pattern is None:
            return None
        self._used.add((table, pattern))
        return rules.by_pattern[pattern]

    def _mishap(self, table: str, rules: Rules[Mishap], attempted: Attempted) -> Mishap | None:
        """What goes wrong with this attempt, if anything does."""
        pattern = rules.pattern([attempted.task.name]) if rules.by_pattern else None
        if pattern is None:
            return None
        self._used.add((table, pattern))
        found = rules.by_pattern[pattern]
        key = attempted.entry.key
        if found.nth:
            nth = self._ordinal.get((table, key))
            if nth is None:
                nth = self._count[table, pattern] = self._count.get((table, pattern), 0) + 1
                self._ordinal[table, key] = nth
            if nth in found.nth and found.hits(attempted.number):
                return found
        if not found.hits(attempted.number):
            return None
        drawn = chance(self.scenario.seed, table, attempted.number, *attempted.place) if found.rate else 1.0
        return found if drawn < found.rate else None


def _takes(seconds: float) -> str:
    return f"it takes {seconds:g} s" if isfinite(seconds) else "it never comes to an end"


class _Choices:
    """The groups that one result decides."""

    def __init__(self, foretold: Foretold, *, typed: bool) -> None:
        self._foretold, self._typed = foretold, typed
        self.value: Json = None

    def width(self, group: Group) -> int | None:
        """As the rules say; or as many copies as there are values, where each copy before it gives one."""
        found = self._foretold.width(group)
        if found is not None:
            return found
        return None if self._typed and group.fanned else self._foretold.assume_width(group)

    def branch(self, group: Group, keys: tuple[Key, ...]) -> Key:
        """As the rules say."""
        return self._foretold.branch(group, keys)

    def stops(self, group: Group, iteration: int) -> bool:
        """As the rules say."""
        return self._foretold.stops(group, iteration)
