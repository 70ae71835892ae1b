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
    for row in state.rows():
        if row.entry.graph == graph:
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
    if item.node < 0:
        return
    node = state.node(item.graph, item.node)
    for child in node.children:
        ref = state.at(item.frame, item.copy, child)
        if ref is not None:
            yield from _readers(state, ref)
    around = state.frame(item.frame)
    if node.last and around is not None:
        yield from _children(state, around)


def _readers(state: Snapshot, ref: Ref) -> Iterator[int]:
    """The entries that first read what reaches a ref: itself, those first in a group, or those behind a join."""
    if ref > 0:
        yield ref
        return
    frame = state.frame(-ref)
    if frame is None:
        return
    if frame.scope < 0 or frame.copies == 0:
        yield from _children(state, frame)
        return
    for copy in range(frame.copies):
        for node in state.scope(frame.graph, frame.scope).first:
            inner = state.at(frame.id, copy, node)
            if inner is not None:
                yield from _readers(state, inner)


def _parents(state: Snapshot, item: Entry | Frame) -> Iterator[int]:
    links = state.node(item.graph, item.node).parents if item.node >= 0 else ()
    if not links:
        around = state.frame(item.frame)
        if around is not None:
            yield from _parents(state, around)
    for link in links:
        ref = state.at(item.frame, item.copy, link.parent)
        if ref is not None:
            yield from _results(state, ref)


def _results(state: Snapshot, ref: Ref) -> Iterator[int]:
    """The entries whose results pass on what a ref returns."""
    if ref > 0:
        yield ref
        return
    frame = state.frame(-ref)
    if frame is None:
        return
    if frame.scope < 0 or frame.copies == 0:
        yield from _parents(state, frame)
        return
    for copy in range(frame.copies):
        for node in state.scope(frame.graph, frame.scope).last:
            inner = state.at(frame.id, copy, node)
            if inner is not None:
                yield from _results(state, inner)
