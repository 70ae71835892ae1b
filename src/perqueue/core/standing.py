"""What an entry or frame is for whatever depends on it, worked out from its state and its counters."""

from __future__ import annotations

from typing import Protocol, assert_never

from .graph import JoinKind, Kind, LoopKind, Node, Scope, SwitchKind, TaskKind, WidthKind
from .policy import STRICT, OnDiscard, Policy
from .records import Entry, Frame, FrameState, Ref, Standing
from .states import EntryState


class Around(Protocol):
    """What is read of the things around."""

    def node(self, graph: int, node: int) -> Node:
        """A node of a graph."""
        ...

    def scope(self, graph: int, scope: int) -> Scope:
        """A scope of a graph."""
        ...

    def at(self, frame: int, copy: int, node: int) -> Ref | None:
        """What stands at a place."""
        ...

    def entry(self, key: int) -> Entry | None:
        """An entry."""
        ...

    def frame(self, number: int) -> Frame | None:
        """A frame."""
        ...


def kind_of(around: Around, frame: Frame) -> Kind | None:
    """What a frame is an instance of; None for a submission and for an iteration of a loop."""
    return None if frame.node < 0 else around.node(frame.graph, frame.node).kind


def opened(frame: Frame) -> bool:
    """Whether what stands first in the frame has been let go."""
    return frame.state in (FrameState.open, FrameState.done)


def blocked(item: Entry | Frame) -> Standing | None:
    """Dead or missed if something that the item depends on is: a discard weighs more than a failure."""
    if item.dead:
        return Standing.dead
    return Standing.missed if item.missed else None


def entry_standing(around: Around, entry: Entry) -> Standing:
    """The standing of an entry."""
    match entry.state:
        case EntryState.succeeded:
            return Standing.done
        case EntryState.discarded:
            return Standing.dead
        case EntryState.axed:
            return blocked(entry) or Standing.dead
        case EntryState.failed | EntryState.timeout if tolerated(around, entry):
            return Standing.missed
        case _:
            return Standing.pending


def tolerated(around: Around, item: Entry | Frame) -> bool:
    """Whether a group around the place tolerates failures."""
    return around.scope(item.graph, around.node(item.graph, item.node).scope).tolerant


def frame_standing(around: Around, frame: Frame) -> Standing:
    """The standing of a frame, as its counters and what stands in it say."""
    if (block := blocked(frame)) is not None:
        return block
    if not opened(frame):
        return Standing.pending
    kind = kind_of(around, frame)
    match kind:
        case JoinKind():
            return Standing.done
        case WidthKind(policy=policy):
            return _of_copies(around, frame, policy)
        case LoopKind() | SwitchKind() | TaskKind() | None:
            return _of_copies(around, frame, STRICT)
        case _:
            assert_never(kind)


def survivors(around: Around, frame: Frame) -> list[int]:
    """The copies of which no last node is dead or missed."""
    return [copy for copy in range(frame.copies) if not _fates(around, frame, copy) & _LOST]


def drops_failures(around: Around, frame: Frame, policy: Policy) -> bool:
    """Whether a group drops copies that failed: those that a group inside tolerated until none of its own was left.

    Where failures are counted, the count decides. Where they are not, a failed entry is waited for, and only what a
    group inside has given up comes out as failed: it is dropped as what is discarded is.
    """
    return policy.on_discard is OnDiscard.drop and not around.scope(frame.graph, frame.scope).tolerant


_LOST = frozenset({Standing.dead, Standing.missed})


def _of_copies(around: Around, frame: Frame, policy: Policy) -> Standing:
    if frame.open == 0:
        return Standing.done
    if frame.lost and policy.on_discard is OnDiscard.axe:
        return Standing.dead
    drops = drops_failures(around, frame, policy)
    if frame.failed and not policy.tolerate and not drops:
        return Standing.missed
    if frame.open > frame.lost + frame.failed:
        return Standing.pending
    fates = [_fates(around, frame, copy) for copy in range(frame.copies)]
    if not drops and sum(Standing.missed in fate for fate in fates) > policy.tolerate:
        return Standing.missed if tolerated(around, frame) else Standing.pending
    if any(not fate & _LOST for fate in fates):
        return Standing.done
    # No copy is left to go on with: that is a failure if nothing but failures made it so.
    return Standing.dead if any(Standing.dead in fate for fate in fates) else Standing.missed


def _fates(around: Around, frame: Frame, copy: int) -> set[Standing]:
    """The standings of the last nodes of one copy."""
    found: set[Standing] = set()
    for node in around.scope(frame.graph, frame.scope).last:
        ref = around.at(frame.id, copy, node)
        item = None if ref is None else around.entry(ref) if ref > 0 else around.frame(-ref)
        if item is not None:
            found.add(item.standing if isinstance(item, Frame) else entry_standing(around, item))
    return found


def standing_of(around: Around, item: Entry | Frame) -> Standing:
    """The standing of either; a frame's is kept with it."""
    return item.standing if isinstance(item, Frame) else entry_standing(around, item)
