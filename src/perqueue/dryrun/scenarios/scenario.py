"""A scenario: how long tasks take, what groups are told, what goes wrong, and how large the machine is.

Every part may be left out. Rules are found by name: one whose pattern is exactly the name, or else the first whose
pattern fits (as in shells: ``*``, ``?``), or else the one that is called ``default``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from .spans import Amount, Counts, Shape, Span

T = TypeVar("T")

DEFAULT: Final = "default"
NEVER: Final = 0
"""So many iterations: the loop is never told to stop."""


@frozen
class Rules(Generic[T]):
    """Values by patterns of names, in the order of the file."""

    by_pattern: Mapping[str, T] = field(factory=dict)

    def pattern(self, names: Iterable[str]) -> str | None:
        """The pattern of the rule for something that has these names, the most telling one first; None: no rule."""
        names = list(names)
        for name in names:
            if name in self.by_pattern:
                return name
        for pattern in self.by_pattern:
            if pattern != DEFAULT and any(fnmatchcase(name, pattern) for name in names):
                return pattern
        return DEFAULT if DEFAULT in self.by_pattern else None


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern fits something that has these names, be there a better one or not."""
    return any(name == pattern or fnmatchcase(name, pattern) for name in names)


@frozen
class Mishap:
    """Something that goes wrong with the entries of a name.

    Args:
        rate: How likely it is for each attempt, from 0 to 1.
        nth: Which entries it happens to, counted from 1 in the order in which they start.
        reason: In one word, as in ``pq show``; retry policies go by it.
        times: To which attempts of an entry it may happen: only to its first so many; None: to all.
    """

    rate: float = 0.0
    nth: frozenset[int] = frozenset()
    reason: str = ""
    times: int | None = None

    def hits(self, attempt: int) -> bool:
        """Whether it may happen to the how many-th attempt of an entry."""
        return self.times is None or attempt <= self.times


@frozen
class Machine:
    """A partition. None: as configured, or else without a limit.

    Args:
        nodes: How many nodes it has.
        cores: Cores of each node.
        gpus: GPUs of each node.
        max_jobs: Most jobs in the scheduler's queue at once.
    """

    nodes: int | None = None
    cores: int | None = None
    gpus: int | None = None
    max_jobs: int | None = None


WALLTIME: Final = Span(Shape.fixed, (Amount(1.0, relative=True),))
"""A task takes all the time that it asks for."""


@frozen
class Scenario:
    """What happens in a dry run.

    Args:
        durations: How long an attempt takes, by the name of its task; by default all of its walltime. An attempt that
            takes longer than its walltime times out.
        widths: How many copies dynamic width groups have, by the name of a task that says so or by the group's label;
            1 by default.
        iterations: How many iterations loops have, by the name of a last task or by the loop's label; 1 by default,
            ``NEVER`` if the loop is not told to stop.
        branches: Which branches switches take, likewise; the first one by default.
        failures: Which attempts fail, by the name of the task.
        discards: Which results are discarded, likewise.
        partitions: How large partitions are, by name.
        seed: What all chance comes from.
        source: Where it was read from, for messages.
    """

    durations: Rules[Span] = Rules()
    widths: Rules[Counts] = Rules()
    iterations: Rules[Counts] = Rules()
    branches: Rules[tuple[str | int, ...]] = Rules()
    failures: Rules[Mishap] = Rules()
    discards: Rules[Mishap] = Rules()
    partitions: Mapping[str, Machine] = field(factory=dict)
    seed: int = 0
    source: str = "the scenario"

    @property
    def tables(self) -> Mapping[str, Rules[Any]]:
        """The rules that go by names, by the table that they stand in."""
        return {
            "durations": self.durations,
            "widths": self.widths,
            "iterations": self.iterations,
            "branches": self.branches,
            "failures": self.failures,
            "discards": self.discards,
        }
