"""Entries as they stand in each other: submissions, groups, their copies, iterations and branches.

The tree grows from the entries upwards, so that its cost is theirs. Groups without entries (not built yet, or empty)
are added from above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeAlias, assert_never

from attrs import define, field, frozen

from perqueue.core.graph import JoinKind, Kind, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from perqueue.core.policy import Key
from perqueue.core.records import Frame, FrameState, Standing
from perqueue.core.standing import kind_of, opened
from perqueue.core.states import ACTIVE, EntryState
from perqueue.store.protocol import Row, Snapshot

from .losses import Losses
from .surroundings import branch_of
from .switches import empty_branch

_TROUBLE = frozenset({EntryState.failed, EntryState.timeout})
_MOVING = ACTIVE | {EntryState.goahead}


class Level(StrEnum):
    """What a knot of the tree is."""

    submission = "submission"
    group = "group"
    copy = "copy"
    iteration = "iteration"
    branch = "branch"


@frozen
class Leaf:
    """An entry."""

    row: Row


@define(eq=False)
class Knot:
    """A submission, a group, or one copy, iteration or branch of a group.

    Args:
        level: Which of these.
        number: Of the submission's graph, of the group's node, of the copy or iteration; 0 for a branch.
        frame: A group's frame, or the frame that the contents stand in.
        kind: What a group is; of its copies, iterations and branches the same.
        above: What it stands in.
        chosen: Whether something in it was chosen.
        children: Its contents, by their place: nodes of the graph, copies or iterations.
        counts: How many entries in it, chosen or not, are in each state.
        left_out: Whether the group goes on without this copy.
        is_done: Whether this copy of a width group is done: nothing in it is left to run.
        out_of_tries: Whether a loop's last iteration asked for another one, and there may be none.
        key: Key of the branch; of a switch, of the empty one that it took.
    """

    level: Level
    number: int
    frame: Frame
    kind: Kind | None = None
    above: Knot | None = None
    chosen: bool = False
    children: dict[int, Knot | Leaf] = field(factory=dict)
    counts: Counter[EntryState] = field(factory=Counter)
    left_out: bool = False
    is_done: bool = False
    out_of_tries: bool = False
    key: Key | None = None

    @property
    def done(self) -> int:
        """How many copies of a width group are done; those without any contents are, once it is open."""
        if not opened(self.frame):
            return 0
        knots = self.knots()
        return self.frame.copies - len(knots) + sum(knot.is_done for knot in knots)

    @property
    def over(self) -> str:
        """How a group ended that let what follows it down: discarded, failed or out of tries; empty if it didn't."""
        if self.frame.state is not FrameState.open or any(self.counts[state] for state in _MOVING):
            return ""
        match self.frame.standing:
            case Standing.dead:
                return "discarded"
            case Standing.missed:
                return "failed"
            case Standing.pending | Standing.done:
                return "out of tries" if self.out_of_tries else ""
            case _:
                assert_never(self.frame.standing)

    @property
    def troubled(self) -> bool:
        """Whether something in it failed or timed out."""
        return any(self.counts[state] for state in _TROUBLE)

    def knots(self) -> list[Knot]:
        """The children that are no entries, in order."""
        return [child for _, child in sorted(self.children.items()) if isinstance(child, Knot)]


_At: TypeAlias = tuple[int, int]


def tree(state: Snapshot, rows: Iterable[Row], chosen: frozenset[int] | None = None) -> list[Knot]:
    """The submissions, in their order.

    Args:
        state: Where the rows are from.
        rows: All entries of these submissions.
        chosen: Keys of those that are shown, with whatever they stand in; None: all, and groups without entries too.
    """
    growing = _Growing(state)
    for row in rows:
        growing.add(row, chosen=chosen is None or row.entry.key in chosen)
    if chosen is None:
        growing.add_bare_groups()
    growing.sum_up()
    return growing.submissions()


