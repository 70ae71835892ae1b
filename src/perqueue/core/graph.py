"""A compiled workflow: numbered nodes in scopes, which is what the planner works from.

A *scope* is a body in which tasks run: the whole submission, or what stands inside one group. Scope 0 is the whole.
Nodes are numbered through all scopes, in topological order inside each. Where at least two nodes share the same two
or more parents, a *join* stands between: it holds the parents' merged results once, and two layers that are joined
all-to-all cost as many links as they have nodes, not their product.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from attrs import frozen

from .policy import STRICT, Key, Policy
from .task import Task
from .tasklike import Ports


@frozen
class TaskKind:
    """A node that becomes one entry. ``task`` is an index into the graph's tasks; ``typed``: it takes one value."""

    task: int
    typed: bool = False


@frozen
class WidthKind:
    """A width group: copies of scope ``body``; as many as ``width`` says, or (None) as its inputs say."""

    body: int
    width: int | None
    label: str
    policy: Policy = STRICT


@frozen
class LoopKind:
    """A loop over scope ``body``, at most ``max_tries`` times unless its inputs say otherwise."""

    body: int
    max_tries: int
    label: str


@frozen
class Branch:
    """A choice of a switch: ``body`` is a scope, or -1 if the branch is empty."""

    key: Key
    body: int


@frozen
class SwitchKind:
    """A choice between branches, which its inputs make."""

    branches: tuple[Branch, ...]
    label: str


@frozen
class JoinKind:
    """Nothing runs here: the results of the parents meet."""


Kind: TypeAlias = TaskKind | WidthKind | LoopKind | SwitchKind | JoinKind


def bodies(kind: Kind) -> tuple[int, ...]:
    """The scopes that a node of this kind may run."""
    match kind:
        case WidthKind(body=body) | LoopKind(body=body):
            return (body,)
        case SwitchKind(branches=branches):
            return tuple(branch.body for branch in branches if branch.body >= 0)
        case TaskKind() | JoinKind():
            return ()
        case _:
            assert_never(kind)


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
    """A body.

    Args:
        index: Its number in the graph.
        nodes: What stands in it, in topological order.
        first: What depends on nothing in it.
        last: What nothing in it depends on.
        tolerant: Whether a group around it tolerates failures, so that one of them does not keep everything waiting.
    """

    index: int
    nodes: tuple[int, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]
    tolerant: bool = False


@frozen(eq=False)
class Graph:
    """A compiled TaskLike. ``tasks`` are the distinct tasks, each once however many nodes run it."""

    tasks: tuple[Task, ...]
    nodes: tuple[Node, ...]
    scopes: tuple[Scope, ...]

    def edges(self) -> frozenset[tuple[int, int]]:
        """Every pair (parent, child), joins included."""
        return frozenset((link.parent, node.index) for node in self.nodes for link in node.parents)
