"""What is looked for among entries and attempts, kept up to date row by row: no question walks over the whole queue."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TypeVar

from attrs import define, field

from perqueue.core.records import Entry
from perqueue.core.states import EntryState

_K = TypeVar("_K")


@define
class Indexes:
    """Keys by state and by lane, and the numbers of each entry's attempts."""

    by_state: dict[EntryState, set[int]] = field(factory=dict)
    ready: dict[str, list[int]] = field(factory=dict)
    active: dict[str, list[int]] = field(factory=dict)
    attempts: dict[int, list[int]] = field(factory=dict)

    def entry(self, old: Entry | None, new: Entry | None) -> None:
        """An entry came, changed or went."""
        if old is not None and new is not None and old.state is new.state and old.executor == new.executor:
            return
        if old is not None:
            self.by_state[old.state].discard(old.key)
            if not self.by_state[old.state]:
                del self.by_state[old.state]
            lanes = self._lanes(old.state)
            if lanes is not None:
                _take(lanes, old.executor, old.key)
        if new is not None:
            self.by_state.setdefault(new.state, set()).add(new.key)
            lanes = self._lanes(new.state)
            if lanes is not None:
                insort(lanes.setdefault(new.executor, []), new.key)

    def attempt(self, at: tuple[int, int], *, known: bool, stays: bool) -> None:
        """An attempt came or went."""
        key, number = at
        if stays and not known:
            insort(self.attempts.setdefault(key, []), number)
        elif known and not stays:
            _take(self.attempts, key, number)

    def _lanes(self, state: EntryState) -> dict[str, list[int]] | None:
        if state is EntryState.goahead:
            return self.ready
        return self.active if state.active else None


def _take(lists: dict[_K, list[int]], name: _K, number: int) -> None:
    found = lists[name]
    del found[bisect_left(found, number)]
    if not found:
        del lists[name]