class _Growing:
    """A tree that is being made."""

    def __init__(self, state: Snapshot) -> None:
        self._state = state
        self._knots: list[Knot] = []
        """All of them; what one stands in comes before it."""
        self._bodies: dict[_At, Knot] = {}
        """By frame and copy: what holds the contents."""
        self._groups: dict[int, Knot] = {}
        """By frame."""
        self._inner: dict[_At, list[Node]] = {}

    def add(self, row: Row, *, chosen: bool) -> None:
        """Hang an entry in."""
        entry = row.entry
        body = self._body(entry.frame, entry.copy)
        if body is None:
            return
        body.counts[entry.state] += 1
        if entry.state is EntryState.failed and entry.reason == "tries":
            _mark_loop(row, body)
        if chosen:
            body.children[entry.node] = Leaf(row)
            body.chosen = True

    def add_bare_groups(self) -> None:
        """Hang in the groups without entries that stand beside what is there, and those inside them."""
        todo = list(self._bodies)
        while todo:
            at = todo.pop()
            body = self._bodies[at]
            for node in self._groups_in(body.frame):
                if node.index in body.children:
                    continue
                ref = self._state.at(*at, node.index)
                frame = None if ref is None else self._state.frame(-ref)
                if frame is not None:
                    group = self._group(frame, node.kind, body)
                    group.chosen = True
                    todo += self._bare_bodies(frame, node.kind)

    def sum_up(self) -> None:
        """Carry what is known of the inner knots to the outer ones."""
        losses = Losses(self._state)
        for knot in reversed(self._knots):
            if knot.above is not None:
                knot.above.counts.update(knot.counts)
                knot.above.chosen = knot.above.chosen or knot.chosen
            if knot.level is Level.copy:
                knot.is_done = self._is_done(losses, knot)
                if knot.frame.lost or knot.frame.failed:
                    fate = losses.fate(knot.frame, knot.number)
                    knot.left_out = fate is not None and losses.goes_on(knot.frame, fate)
            elif isinstance(knot.kind, SwitchKind) and knot.level is Level.group and knot.frame.scope < 0:
                knot.key = empty_branch(self._state, knot.frame, knot.kind) if opened(knot.frame) else None

    def _is_done(self, losses: Losses, knot: Knot) -> bool:
        if knot.counts and knot.counts.keys() <= {EntryState.succeeded}:
            return True
        # Only a group inside can have gone on without an entry; asking costs more than counting.
        return bool(knot.knots() or not knot.counts) and losses.is_done(knot.frame, knot.number)

    def submissions(self) -> list[Knot]:
        """Those in which something was chosen."""
        found = (knot for knot in self._knots if knot.level is Level.submission and knot.chosen)
        return sorted(found, key=lambda knot: knot.number)

    def _body(self, number: int, copy: int) -> Knot | None:
        """What holds the contents of a copy of a frame, made with all that it stands in; None if that is gone."""
        way: list[tuple[Frame, int]] = []
        while (number, copy) not in self._bodies:
            frame = self._state.frame(number)
            if frame is None:
                return None
            way.append((frame, copy))
            if not frame.frame:
                break
            number, copy = frame.frame, frame.copy
            if frame.node < 0:  # a loop is no body: its iterations are
                loop = self._state.frame(number)
                if loop is None:
                    return None
                number, copy = loop.frame, loop.copy
        above = self._bodies.get((number, copy))
        for frame, at in reversed(way):
            above = self._bodies[frame.id, at] = self._make_body(frame, at, above)
        return above

    def _make_body(self, frame: Frame, copy: int, above: Knot | None) -> Knot:
        if above is None:
            return self._keep(Knot(Level.submission, frame.graph, frame))
        if frame.node < 0:
            loop = self._state.frame(frame.frame)
            assert loop is not None
            group = self._group(loop, self._kind(loop), above)
            return self._keep(Knot(Level.iteration, frame.copy, frame, group.kind, group))
        kind = self._kind(frame)
        group = self._group(frame, kind, above)
        if isinstance(kind, SwitchKind):
            return self._keep(Knot(Level.branch, 0, frame, kind, group, key=branch_of(kind, frame.scope)))
        return self._keep(Knot(Level.copy, copy, frame, kind, group))

    def _group(self, frame: Frame, kind: Kind, above: Knot) -> Knot:
        found = self._groups.get(frame.id)
        if found is None:
            found = self._groups[frame.id] = self._keep(Knot(Level.group, frame.node, frame, kind, above))
        return found

    def _keep(self, knot: Knot) -> Knot:
        self._knots.append(knot)
        if knot.above is not None:
            knot.above.children[knot.number] = knot
        return knot

    def _bare_bodies(self, frame: Frame, kind: Kind) -> Iterator[_At]:
        """Make the bodies of a group without entries that have groups inside."""
        match kind:
            case WidthKind() | SwitchKind():
                places = [(frame.id, copy) for copy in range(frame.copies if frame.scope >= 0 else 0)]
            case LoopKind():
                refs = (self._state.at(frame.id, copy, -1) for copy in range(frame.copies))
                places = [(-ref, 0) for ref in refs if ref is not None]
            case TaskKind() | JoinKind():
                raise AssertionError(kind)
            case _:
                assert_never(kind)
        if self._groups_of(frame.graph, frame.scope):
            for place in places:
                self._body(*place)
                yield place

    def _groups_in(self, frame: Frame) -> list[Node]:
        return self._groups_of(frame.graph, frame.scope)

    def _groups_of(self, graph: int, scope: int) -> list[Node]:
        """The groups that stand directly in a scope."""
        if scope < 0:
            return []
        found = self._inner.get((graph, scope))
        if found is None:
            nodes = [self._state.node(graph, node) for node in self._state.scope(graph, scope).nodes]
            found = [node for node in nodes if not isinstance(node.kind, TaskKind | JoinKind)]
            self._inner[graph, scope] = found
        return found

    def _kind(self, frame: Frame) -> Kind:
        kind = kind_of(self._state, frame)
        assert kind is not None
        return kind


def _mark_loop(row: Row, body: Knot) -> None:
    """Mark the loop that refused an entry's result, as no iteration is left."""
    outcome = None if row.result is None else row.result.outcome
    lines = [] if outcome is None else outcome.message.splitlines()
    knot: Knot | None = body
    while knot is not None:
        kind = knot.kind if knot.level is Level.iteration else None
        if isinstance(kind, LoopKind) and any(line.startswith(f"{kind.label}: ") for line in lines):
            assert knot.above is not None  # the loop
            knot.above.out_of_tries = True
            return
        knot = knot.above
