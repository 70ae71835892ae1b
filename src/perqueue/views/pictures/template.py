"""The picture of a description: what may happen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import assert_never

from perqueue.core.graph import JoinKind, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from perqueue.store.protocol import Snapshot

from ..rules import rule
from .boxes import Sketch


class Description:
    """A compiled graph, as far as pictures look at it."""

    def __init__(self, state: Snapshot, graph: int) -> None:
        self.graph = graph
        self._state = state

    def name(self, node: int) -> str:
        """The name of a node's task."""
        return self._state.task(self._state.node_task(self.graph, node)).name

    def nodes(self, scope: int) -> list[Node]:
        """What stands in a scope, in topological order."""
        return [self.node(node) for node in self._state.scope(self.graph, scope).nodes]

    def node(self, number: int) -> Node:
        """A node."""
        return self._state.node(self.graph, number)

    def alike(self, nodes: Collection[Node], most: int) -> list[list[Node]]:
        """The nodes, those together that have the same task's name, parents and children, if there are many."""
        if len(nodes) <= most:
            return [[node] for node in nodes]
        sets: dict[object, list[Node]] = {}
        for node in nodes:
            is_task = isinstance(node.kind, TaskKind)
            like = (self.name(node.index), node.parents, node.children) if is_task else node.index
            sets.setdefault(like, []).append(node)
        return list(sets.values())

    def connect(self, sketch: Sketch, drawn: Mapping[int, int]) -> None:
        """Add the arrows between what was drawn of a scope: the box of each node; what has none is looked through."""
        met: set[tuple[int, int]] = set()
        for node, box in drawn.items():
            todo = [node]
            while todo:
                for link in self.node(todo.pop()).parents:
                    if (link.parent, box) in met:
                        continue
                    met.add((link.parent, box))
                    if link.parent in drawn:
                        sketch.arrow(drawn[link.parent], box)
                    else:
                        todo.append(link.parent)

    def draw_scope(self, sketch: Sketch, scope: int, group: int, most: int, *, planned: bool = False) -> None:
        """Draw a scope, and the groups in it with their rules."""
        todo = [(scope, group)]
        while todo:
            scope, group = todo.pop()
            drawn: dict[int, int] = {}
            for nodes in self.alike(self.nodes(scope), most):
                node = nodes[0]
                if isinstance(node.kind, TaskKind):
                    box = sketch.task(self.name(node.index), len(nodes), group, planned=planned)
                    drawn |= dict.fromkeys((node.index for node in nodes), box)
                elif not isinstance(node.kind, JoinKind):
                    drawn[node.index] = self._group(sketch, node, group, todo, planned=planned)
            self.connect(sketch, drawn)

    def draw_group(self, sketch: Sketch, node: Node, group: int, most: int) -> int:
        """Draw a group that is not there yet; its number."""
        todo: list[tuple[int, int]] = []
        number = self._group(sketch, node, group, todo, planned=True)
        for scope, inside in todo:
            self.draw_scope(sketch, scope, inside, most, planned=True)
        return number

    def _group(self, sketch: Sketch, node: Node, group: int, todo: list[tuple[int, int]], *, planned: bool) -> int:
        """Draw the frame of a group; ``todo`` collects the scopes to be drawn inside."""
        kind = node.kind
        match kind:
            case WidthKind(body=body, policy=policy):
                number = sketch.group(rule(kind), str(policy), group, planned=planned)
                todo.append((body, number))
            case LoopKind(body=body):
                number = sketch.group(rule(kind), "", group, planned=planned)
                todo.append((body, number))
            case SwitchKind(branches=branches):
                number = sketch.group(rule(kind), "one of these, or none", group, planned=planned)
                for branch in branches:
                    empty = "" if branch.body >= 0 else "empty"
                    inside = sketch.group(repr(branch.key), empty, number, planned=planned)
                    todo += [(branch.body, inside)] * (branch.body >= 0)
            case TaskKind() | JoinKind():
                raise AssertionError(node)
            case _:
                assert_never(kind)
        return number
