"""How work is getting on: the entries of some submissions, or all of a queue, and what changed since the last look."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection

from attrs import frozen

from perqueue.core.states import ACTIVE, EntryState
from perqueue.engine.folder import QueueFolder
from perqueue.store.protocol import Row, Snapshot, Store

_MOVING = ACTIVE | {EntryState.goahead}


@frozen
class Change:
    """An entry that came into another state; ``message``: what went wrong with it."""

    key: int
    name: str
    state: EntryState
    message: str = ""


@frozen
class Running:
    """An entry with an executor, and when it started (Unix seconds), if it did."""

    key: int
    name: str
    state: EntryState
    started: float | None


class Progress:
    """Follows entries of one queue.

    Args:
        folder: The queue.
        store: Its state.
        keys: Entries whose submissions are followed, with whatever those submissions make later; None: all.
    """

    def __init__(self, folder: QueueFolder, store: Store, keys: Collection[int] | None = None) -> None:
        self.folder, self.store = folder, store
        self._asked = None if keys is None else frozenset(keys)
        self._graphs: set[int] = set()
        self._last = 0
        self._names: dict[int, str] = {}
        self._version: int | None = None
        self._held_by_stops = False
        self.states: dict[int, EntryState] = {}
        """The state of each entry that is followed, at the last look."""

    def look(self) -> list[Change]:
        """Look again: the entries whose state is another than at the last look, ascending."""
        version = self.store.version()
        if version == self._version:
            return []
        self._version = version
        with self.store.snapshot() as state:
            self._meet_new(state)
            before, self.states = self.states, self._read(state)
            self._held_by_stops = any(stop.key in self.states for stop in state.stops())
            changed = [key for key in sorted(self.states) if self.states[key] is not before.get(key)]
            troubled = [key for key in changed if self.states[key] in (EntryState.failed, EntryState.timeout)]
            messages = {row.entry.key: _message(row) for row in state.rows(troubled)} if troubled else {}
        return [Change(key, self._names[key], self.states[key], messages.get(key, "")) for key in changed]

    @property
    def counts(self) -> Counter[EntryState]:
        """How many are in each state."""
        return Counter(self.states.values())

    @property
    def moving(self) -> bool:
        """Whether anything is under way. What only waits then can't become ready by itself."""
        return self._held_by_stops or any(state in _MOVING for state in self.states.values())

    def running(self, most: int) -> list[Running]:
        """Some of the entries that run, the first ones first."""
        keys = [key for key, state in self.states.items() if state is EntryState.running]
        with self.store.snapshot() as state:
            rows = list(state.rows(sorted(keys)[:most])) if keys else []
        return [
            Running(row.entry.key, row.task.name, row.entry.state, None if row.attempt is None else row.attempt.started)
            for row in rows
        ]

    def name(self, key: int) -> str:
        """The name of a followed entry."""
        return self._names[key]

    def _meet_new(self, state: Snapshot) -> None:
        """Learn which entries that appeared since the last look are ours."""
        if self._asked is not None and not self._graphs:
            found = (state.entry(key) for key in self._asked)
            self._graphs = {entry.graph for entry in found if entry is not None}
        newest = state.counters().entry
        if newest > self._last:
            keys = state.keys()
            new = keys[bisect_right(keys, self._last) :]
            for row in state.rows(new):
                if self._asked is None or row.entry.graph in self._graphs:
                    self._names[row.entry.key] = row.task.name
            self._last = newest

    def _read(self, state: Snapshot) -> dict[int, EntryState]:
        found: dict[int, EntryState] = {}
        for at in EntryState:
            found |= dict.fromkeys(filter(self._names.__contains__, state.keys([at])), at)
        return found


def _message(row: Row) -> str:
    if row.result is None or row.result.outcome is None or row.entry.result != row.entry.attempt:
        return row.entry.reason
    return row.result.outcome.message
