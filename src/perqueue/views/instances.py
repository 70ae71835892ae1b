"""The entries of a submission and what depends on what, with joins and groups looked through."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from perqueue.core.records import Entry, Frame, Ref
from perqueue.store.protocol import Snapshot


def dependency_graph(state: Snapshot, graph: int) -> nx.DiGraph[int]:
    """Keys of the entries of a graph; an edge from u to v says that u depends on v."""
    found: nx.DiGraph[int] = nx.DiGraph()
    for row in state.rows():
        if row.entry.graph == graph:
            found.add_node(row.entry.key)
            found.add_edges_from((row.entry.key, parent) for parent in parents_of(state, row.entry))
    return found


def parents_of(state: Snapshot, item: Entry | Frame) -> list[int]:
    """Keys of the entries whose results an entry or frame gets, ascending, whether they are there yet or not."""
    return sorted(set(_parents(state, item)))


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
