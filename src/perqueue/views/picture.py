"""What a picture of a queue shows: boxes and arrows, before anything is drawn.

A box is an entry, or with many entries all copies of a task of a wide group, and tasks described side by side under
one name. An arrow goes from what gives a result to what gets it; groups and joins are looked through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from attrs import field, frozen

from perqueue.core.graph import JoinKind, Node, TaskKind, WidthKind
from perqueue.core.states import EntryState
from perqueue.store.protocol import Row, Snapshot

from .instances import parents_of

MOST: Final = 60
"""Entries that are drawn one by one."""
_GRAVE: Final = (
    EntryState.failed, EntryState.timeout, EntryState.running, EntryState.queueing, EntryState.goahead,
    EntryState.discarded, EntryState.axed, EntryState.waiting, EntryState.succeeded, EntryState.undefined,
)  # fmt: skip
"""The state that gives a box of many its colour: the first of these that occurs."""


@frozen
class Box:
    """A box: its number, the task's name, the entries in it, and how many are in each state."""

    id: int
    name: str
    keys: tuple[int, ...] = ()
    counts: Mapping[EntryState, int] = field(factory=dict)
    copies: int = 1

    @property
    def state(self) -> EntryState | None:
        """The state that gives it its colour; None in a template."""
        return next((state for state in _GRAVE if self.counts.get(state)), None)

    @property
    def detail(self) -> str:
        """The second line of its label: ``3``, or ``40 s, 2 f`` for many."""
        if len(self.keys) == 1 and self.copies == 1:
            return str(self.keys[0])
        return ", ".join(f"{self.counts[state]} {state.letter}" for state in EntryState if self.counts.get(state))

    @property
    def title(self) -> str:
        """The first line of its label: the name, and how many there are."""
        return self.name if self.copies == 1 else f"{self.name} ×{self.copies}"


@frozen
class Picture:
    """Boxes, and arrows between their numbers."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]


def picture(state: Snapshot, graph: int | None = None, *, template: bool = False, most: int = MOST) -> Picture:
    """The picture of a submission, or of all of them.

    Args:
        state: What to draw.
        graph: Number of the submission's graph; None: all.
        template: The description: each task of a group once, without entries and states.
        most: With more entries (or tasks, in a template) than this, equal ones share a box.
    """
    rows = [row for row in state.rows() if graph in (None, row.entry.graph)]
    if not template and len(rows) <= most:
        return _one_by_one(state, rows)
    by_node: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        by_node.setdefault((row.entry.graph, row.entry.node), []).append(row)
    boxes: list[Box] = []
    arrows: dict[tuple[int, int], None] = {}
    for number in sorted({graph for graph, _ in by_node}):
        _add_graph(_Description(state, number), by_node, boxes, arrows, template=template, most=most)
    return Picture(tuple(boxes), tuple(arrows))


def _one_by_one(state: Snapshot, rows: list[Row]) -> Picture:
    keys = {row.entry.key for row in rows}
    boxes = tuple(Box(row.entry.key, row.task.name, (row.entry.key,), {row.entry.state: 1}) for row in rows)
    pairs = ((parent, row.entry.key) for row in rows for parent in parents_of(state, row.entry))
    return Picture(boxes, tuple((parent, child) for parent, child in pairs if parent in keys))


def _add_graph(
    described: _Description,
    by_node: Mapping[tuple[int, int], list[Row]],
    boxes: list[Box],
    arrows: dict[tuple[int, int], None],
    *,
    template: bool,
    most: int,
) -> None:
    nodes = [n for n in described.tasks if template or (described.graph, n) in by_node]
    together = described.alike(nodes) if not template or len(nodes) > most else {n: n for n in nodes}
    members: dict[int, list[int]] = {}
    for node in nodes:
        members.setdefault(together[node], []).append(node)
    box_of: dict[int, int] = {}
    for first, alike in members.items():
        box_of |= dict.fromkeys(alike, len(boxes) + 1)
        found = [row for node in alike for row in by_node.get((described.graph, node), ())]
        name = described.name(first)
        if template:
            boxes.append(Box(len(boxes) + 1, name, copies=len(alike)))
        else:
            keys = tuple(sorted(row.entry.key for row in found))
            states = Counter(row.entry.state for row in found)
            boxes.append(Box(len(boxes) + 1, name, keys, states, len(keys)))
    for first in members:
        for parent in described.parents(first):
            if parent in box_of:
                arrows[box_of[parent], box_of[first]] = None


class _Description:
    """A compiled graph, with the node that each body belongs to."""

    def __init__(self, state: Snapshot, graph: int) -> None:
        self.graph = graph
        self.tasks: list[int] = []
        self._state = state
        self._owner: dict[int, int] = {}
        self._enter(0)

    def name(self, node: int) -> str:
        """The name of a node's task."""
        return self._state.task(self._state.node_task(self.graph, node)).name

    def alike(self, nodes: Collection[int]) -> dict[int, int]:
        """For each node the first one that has its name, its parents and its children."""
        first: dict[object, int] = {}
        return {n: first.setdefault((self.name(n), self._node(n).parents, self._node(n).children), n) for n in nodes}

    def parents(self, node: int) -> Iterator[int]:
        """The task nodes whose results a node gets."""
        described = self._node(node)
        for link in described.parents:
            yield from self._results(link.parent)
        if not described.parents and described.scope in self._owner:
            yield from self.parents(self._owner[described.scope])

    def _results(self, node: int) -> Iterator[int]:
        match self._node(node).kind:
            case TaskKind():
                yield node
            case WidthKind(body, width) if width:
                for last in self._state.scope(self.graph, body).last:
                    yield from self._results(last)
            case WidthKind() | JoinKind():
                yield from self.parents(node)

    def _enter(self, scope: int) -> None:
        for node in self._state.scope(self.graph, scope).nodes:
            kind = self._node(node).kind
            if isinstance(kind, TaskKind):
                self.tasks.append(node)
            elif isinstance(kind, WidthKind):
                self._owner[kind.body] = node
                self._enter(kind.body)

    def _node(self, node: int) -> Node:
        return self._state.node(self.graph, node)
