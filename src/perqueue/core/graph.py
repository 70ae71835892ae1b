"""A compiled workflow: numbered nodes in scopes, which is what the planner works from.

A *scope* is a body in which tasks run: the whole submission, or what stands inside one group. Scope 0 is the whole.
Nodes are numbered through all scopes, in topological order inside each. Where at least two nodes share the same two
or more parents, a *join* stands between: it holds the parents' merged results once, and two layers that are joined
all-to-all cost as many links as they have nodes, not their product.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from .tasklike import Ports, Task


@frozen
class TaskKind:
    """A node that becomes one entry. ``task`` is an index into the graph's tasks."""

    task: int


@frozen
class WidthKind:
    """A static width group: ``width`` copies of scope ``body``."""

    body: int
    width: int
    label: str


@frozen
class JoinKind:
    """Nothing runs here: the results of the parents meet."""


Kind: TypeAlias = TaskKind | WidthKind | JoinKind


@frozen
class Link:
    """A parent, and which of its values are passed on (None: all)."""

    parent: int
    ports: Ports | None = None


@frozen
class Node:
    """One place in a graph.

    Args:
        index: Its number in the graph.
        scope: The scope that it stands in.
        kind: What happens here.
        parents: What it depends on, all in the same scope.
        children: Numbers of the nodes that depend on it.
        last: Whether nothing in its scope depends on it, so that the scope's end waits for it.
    """

    index: int
    scope: int
    kind: Kind
    parents: tuple[Link, ...]
    children: tuple[int, ...]
    last: bool


@frozen
class Scope:
    """A body. ``nodes`` in topological order; ``first`` depend on nothing in it, on ``last`` nothing depends."""

    index: int
    nodes: tuple[int, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]


@frozen(eq=False)
class Graph:
    """A compiled TaskLike. ``tasks`` are the distinct tasks, each once however many nodes run it."""

    tasks: tuple[Task, ...]
    nodes: tuple[Node, ...]
    scopes: tuple[Scope, ...]

    def edges(self) -> frozenset[tuple[int, int]]:
        """Every pair (parent, child), joins included."""
        return frozenset((link.parent, node.index) for node in self.nodes for link in node.parents)
