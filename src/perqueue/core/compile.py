"""From a description to a :class:`~perqueue.core.graph.Graph`.

Each scope is built in two steps. Here the description is walked and every connection of some last nodes to some
first nodes is noted as one *bundle*, so that two wide layers cost their sum. Then :mod:`perqueue.core.layout` finds
equal sets of parents, puts joins and orders the scope. Because only the resulting sets of parents count, however
the operators were grouped gives the same graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import assert_never

from attrs import frozen

from .errors import UndecidedGroupError
from .graph import Branch, Graph, JoinKind, Kind, Link, LoopKind, Node, Scope, SwitchKind, TaskKind, WidthKind
from .groups import CyclicalGroup, DynamicWidthGroup, Group, StaticWidthGroup, SwitchGroup
from .keys import DYNAMICWIDTHGROUP_KEY, SWITCHGROUP_KEY
from .layout import Item, Plan, lay_out
from .task import Task
from .tasklike import Chain, Dag, Dependency, Parallel, Ports, TaskLike, Workflow, label, task_like


def compile_graph(tasks: object) -> Graph:
    """Compile anything that ``submit`` takes.

    Raises:
        DescriptionError: The description is empty, holds a cycle or something that is not a TaskLike, or a group that
            its inputs decide stands where it has none.
    """
    builder = _GraphBuilder()
    builder.build(task_like(tasks, "submit"))
    return Graph(tuple(builder.tasks), tuple(builder.nodes), tuple(builder.scopes))


@frozen
class _Body:
    """A scope to be numbered. ``fed``: whether anything comes before it; ``tolerant``: see :class:`Scope`."""

    scope: int
    body: TaskLike
    fed: bool
    tolerant: bool


class _GraphBuilder:
    """Collects the numbered nodes, scopes and distinct tasks of one graph."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.nodes: list[Node] = []
        self.scopes: list[Scope] = []
        self._task_numbers: dict[int, int] = {}
        # On a list rather than on the call stack: groups may be nested as deep as a user likes.
        self._todo: list[_Body] = []

    def build(self, whole: TaskLike) -> None:
        """Number everything."""
        self._reserve(whole, fed=False, tolerant=False)
        while self._todo:
            self._scope(self._todo.pop())

    def _reserve(self, body: TaskLike, *, fed: bool, tolerant: bool) -> int:
        number = len(self.scopes)
        self.scopes.append(Scope(number, (), (), ()))
        self._todo.append(_Body(number, body, fed, tolerant))
        return number

    def _scope(self, here: _Body) -> None:
        """Number everything that stands in one scope, so that its numbers are one run; its groups' bodies later."""
        base = len(self.nodes)
        plans = _ScopeWalk().walk(here.body)
        for i, place in enumerate(lay_out(plans)):
            links = tuple(Link(base + link.parent, link.ports) for link in place.links)
            children = tuple(base + child for child in place.children)
            kind: Kind = JoinKind()
            if place.plan is not None:
                kind = self._kind(plans[place.plan].item, fed=here.fed or bool(links), tolerant=here.tolerant)
            self.nodes.append(Node(base + i, here.scope, kind, links, children, last=not children))
        mine = self.nodes[base:]
        self.scopes[here.scope] = Scope(
            here.scope,
            tuple(node.index for node in mine),
            tuple(node.index for node in mine if not node.parents),
            tuple(node.index for node in mine if node.last),
            here.tolerant,
        )

    def _kind(self, item: Item, *, fed: bool, tolerant: bool) -> Kind:
        match item:
            case Task():
                known = self._task_numbers.setdefault(id(item), len(self.tasks))
                if known == len(self.tasks):
                    self.tasks.append(item)
                return TaskKind(known, bool(item.module))
            case StaticWidthGroup(body=body, policy=policy):
                scope = self._reserve(body, fed=fed, tolerant=tolerant or policy.tolerate > 0)
                return WidthKind(scope, item.width, label(item), policy)
            case DynamicWidthGroup(body=body, policy=policy):
                self._check_fed(item, DYNAMICWIDTHGROUP_KEY, fed)
                scope = self._reserve(body, fed=True, tolerant=tolerant or policy.tolerate > 0)
                return WidthKind(scope, None, label(item), policy)
            case CyclicalGroup(body=body):
                return LoopKind(self._reserve(body, fed=fed, tolerant=tolerant), item.max_tries, label(item))
            case SwitchGroup():
                self._check_fed(item, SWITCHGROUP_KEY, fed)
                branches = tuple(
                    Branch(key, -1 if body is None else self._reserve(body, fed=True, tolerant=tolerant))
                    for key, body in item.branches
                )
                return SwitchKind(branches, label(item))
            case _:
                assert_never(item)

    def _check_fed(self, item: Group, key: str, fed: bool) -> None:
        if not fed:
            raise UndecidedGroupError(label(item), key)


