"""What each place of a graph may be given: which functions' results, through which ports.

Theory of operation
===================

A *giver* is a function with the ports that its result passes. What a place is given is two sets of givers: ``some``,
each of which may be among them, and ``sure``, which are so in any case. Several parents together give the union of
both. Where one of several things happens (a branch of a switch, an iteration or the loop's own inputs, an empty
group that passes on what it was given), ``some`` is the union and ``sure`` the intersection. The sets are worked out
by going round until nothing changes: ``some`` only grows, ``sure`` only shrinks. Whatever runs the same function
gives the same, so the sets are as small as there are different functions.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias, assert_never

from perqueue.core.graph import Graph, JoinKind, Link, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from perqueue.core.tasklike import Ports

Giver: TypeAlias = "tuple[int, tuple[Ports, ...]]"
"""The number of a function, and the ports on the way. The number -1 stands for anything."""

ANYBODY: Final[Giver] = (-1, ())


class Given(NamedTuple):
    """What a place is given."""

    some: frozenset[Giver] = frozenset()
    sure: frozenset[Giver] = frozenset()


_NOTHING: Final = Given()
_ANYTHING: Final = Given(frozenset({ANYBODY}))
_LONGEST_WAY: Final = 4
"""Ports one after the other, with nothing that runs between; a loop may go round them for ever."""


class Around(NamedTuple):
    """What stands around a scope.

    Args:
        indexed: Whether its tasks get ``pq_index``.
        repeated: Whether they get ``pq_iteration``.
        optional: Whether it is, or is in, a branch of a switch.
    """

    indexed: bool = False
    repeated: bool = False
    optional: bool = False


class Flow:
    """What all nodes of a graph are given, and what stands around them.

    Args:
        graph: The graph.
        functions: The number of each task's function.
        typed: The numbers of typed functions, whose sequences are handed out element by element.
    """

    def __init__(self, graph: Graph, functions: list[int], typed: frozenset[int]) -> None:
        self._graph, self._functions, self._typed = graph, functions, typed
        self._owner: dict[int, Node] = {}
        self.around = [Around() for _ in graph.scopes]
        for node in graph.nodes:  # a scope stands after the one that its group is in
            self._enter(node)
        self._into: list[Given | None] = [None] * len(graph.scopes)
        self._out: list[Given | None] = [None] * len(graph.nodes)
        self._todo: list[int] = []
        self._waiting: set[int] = set()
        self._into[0] = _NOTHING
        self._wake(graph.scopes[0].first)
        while self._todo:
            number = heapq.heappop(self._todo)
            self._waiting.discard(number)
            self._visit(graph.nodes[number])

    def given(self, node: Node) -> Given | None:
        """What a node is given; None if nothing ever comes to it."""
        if not node.parents:
            return self._into[node.scope]
        return _together([_passed(self._out[link.parent], link) for link in node.parents])

    def end_of(self, scope: int) -> Given | None:
        """What the last nodes of a scope give; None if nothing ever does."""
        return _together([self._out[number] for number in self._graph.scopes[scope].last])

    def _enter(self, node: Node) -> None:
        here = self.around[node.scope]
        match node.kind:
            case WidthKind(body=body):
                inside = [(body, Around(True, here.repeated, here.optional))]
            case LoopKind(body=body):
                inside = [(body, Around(here.indexed, True, here.optional))]
            case SwitchKind(branches=branches):
                inner = Around(here.indexed, here.repeated, True)
                inside = [(branch.body, inner) for branch in branches if branch.body >= 0]
            case TaskKind() | JoinKind():
                return
            case _:
                assert_never(node.kind)
        for scope, around in inside:
            self._owner[scope] = node
            self.around[scope] = around

    def _visit(self, node: Node) -> None:
        given = self.given(node)
        if given is None:
            return
        out = self._gives(node, given)
        if out is None or (out := _widened(self._out[node.index], out)) == self._out[node.index]:
            return
        self._out[node.index] = out
        self._wake(node.children)
        if node.last and (owner := self._owner.get(node.scope)) is not None:
            self._wake([owner.index])

    def _gives(self, node: Node, given: Given) -> Given | None:
        """What a node gives, as far as that is known; what is inside it is told what it is given."""
        match node.kind:
            case JoinKind():
                return given
            case TaskKind(task=task):
                giver: Giver = (self._functions[task], ())
                return Given(frozenset({giver}), frozenset({giver}))
            case WidthKind(width=0):
                return given
            case WidthKind(body=body, width=None):
                by_element = any(number in self._typed for number, _ in given.some)
                self._open(body, _either([given, _ANYTHING]) if by_element else given)
                return _either([given, self.end_of(body)])
            case WidthKind(body=body):
                self._open(body, given)
                return self.end_of(body)
            case LoopKind(body=body):
                end = self.end_of(body)
                self._open(body, _either([given, end]))
                return end
            case SwitchKind(branches=branches):
                ends: list[Given | None] = [given]
                for branch in branches:
                    if branch.body >= 0:
                        self._open(branch.body, given)
                        ends.append(self.end_of(branch.body))
                return _either(ends)
            case _:
                assert_never(node.kind)

    def _open(self, scope: int, given: Given) -> None:
        if (given := _widened(self._into[scope], given)) != self._into[scope]:
            self._into[scope] = given
            self._wake(self._graph.scopes[scope].first)

    def _wake(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if number not in self._waiting:
                self._waiting.add(number)
                heapq.heappush(self._todo, number)


def _passed(given: Given | None, link: Link) -> Given | None:
    if given is None or link.ports is None:
        return given
    ports = link.ports
    return Given(
        frozenset(_further(giver, ports) for giver in given.some),
        frozenset(_further(giver, ports) for giver in given.sure) - {ANYBODY},
    )


def _further(giver: Giver, ports: Ports) -> Giver:
    number, way = giver
    return ANYBODY if giver == ANYBODY or len(way) >= _LONGEST_WAY else (number, (*way, ports))


def _widened(before: Given | None, now: Given) -> Given:
    """What is known now, and no more than was known before, so that going round comes to an end."""
    return now if before is None else Given(before.some | now.some, before.sure & now.sure)


def _together(parts: list[Given | None]) -> Given | None:
    """What several give together; None as long as one of them gives nothing."""
    if len(parts) == 1:
        return parts[0]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return Given(
        frozenset().union(*(part.some for part in known)),
        frozenset().union(*(part.sure for part in known)),
    )


def _either(parts: list[Given | None]) -> Given:
    """What one of several gives, whichever it is."""
    known = [part for part in parts if part is not None]
    if len(known) == 1:
        return known[0]
    return Given(
        frozenset().union(*(part.some for part in known)),
        frozenset.intersection(*(part.sure for part in known)),
    )
