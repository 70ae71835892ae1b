"""Taking over the log of another store, and leaving the file so that it can be moved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from perqueue.core.errors import StorageError

from ..protocol import BusyStoreError, LoggedEvent
from .rows import text_out
from .writes import Writes


class TakingWrites(Writes):
    """The newest state, and changes to it, a log from elsewhere included."""

    def add_log(self, events: Sequence[LoggedEvent]) -> None:
        """Keep events of another log."""
        rows = (
            (event.seq, event.at, event.kind, event.key, event.attempt, text_out(_text(event.body))) for event in events
        )
        self._sql.executemany("INSERT INTO events (seq, at, kind, key, attempt, body) VALUES (?, ?, ?, ?, ?, ?)", rows)


def _text(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def settle(path: str) -> None:
    """Bring everything into the one file, so that it can be moved.

    Raises:
        BusyStoreError: Another process has it open: it would remove, when it leaves, the journal of whatever file has
            that name then.
        StorageError: It can't be written.
    """
    try:
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as sql:
            mode: str = sql.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise BusyStoreError(path, 1.0) from error
        raise StorageError(f"{path}: SQLite says {str(error)!r}; nothing was changed") from error
    if mode != "delete":
        raise BusyStoreError(path, 1.0)
