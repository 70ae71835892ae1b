"""What a snapshot tells only in parts, read as a whole: the log, and graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from perqueue.core.graph import Node, Scope, bodies

from .protocol import LoggedEvent, Snapshot

_PAGE: Final = 1000


def whole_log(shown: Snapshot) -> Iterator[LoggedEvent]:
    """All events in order, a page at a time."""
    last = 0
    while page := shown.log(after=last, limit=_PAGE):
        yield from page
        last = page[-1].seq


def graph_parts(shown: Snapshot, number: int) -> tuple[tuple[Node, ...], tuple[Scope, ...]]:
    """All nodes and scopes of a graph, in the order of their numbers."""
    nodes: dict[int, Node] = {}
    scopes: dict[int, Scope] = {}
    todo = [0]
    while todo:
        scope = shown.scope(number, todo.pop())
        scopes[scope.index] = scope
        for index in scope.nodes:
            node = nodes[index] = shown.node(number, index)
            todo.extend(bodies(node.kind))
    return tuple(nodes[index] for index in sorted(nodes)), tuple(scopes[index] for index in sorted(scopes))
