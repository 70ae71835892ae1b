"""The ways that a campaign may take: what each group may be told, and what may go wrong, in bounded number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from perqueue.core.graph import Graph, Kind, LoopKind, Node, SwitchKind, WidthKind
from perqueue.core.keys import SWITCHGROUP_SKIP
from perqueue.core.policy import Key
from perqueue.core.records import Verdict

from .scenarios.chance import chance
from .scenarios.scenario import NEVER

MANY: Final = 2
"""Copies that stand for many; also most copies of a static width group that are made."""
MOST_TRIES: Final = 3
"""Most iterations of a loop that are made before its tries count as used up."""

Option: TypeAlias = "Key | Verdict | None"
Place: TypeAlias = tuple[int, int] | str
"""A group, by graph and node; or a task, by its name."""


@frozen
class Fork:
    """Something that may go one way or another.

    Args:
        place: The group or the task.
        what: In words.
        options: What may happen, what usually does first.
    """

    place: Place
    what: str
    options: tuple[Option, ...]

    def told(self, option: Option) -> str:
        """One of the options in words."""
        if option == NEVER and self.what.startswith("CyclicalGroup"):
            return f"{self.what} is never told to stop"
        return f"{self.what}: {option}"


@frozen
class Way:
    """What happens at each fork; where nothing is said, what usually does."""

    taken: Mapping[Place, Option] = field(factory=dict)
    forks: Mapping[Place, Fork] = field(factory=dict, repr=False)

    def at(self, place: Place) -> Option:
        """What happens at a fork."""
        found = self.taken.get(place)
        return found if found is not None or place not in self.forks else self.forks[place].options[0]

    def __str__(self) -> str:
        told = [self.forks[place].told(option) for place, option in self.taken.items()]
        return "; ".join(told) if told else "nothing unusual"


def group_fork(graph: int, node: Node, label: str) -> Fork | None:
    """What a group may be told."""
    match node.kind:
        case WidthKind(width=None):
            return Fork((graph, node.index), f"width of {label}", (1, 0, MANY))
        case SwitchKind(branches=branches):
            keys = (*(branch.key for branch in branches), SWITCHGROUP_SKIP)
            return Fork((graph, node.index), f"branch of {label}", keys)
        case LoopKind(max_tries=tries):
            stops = (1, 2, NEVER) if tries > 1 else (1, NEVER)
            return Fork((graph, node.index), f"{label}, iterations", stops)
        case _:
            return None


def task_fork(name: str) -> Fork:
    """What may go wrong with the first entry of a task."""
    return Fork(name, f"the first {name}", (None, Verdict.failed, Verdict.discarded))


def ways(groups: Sequence[Fork], tasks: Sequence[Fork], most: int, seed: int) -> tuple[Iterator[Way], int]:
    """At most so many ways, and how many there are in all, with at most one thing that goes wrong in each.

    First those with one unusual thing, then two, and so on, as far as all of a kind fit. What is left is drawn.
    """
    total = prod(len(fork.options) for fork in groups) * (1 + sum(len(fork.options) - 1 for fork in tasks))
    return _ways(groups, tasks, min(most, total), seed), total


def _ways(groups: Sequence[Fork], tasks: Sequence[Fork], most: int, seed: int) -> Iterator[Way]:
    forks = {fork.place: fork for fork in (*groups, *tasks)}
    given = 0
    for unusual in range(len(groups) + 2):
        room = most - given
        kind = [way for _, way in zip(range(room + 1), _unusual(groups, tasks, unusual), strict=False)]
        if len(kind) > room and unusual > 1:
            break
        for way in kind[:room]:
            given += 1
            yield Way(way, forks)
    number = 0
    seen: set[frozenset[tuple[Place, Option]]] = set()
    while given < most and number < 20 * most:
        number += 1
        way = _drawn(groups, tasks, seed, number)
        if len(way) > 1 and frozenset(way.items()) not in seen:
            seen.add(frozenset(way.items()))
            given += 1
            yield Way(way, forks)


def _unusual(groups: Sequence[Fork], tasks: Sequence[Fork], number: int) -> Iterator[dict[Place, Option]]:
    """All ways with so many unusual things."""
    for wrong in (None, *tasks):
        for chosen in combinations(groups, number - (wrong is not None)) if number or wrong is None else ():
            forks = chosen if wrong is None else (*chosen, wrong)
            for options in product(*(fork.options[1:] for fork in forks)):
                yield {fork.place: option for fork, option in zip(forks, options, strict=True)}


def _drawn(groups: Sequence[Fork], tasks: Sequence[Fork], seed: int, number: int) -> dict[Place, Option]:
    found: dict[Place, Option] = {}
    for at, fork in enumerate(groups):
        option = fork.options[int(chance(seed, "way", number, at) * len(fork.options))]
        if option != fork.options[0]:
            found[fork.place] = option
    wrong = int(chance(seed, "wrong", number) * (1 + len(tasks)))
    if wrong:
        fork = tasks[wrong - 1]
        found[fork.place] = fork.options[1 + int(chance(seed, "how", number) * (len(fork.options) - 1))]
    return found


def shrunk(graph: Graph) -> Graph:
    """A graph with few copies and tries, in which the same can happen."""
    return evolve(graph, nodes=tuple(evolve(node, kind=_small(node)) for node in graph.nodes))


def _small(node: Node) -> Kind:
    match node.kind:
        case WidthKind(width=int(width)) if width > MANY:
            return evolve(node.kind, width=MANY)
        case LoopKind(max_tries=tries) if tries > MOST_TRIES:
            return evolve(node.kind, max_tries=MOST_TRIES)
        case kind:
            return kind
