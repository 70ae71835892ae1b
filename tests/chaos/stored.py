"""What is stored of a queue, read without touching it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

from perqueue.core.invariants import broken
from perqueue.core.records import Attempt, Entry, Outcome
from perqueue.core.states import EntryState
from perqueue.engine.folder import QueueFolder, open_folder
from perqueue.store.protocol import Lease, Snapshot, Transaction


@frozen
class Stored:
    """A queue's state at one moment."""

    entries: dict[int, Entry]
    attempts: dict[tuple[int, int], Attempt]
    broken: list[str]
    lease: Lease | None
    last_epoch: int

    @property
    def states(self) -> dict[int, EntryState]:
        """Each entry's state."""
        return {key: entry.state for key, entry in self.entries.items()}

    def keys(self, *states: EntryState) -> list[int]:
        """Keys of the entries in some states."""
        return [key for key, state in self.states.items() if state in states]

    def outcome(self, key: int) -> Outcome:
        """How the newest attempt of an entry ended."""
        found = self.attempts[key, self.entries[key].attempt].outcome
        assert found is not None
        return found


def queue_in(folder: Path) -> QueueFolder:
    """The queue of exactly this folder."""
    return open_folder(f"{folder}/.perqueue")


def stored(folder: Path) -> Stored:
    """The present state."""
    with snapshot(folder) as state:
        rows = [row.entry for row in state.rows()]
        numbers = range(1, state.counters().frame + 1)
        frames = [frame for number in numbers if (frame := state.frame(number)) is not None]
        return Stored(
            entries={entry.key: entry for entry in rows},
            attempts={(a.key, a.number): a for entry in rows for a in state.attempts(entry.key)},
            broken=broken(state, rows, frames),
            lease=state.lease(),
            last_epoch=state.last_epoch(),
        )


def is_busy(folder: Path) -> bool:
    """Whether anything moves or will move by itself; cheap in a queue of any size."""
    with snapshot(folder) as state:
        return state.busy()


@contextmanager
def snapshot(folder: Path) -> Iterator[Snapshot]:
    """A consistent view of a folder's queue."""
    with closing(queue_in(folder).open_store()) as store, store.snapshot() as state:
        yield state


@contextmanager
def transaction(folder: Path) -> Iterator[Transaction]:
    """Change a folder's queue, lease or no lease."""
    with closing(queue_in(folder).open_store()) as store, store.transaction() as state:
        yield state


def integrity(folder: Path) -> str:
    """SQLite's own verdict on the file: 'ok' if all is well. A store of another kind was checked when it was read."""
    if queue_in(folder).store != "sqlite":
        return "ok"
    with closing(sqlite3.connect(f"{folder}/.perqueue/queue.db")) as sql:
        return "; ".join(str(line) for (line,) in sql.execute("PRAGMA integrity_check"))
