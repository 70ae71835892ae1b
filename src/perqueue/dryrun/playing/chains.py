"""The longest chain of what depends on what, worked out while a campaign is simulated.

Each ref that an end touches waits for it, and knows from then on when it could be done at the earliest if nothing ever
waited for a free core. A group or join hands that on when it opens or is done. So a step costs what it touches.
"""

from __future__ import annotations

from typing import TypeAlias

from perqueue.core.decision import Changes
from perqueue.core.records import FrameState, Ref

from ..scenarios.spans import PRECISION

_Mark: TypeAlias = tuple[float, int]
"""When something could be over at the earliest, in seconds; and the entry after which, 0 for the beginning."""

_START: _Mark = (0.0, 0)


class Chains:
    """The chains of all entries."""

    def __init__(self) -> None:
        self._ready: dict[Ref, _Mark] = {}
        self._over: dict[int, _Mark] = {}
        self._longest: _Mark = _START

    def begin(self, changes: Changes, after: _Mark = _START) -> None:
        """What a submission made could begin at once, or when what was submitted before was over."""
        if after == _START:
            return
        for ref in self._touched(changes):
            self._ready[ref] = after

    def attempted(self, key: int, seconds: float) -> None:
        """An attempt of an entry took so long."""
        before, after = self._over.get(key) or self._ready.get(key, _START)
        self._over[key] = (round(before + seconds, PRECISION), after)

    def ended(self, key: int, changes: Changes) -> None:
        """What an entry's end led to."""
        mark = (self._over[key][0], key)
        self._longest = max(self._longest, mark)
        for frames in (changes.frames, changes.new_frames):
            for number, frame in frames.items():
                if frame.state in (FrameState.open, FrameState.done):
                    mark = max(mark, self._ready.get(-number, mark))
        for ref in self._touched(changes):
            if ref != key:
                self._ready[ref] = max(mark, self._ready.get(ref, mark))

    @property
    def latest(self) -> _Mark:
        """The end of the longest chain so far."""
        return self._longest

    def longest(self) -> tuple[float, list[int]]:
        """The longest chain: its length in seconds, and the keys of its entries from first to last."""
        seconds, key = self._longest
        keys: list[int] = []
        while key:
            keys.append(key)
            key = self._over[key][1]
        return seconds, keys[::-1]

    def _touched(self, changes: Changes) -> list[Ref]:
        return [
            *changes.entries,
            *changes.new_entries,
            *(-number for number in changes.frames),
            *(-number for number in changes.new_frames),
        ]
