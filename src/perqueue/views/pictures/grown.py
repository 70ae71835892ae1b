"""The picture of an instance: what came of a description.

Everything is drawn for a list of *places*, a frame and a copy each, that are drawn as one. Where there are few entries
each place is drawn by itself. With many, all copies of a group are one list, and their entries share boxes; so are the
iterations of a loop, where these are many or the loop itself is in many places.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias, assert_never

from perqueue.core.graph import JoinKind, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from perqueue.core.records import Frame
from perqueue.core.standing import opened
from perqueue.store.protocol import Row, Snapshot

from ..losses import Losses
from ..rules import name
from ..surroundings import branch_of
from .boxes import Sketch
from .template import Description

_Place: TypeAlias = tuple[int, int]
_ITERATIONS: Final = 12
"""Iterations that are drawn one by one where entries share boxes."""


class Instance:
    """Draws one submission.

    Args:
        state: What to read.
        rows: Its entries, at least one.
        sketch: Where to draw.
        most: Of more tasks side by side than this, equal ones share a box where they are not there yet.
        single: Whether each entry has a box of its own.
        planned: Whether to draw also what is not there yet.
    """

    def __init__(
        self, state: Snapshot, rows: list[Row], sketch: Sketch, most: int, *, single: bool, planned: bool
    ) -> None:
        self._state, self._sketch, self._most, self._planned = state, sketch, most, planned
        self._described = Description(state, rows[0].entry.graph)
        self._losses = Losses(state)
        self._rows = {(row.entry.frame, row.entry.copy, row.entry.node): row for row in rows}
        self._single = single
        self._todo: deque[tuple[int, list[_Place], int]] = deque([(0, [(_root(state, rows[0]), 0)], 0)])

    def draw(self) -> None:
        """Draw it."""
        while self._todo:
            scope, places, group = self._todo.popleft()
            drawn: dict[int, int] = {}
            nodes = self._described.nodes(scope)
            # Only what stands side by side in the same places can share a box.
            for alike in self._described.alike(nodes, len(nodes) if self._single else 0):
                box = self._draw(alike, places, group)
                if box:
                    drawn |= dict.fromkeys((node.index for node in alike), box)
            self._described.connect(self._sketch, drawn)

    def _draw(self, nodes: list[Node], places: list[_Place], group: int) -> int:
        """Draw nodes that are alike; the number of their box or group, 0 if nothing of them is there."""
        kind = nodes[0].kind
        match kind:
            case TaskKind():
                keys = ((frame, copy, node.index) for node in nodes for frame, copy in places)
                rows = [row for key in keys if (row := self._rows.get(key)) is not None]
                return self._sketch.entries(rows, group) if rows else 0
            case JoinKind():
                return 0
            case WidthKind() | LoopKind() | SwitchKind():
                return self._draw_group(nodes[0], kind, places, group)
            case _:
                assert_never(kind)

    def _draw_group(self, node: Node, kind: WidthKind | LoopKind | SwitchKind, places: list[_Place], group: int) -> int:
        frames = self._frames(node, places)
        match kind:
            case WidthKind():
                built = [frame for frame in frames if kind.width is not None or frame.copies or opened(frame)]
            case LoopKind():
                built = frames
            case SwitchKind():
                built = [frame for frame in frames if frame.scope >= 0 or opened(frame)]
            case _:
                assert_never(kind)
        if not built:
            planned = self._planned and frames
            return self._described.draw_group(self._sketch, node, group, self._most) if planned else 0
        rest = f", {len(frames) - len(built)} undecided" if len(built) < len(frames) else ""
        match kind:
            case WidthKind():
                return self._draw_width(kind, built, rest, group)
            case LoopKind():
                return self._draw_loop(kind, built, group)
            case SwitchKind():
                return self._draw_switch(kind, built, rest, group)
            case _:
                assert_never(kind)

    def _draw_width(self, kind: WidthKind, frames: list[Frame], rest: str, group: int) -> int:
        copies = [(frame.id, copy) for frame in frames for copy in range(frame.copies)]
        left_out = {
            (frame.id, copy)
            for frame in frames
            if frame.lost or frame.failed
            for copy in range(frame.copies)
            if (fate := self._losses.fate(frame, copy)) is not None and self._losses.goes_on(frame, fate)
        }
        details = [str(kind.policy)] * bool(str(kind.policy)) + [f"{len(left_out)} left out"] * bool(left_out)
        number = self._sketch.group(f"{name(kind)} ×{len(copies)}{rest}", ", ".join(details), group)
        if not self._single:
            self._later(kind.body, copies, number)
            return number
        # A body of one task says by its key which one it is; others are kept together, and so is what is left out.
        alone = len(self._described.nodes(kind.body)) == 1 or len(copies) == 1
        for place in copies:
            inside = number
            if place in left_out or not alone:
                inside = self._sketch.group(f"copy {place[1]}", "left out" if place in left_out else "", number)
            self._later(kind.body, [place], inside)
        return number

    def _draw_loop(self, kind: LoopKind, frames: list[Frame], group: int) -> int:
        found = [(loop, copy) for loop in frames for copy in range(loop.copies)]
        refs = [(copy, ref) for loop, copy in found if (ref := self._state.at(loop.id, copy, -1)) is not None]
        limit = max(loop.limit or kind.max_tries for loop in frames)
        times = "1 iteration" if len(refs) == 1 else f"{len(refs)} iterations"
        number = self._sketch.group(f"{name(kind)} ≤ {limit}", times, group)
        if len(frames) > 1 or not (self._single or len(refs) <= _ITERATIONS):
            self._later(kind.body, [(-ref, 0) for _, ref in refs], number)
            return number
        before = 0
        for copy, ref in refs:
            inside = self._sketch.group(f"iteration {copy}", "", number)
            if before:
                self._sketch.arrow(before, inside)
            before = inside
            self._later(kind.body, [(-ref, 0)], inside)
        return number

    def _draw_switch(self, kind: SwitchKind, frames: list[Frame], rest: str, group: int) -> int:
        if len(frames) == 1:
            (frame,) = frames
            taken = "no branch" if frame.scope < 0 else repr(branch_of(kind, frame.scope))
            number = self._sketch.group(f"{name(kind)} → {taken}", "", group)
            self._later(frame.scope, [(frame.id, 0)], number)
            return number
        none = sum(frame.scope < 0 for frame in frames)
        number = self._sketch.group(f"{name(kind)}{rest}", f"{none} took no branch" if none else "", group)
        for branch in kind.branches:
            taken_by = [(frame.id, 0) for frame in frames if frame.scope == branch.body >= 0]
            if taken_by:
                self._later(branch.body, taken_by, self._sketch.group(f"{branch.key!r} ×{len(taken_by)}", "", number))
        return number

    def _later(self, scope: int, places: list[_Place], group: int) -> None:
        """Draw the inside of a group when it is its turn: on a list, as groups may be nested deeply."""
        if scope >= 0 and places:
            self._todo.append((scope, places, group))

    def _frames(self, node: Node, places: list[_Place]) -> list[Frame]:
        refs = (self._state.at(frame, copy, node.index) for frame, copy in places)
        found = (self._state.frame(-ref) for ref in refs if ref is not None)
        return [frame for frame in found if frame is not None]


def _root(state: Snapshot, row: Row) -> int:
    """The frame of an entry's submission."""
    number = row.entry.frame
    while (frame := state.frame(number)) is not None and frame.frame:
        number = frame.frame
    return number