@frozen
class _Span:
    """The ends of a part of a scope, as numbers of plans."""

    first: tuple[int, ...]
    last: tuple[int, ...]


class _ScopeWalk:
    """Walks the description of one scope; nested Workflows flatten into it, groups stay single nodes."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []
        self._met: dict[int, _Span] = {}
        self._shared = False

    def walk(self, body: TaskLike) -> list[Plan]:
        # On a list rather than on the call stack: workflows that were grown in a loop are nested deeply.
        todo: list[tuple[TaskLike, bool]] = [(body, False)]
        while todo:
            item, parts_met = todo.pop()
            if parts_met:
                assert isinstance(item, Workflow), item
                self._met[id(item)] = self._connect_parts(item)
            elif id(item) in self._met:
                self._shared = True
            elif isinstance(item, Workflow):
                todo.append((item, True))
                todo.extend((part, False) for part in reversed(_parts(item)))
            else:
                assert isinstance(item, Item), item
                self._plans.append(Plan(item))
                here = (len(self._plans) - 1,)
                self._met[id(item)] = _Span(here, here)
        return self._plans

    def _connect_parts(self, workflow: Workflow) -> _Span:
        spans = [self._met[id(part)] for part in _parts(workflow)]
        match workflow.shape:
            case Chain():
                for before, after in pairwise(spans):
                    self._connect(before.last, after.first, None)
                span = _Span(spans[0].first, spans[-1].last)
            case Parallel():
                span = _Span(_ends(span.first for span in spans), _ends(span.last for span in spans))
            case Dag(steps=steps):
                span = self._connect_steps(steps, spans)
            case _:
                assert_never(workflow.shape)
        return self._true_ends(workflow) if self._shared else span

    def _connect_steps(self, steps: Sequence[tuple[TaskLike, tuple[Dependency, ...]]], spans: list[_Span]) -> _Span:
        depended_on: set[int] = set()
        for (_, dependencies), span in zip(steps, spans, strict=True):
            for dependency in dependencies:
                depended_on.add(id(dependency.on))
                self._connect(self._met[id(dependency.on)].last, span.first, dependency.ports)
        return _Span(
            _ends(span.first for (_, dependencies), span in zip(steps, spans, strict=True) if not dependencies),
            _ends(span.last for (node, _), span in zip(steps, spans, strict=True) if id(node) not in depended_on),
        )

    def _connect(self, lasts: tuple[int, ...], firsts: Sequence[int], ports: Ports | None) -> None:
        for first in firsts:
            self._plans[first].feeds.append((lasts, ports))

    def _true_ends(self, workflow: Workflow) -> _Span:
        """The ends of a part whose pieces overlap: an object that stands twice may have an inner parent."""
        members = self._members(workflow)
        inner = {i: members.keys() & self._plans[i].parents().keys() for i in members}
        has_child = {parent for parents in inner.values() for parent in parents}
        return _Span(
            tuple(i for i in members if not inner[i]),
            tuple(i for i in members if i not in has_child),
        )

    def _members(self, workflow: Workflow) -> dict[int, None]:
        """The plans of a part, in the order of the description."""
        # Each object once: where workflows share their parts, the ways to a task double with every level.
        found: dict[int, None] = {}
        seen: set[int] = set()
        todo: list[TaskLike] = [workflow]
        while todo:
            item = todo.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            if isinstance(item, Workflow):
                todo.extend(reversed(_parts(item)))
            else:
                found |= dict.fromkeys(self._met[id(item)].first)
        return found


def _parts(workflow: Workflow) -> Sequence[TaskLike]:
    match workflow.shape:
        case Chain(parts=parts) | Parallel(parts=parts):
            return parts
        case Dag(steps=steps):
            return [node for node, _ in steps]
        case _:
            assert_never(workflow.shape)


def _ends(groups: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(i for group in groups for i in group))
