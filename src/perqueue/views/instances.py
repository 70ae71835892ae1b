"""The entries of a submission and what depends on what, with joins and groups looked through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perqueue.core.records import Entry, Frame, Ref
from perqueue.store.protocol import Snapshot

if TYPE_CHECKING:
    import networkx as nx


def dependency_graph(state: Snapshot, graph: int) -> nx.DiGraph[int]:
    """Keys of the entries of a graph; an edge from u to v says that u depends on v."""
    import networkx as nx  # it takes its time to import, and not everybody who asks for parents draws

    found: nx.DiGraph[int] = nx.DiGraph()
    for row in state.rows(state.keys_of(graph)):
        found.add_node(row.entry.key)
        found.add_edges_from((row.entry.key, parent) for parent in parents_of(state, row.entry))
    return found


def parents_of(state: Snapshot, item: Entry | Frame) -> list[int]:
    """Keys of the entries whose results an entry or frame gets, ascending, whether they are there yet or not."""
    return sorted(set(_parents(state, item)))


def children_of(state: Snapshot, entry: Entry) -> list[int]:
    """Keys of the entries that get an entry's results, ascending: those for which it is one of the parents."""
    return sorted(set(_children(state, entry)))


def _children(state: Snapshot, item: Entry | Frame) -> Iterator[int]:
    """Who first reads what an item returns, group boundaries looked through."""
    if item.node < 0:
        return
    node = state.node(item.graph, item.node)
    for child in node.children:
        yield from _entries_at(state, state.at(item.frame, item.copy, child), first=True)
    around = state.frame(item.frame)
    if node.last and around is not None:
        yield from _children(state, around)


def _parents(state: Snapshot, item: Entry | Frame) -> Iterator[int]:
    """Whose results an item reads, group boundaries looked through."""
    links = state.node(item.graph, item.node).parents if item.node >= 0 else ()
    for link in links:
        yield from _entries_at(state, state.at(item.frame, item.copy, link.parent), first=False)
    around = state.frame(item.frame)
    if not links and around is not None:
        yield from _parents(state, around)


def _entries_at(state: Snapshot, ref: Ref | None, *, first: bool) -> Iterator[int]:
    """The entries at one end of a ref: itself, a group's first or last, or those beyond a join or an empty group."""
    if ref is None:
        return
    if ref > 0:
        yield ref
        return
    frame = state.frame(-ref)
    if frame is None:
        return
    if frame.scope < 0 or frame.copies == 0:
        yield from _children(state, frame) if first else _parents(state, frame)
        return
    scope = state.scope(frame.graph, frame.scope)
    for copy in range(frame.copies):
        for node in scope.first if first else scope.last:
            yield from _entries_at(state, state.at(frame.id, copy, node), first=first)
