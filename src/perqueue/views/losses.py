"""Copies of width groups that are lost, and whether the group goes on without them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from perqueue.core.graph import WidthKind
from perqueue.core.policy import OnDiscard
from perqueue.core.records import Entry, Frame, Standing
from perqueue.core.standing import drops_failures, entry_standing, kind_of, standing_of
from perqueue.store.protocol import Snapshot

LOST = frozenset({Standing.dead, Standing.missed})


class Losses:
    """What is lost, in one snapshot; each group's copies are counted once."""

    def __init__(self, state: Snapshot) -> None:
        self._state = state
        self._failed: dict[int, int] = {}

    def fate(self, frame: Frame, copy: int) -> Standing | None:
        """Dead or missed if something that a copy ends in is; None otherwise. A discard weighs more than a failure."""
        lost = {standing_of(self._state, item) for item in self._ends(frame, copy)} & LOST
        return None if not lost else Standing.dead if Standing.dead in lost else Standing.missed

    def failed_copies(self, frame: Frame) -> int:
        """How many copies of a width group failed."""
        if not frame.failed:
            return 0
        if frame.id not in self._failed:
            fates = (self.fate(frame, copy) for copy in range(frame.copies))
            self._failed[frame.id] = sum(fate is Standing.missed for fate in fates)
        return self._failed[frame.id]

    def goes_on(self, frame: Frame, lost: Standing) -> bool:
        """Whether a frame is a width group that goes on without the copies that are lost in this way."""
        kind = kind_of(self._state, frame)
        if not isinstance(kind, WidthKind) or frame.standing in LOST:
            return False
        if lost is Standing.dead:
            return kind.policy.on_discard is OnDiscard.drop
        if drops_failures(self._state, frame, kind.policy):
            return True
        return 0 < kind.policy.tolerate >= self.failed_copies(frame)

    def is_done(self, frame: Frame, copy: int) -> bool:
        """Whether everything that a copy ends in is done, whatever groups in it have left out."""
        return all(standing_of(self._state, item) is Standing.done for item in self._ends(frame, copy))

    def left_out(self, entry: Entry, around: Collection[int] = ()) -> Frame | None:
        """The group that goes on without the copy in which an entry is lost, if one does.

        Args:
            entry: The entry.
            around: Numbers of frames beyond which it is not asked.
        """
        lost = entry_standing(self._state, entry)
        if lost not in LOST:
            return None
        frame = self._state.frame(entry.frame)
        while frame is not None and frame.id not in around:
            if self.goes_on(frame, lost):
                return frame
            frame = self._state.frame(frame.frame)
        return None

    def _ends(self, frame: Frame, copy: int) -> Iterator[Entry | Frame]:
        for node in self._state.scope(frame.graph, frame.scope).last:
            ref = self._state.at(frame.id, copy, node)
            item = None if ref is None else self._state.entry(ref) if ref > 0 else self._state.frame(-ref)
            if item is not None:
                yield item
