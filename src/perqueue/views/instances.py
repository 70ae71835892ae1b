"""Who gives results to whom: groups, iterations and joins looked through.

What stands first in a group gets what the group gets, and a group gives what its last tasks give. An iteration of a
loop gets what the one before it gives; the first one gets what the loop gets, the last one gives what the loop gives.
Through an empty group, a branch that was not taken, and a group that is not built yet, results pass as if it weren't
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from perqueue.core.graph import JoinKind, LoopKind, SwitchKind, TaskKind, WidthKind
from perqueue.core.records import Entry, Frame, Ref
from perqueue.core.standing import kind_of
from perqueue.store.protocol import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    return _entries(state, before(state, item, set()), first=False)


def children_of(state: Snapshot, entry: Entry) -> list[int]:
    """Keys of the entries that get an entry's results, ascending: those for which it is one of the parents."""
    return _entries(state, after(state, entry), first=True)


def before(state: Snapshot, item: Entry | Frame, climbed: set[int]) -> list[Ref]:
    """What gives to an item: what it depends on, or what the frame around it does, if it stands first there.

    ``climbed`` collects the frames that were left on the way. One that is in it already gives nothing again: so a
    walk over all copies of a group asks once what comes before the group.
    """
    while True:
        if item.node < 0 and item.frame and item.copy > 0:
            return _there(state, item.frame, item.copy - 1, (-1,))
        links = state.node(item.graph, item.node).parents if item.node >= 0 else ()
        if links:
            return _there(state, item.frame, item.copy, [link.parent for link in links])
        around = state.frame(item.frame)
        if around is None or around.id in climbed:
            return []
        climbed.add(around.id)
        item = around


def after(state: Snapshot, item: Entry | Frame) -> list[Ref]:
    """What an item gives to: what depends on it, or on the frame around it, if it stands last there."""
    while True:
        if item.node >= 0 and (children := state.node(item.graph, item.node).children):
            return _there(state, item.frame, item.copy, children)
        around = state.frame(item.frame)
        if around is None:
            return []
        if item.node < 0 and (following := _there(state, item.frame, item.copy + 1, (-1,))):
            return following
        item = around


def inside(state: Snapshot, frame: Frame, *, first: bool) -> list[Ref] | None:
    """What stands first or last in a frame; None if results pass through it."""
    kind = kind_of(state, frame)
    match kind:
        case JoinKind():
            return None
        case LoopKind():
            return _there(state, frame.id, 0 if first else frame.copies - 1, (-1,))
        case WidthKind() | SwitchKind() | TaskKind() | None:
            if frame.copies == 0 or frame.scope < 0:
                return None
            scope = state.scope(frame.graph, frame.scope)
            nodes = scope.first if first else scope.last
            return [ref for copy in range(frame.copies) for ref in _there(state, frame.id, copy, nodes)]
        case _:
            assert_never(kind)


def _entries(state: Snapshot, refs: list[Ref], *, first: bool) -> list[int]:
    """The entries at one end of the refs, ascending: themselves, what stands at a frame's end, or what is beyond it."""
    found: list[int] = []
    todo, seen, climbed = list(refs), set(refs), set[int]()
    while todo:
        ref = todo.pop()
        if ref > 0:
            found.append(ref)
            continue
        frame = state.frame(-ref)
        if frame is None:
            continue
        ends = inside(state, frame, first=first)
        if ends is None:
            ends = after(state, frame) if first else before(state, frame, climbed)
        todo += [end for end in ends if end not in seen]
        seen.update(ends)
    return sorted(found)


def _there(state: Snapshot, frame: int, copy: int, nodes: Iterable[int]) -> list[Ref]:
    """What stands at places of a copy; what was removed is left out."""
    refs = (state.at(frame, copy, node) for node in nodes)
    return [ref for ref in refs if ref is not None]
