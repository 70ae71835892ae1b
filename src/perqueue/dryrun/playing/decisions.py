"""Which groups a task's result decides: those that it reaches without another task between.

Theory of operation
===================

A result goes to what depends on its task. Where nothing does, it is a result of the group around and goes to what
depends on that; at the end of a loop's body it says whether the loop goes on, and goes back to the body's first nodes
or on to what follows. Into a width group or a switch it goes as what decides it, and on to the body's first nodes, or
past it where nothing runs in it. Each step is an *arrival* in a scope, with the numbers of copies and iterations that
hold there: so all who decide a group know it by the same numbers, and say the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol, TypeAlias

from attrs import frozen

from perqueue.core.graph import Graph, JoinKind, LoopKind, Node, SwitchKind, TaskKind, WidthKind, bodies
from perqueue.core.keys import CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY, SWITCHGROUP_KEY
from perqueue.core.policy import Key
from perqueue.core.view import Json


@frozen
class Group:
    """A group to be decided.

    Args:
        graph: Number of its graph.
        node: Its node.
        names: What rules may call it: its label, and the tasks whose results decide it.
        index: Copy numbers of what stands beside it, inner group first.
        iteration: Iteration numbers of what stands beside it, outer loop first.
        fanned: Whether it gets one value for each copy of a width group before it.
    """

    graph: int
    node: int
    names: tuple[str, ...]
    index: tuple[int, ...]
    iteration: tuple[int, ...]
    fanned: bool = False

    @property
    def position(self) -> int:
        """Which one it is of those that are made of the same node: by iteration in a loop, or else by copy."""
        return self.iteration[-1] if self.iteration else self.index[0] if self.index else 0

    @property
    def label(self) -> str:
        """The group as it was described."""
        return self.names[0]


class Choices(Protocol):
    """Decides groups."""

    def width(self, group: Group) -> int | None:
        """How many copies it has; None: leave it to the values that it gets."""
        ...

    def branch(self, group: Group, keys: tuple[Key, ...]) -> Key:
        """Which of these branches it takes, or the key that skips it."""
        ...

    def stops(self, group: Group, iteration: int) -> bool:
        """Whether the loop ends after this iteration."""
        ...


@frozen
class _Arrival:
    """A result that comes out of a node (``out``), or into it."""

    node: int
    out: bool
    index: tuple[int, ...]
    iteration: tuple[int, ...]
    fanned: bool = False


Said: TypeAlias = dict[str, Json]


class Deciders:
    """What the results of one graph's tasks decide.

    Args:
        graph: The compiled graph.
        number: Its number in the queue.
        names: The names of its tasks, by their index.
    """

    def __init__(self, graph: Graph, number: int, names: tuple[str, ...]) -> None:
        self._graph, self._number = graph, number
        self._owners = {body: node for node in graph.nodes for body in bodies(node.kind)}
        self._onward: dict[int, tuple[int, ...]] = {}
        self._deciding: dict[int, set[int]] = {}
        said_by: dict[int, dict[str, None]] = {}
        # Who decides a group only where one before it is empty comes last: its rules are meant for that one.
        for past_empty in (False, True) if self._owners else ():
            for node in graph.nodes:
                if isinstance(node.kind, TaskKind):
                    found = set(self._reached(node.index, past_empty=past_empty))
                    if found:
                        self._deciding[node.index] = found
                    for group in found:
                        said_by.setdefault(group, {})[names[node.kind.task]] = None
        self._names = {group: (self._label(group), *told) for group, told in said_by.items()}

    def groups(self) -> dict[int, tuple[str, ...]]:
        """The groups that results decide, by node, with what rules may call them."""
        return self._names

    def named(self, kind: type[WidthKind | LoopKind | SwitchKind]) -> list[tuple[str, ...]]:
        """What rules may call the groups of one kind that results decide."""
        return [names for node, names in self._names.items() if isinstance(self._graph.nodes[node].kind, kind)]

    def decided_by(self, node: int) -> set[int]:
        """The groups that the results of a task may decide."""
        return self._deciding.get(node, set())

    def said(self, node: int, index: tuple[int, ...], iteration: tuple[int, ...], choices: Choices) -> Said:
        """What a task's result has to say, under the keys that decide groups.

        One key may decide several groups. The nearest one is asked for it.
        """
        said: Said = {}
        if node not in self._deciding:
            return said
        todo = deque([_Arrival(node, True, index, iteration)])
        seen: set[_Arrival] = set()
        rounds: dict[int, int] = {}
        while todo:
            here = todo.popleft()
            if here not in seen:
                seen.add(here)
                todo.extend(self._onwards(here, said, choices, rounds))
        return said

    def _onwards(self, here: _Arrival, said: Said, choices: Choices, rounds: dict[int, int]) -> Iterator[_Arrival]:
        """Where a result goes from here, given what it says, which is decided on the way.

        ``rounds`` counts how often it went round each loop: where nothing runs in a loop, that would never end.
        """
        node = self._graph.nodes[here.node]
        if here.out:
            for child in self._interesting(node):
                yield _Arrival(child, False, here.index, here.iteration, here.fanned)
            if node.last and (owner := self._owners.get(node.scope)) is not None:
                yield from self._leaving(owner, here, said, choices, rounds)
            return
        match node.kind:
            case WidthKind(width=width, body=body):
                copies: Json = width
                if width is None:
                    if DYNAMICWIDTHGROUP_KEY not in said:
                        found = choices.width(self._group(here))
                        if found is None:
                            return
                        said[DYNAMICWIDTHGROUP_KEY] = found
                    copies = said[DYNAMICWIDTHGROUP_KEY]
                yield from self._into(here, body if copies else -1, (0, *here.index), here.iteration)
            case SwitchKind(branches=branches):
                scopes = {branch.key: branch.body for branch in branches}
                if SWITCHGROUP_KEY not in said:
                    said[SWITCHGROUP_KEY] = choices.branch(self._group(here), tuple(scopes))
                key = said[SWITCHGROUP_KEY]
                taken = scopes.get(key, -1) if isinstance(key, str | int) else -1
                yield from self._into(here, taken, here.index, here.iteration)
            case LoopKind(body=body):
                yield from self._into(here, body, here.index, (*here.iteration, 0))
            case JoinKind():
                yield _Arrival(here.node, True, here.index, here.iteration, fanned=False)
            case TaskKind():
                pass

    def _leaving(
        self, owner: Node, here: _Arrival, said: Said, choices: Choices, rounds: dict[int, int]
    ) -> Iterator[_Arrival]:
        match owner.kind:
            case WidthKind():
                yield _Arrival(owner.index, True, here.index[1:], here.iteration, fanned=True)
            case LoopKind(body=body):
                *around, iteration = here.iteration
                out = _Arrival(owner.index, True, here.index, tuple(around), here.fanned)
                if CYCLICALGROUP_KEY not in said:
                    said[CYCLICALGROUP_KEY] = choices.stops(self._group(out), iteration)
                if said[CYCLICALGROUP_KEY]:
                    yield out
                elif not rounds.get(owner.index):
                    rounds[owner.index] = 1
                    yield from self._into(here, body, here.index, (*around, iteration + 1))
            case _:
                yield _Arrival(owner.index, True, here.index, here.iteration, here.fanned)

    def _into(
        self, here: _Arrival, scope: int, index: tuple[int, ...], iteration: tuple[int, ...]
    ) -> Iterator[_Arrival]:
        """To what stands first in a body, or past the group if that is empty."""
        if scope < 0:
            yield _Arrival(here.node, True, here.index, here.iteration, here.fanned)
            return
        for first in self._graph.scopes[scope].first:
            if not isinstance(self._graph.nodes[first].kind, TaskKind):
                yield _Arrival(first, False, index, iteration)

    def _interesting(self, node: Node) -> tuple[int, ...]:
        """The children that are no tasks: of those there may be thousands, and no result goes past them."""
        found = self._onward.get(node.index)
        if found is None:
            nodes = self._graph.nodes
            found = tuple(child for child in node.children if not isinstance(nodes[child].kind, TaskKind))
            self._onward[node.index] = found
        return found

    def _reached(self, node: int, *, past_empty: bool) -> Iterator[int]:
        """The groups that a task's results may decide, whatever is chosen."""
        nodes, scopes = self._graph.nodes, self._graph.scopes
        todo = [(node, True)]
        seen = set(todo)
        while todo:
            number, out = todo.pop()
            here, more = nodes[number], list[tuple[int, bool]]()
            if out:
                more += [(child, False) for child in self._interesting(here)]
                owner = self._owners.get(here.scope) if here.last else None
                if owner is not None:
                    more.append((owner.index, True))
                    if isinstance(owner.kind, LoopKind):
                        yield owner.index
                        more += [(first, False) for first in scopes[here.scope].first]
            elif not isinstance(here.kind, TaskKind):
                if past_empty or isinstance(here.kind, JoinKind):
                    more.append((number, True))
                if isinstance(here.kind, SwitchKind) or (isinstance(here.kind, WidthKind) and here.kind.width is None):
                    yield number
                more += [(first, False) for body in bodies(here.kind) for first in scopes[body].first]
            todo += [one for one in more if one not in seen]
            seen.update(more)

    def _group(self, here: _Arrival) -> Group:
        node = here.node
        # A join between has results of others as well, which make no list.
        fanned = here.fanned and len(self._graph.nodes[node].parents) == 1
        names = self._names.get(node) or (self._label(node),)
        return Group(self._number, node, names, here.index, here.iteration, fanned)

    def _label(self, node: int) -> str:
        kind = self._graph.nodes[node].kind
        return "" if isinstance(kind, TaskKind | JoinKind) else kind.label
