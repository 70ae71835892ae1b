"""Opening the file, and the transactions over it.

On a local disk the write-ahead log lets everybody read while one writes. On a file system that several hosts mount
it can't work (https://sqlite.org/wal.html), so there the rollback journal is used. ``synchronous`` is FULL on
both: what was committed survives a power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from perqueue.core.errors import StorageError

from ..protocol import BusyStoreError, Lease, LeaseLostError
from . import schema
from .filesystem import is_shared
from .reads import GraphCache, Reads

if TYPE_CHECKING:
    from .taken import TakingWrites

BUSY_SECONDS: Final = 60.0


class SqliteStore:
    """A queue in one SQLite file.

    Args:
        path: The file; it must exist (see :meth:`create`).

    Raises:
        StorageError: The file is missing, is not a queue of ours, or is of a newer format.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._cache = GraphCache()
        self._sql = _connect(path)
        try:
            _prepare(self._sql, path)
        except sqlite3.Error as error:
            self._sql.close()
            raise _told(error, path) from error
        except BaseException:
            self._sql.close()
            raise

    @classmethod
    def create(cls, path: str) -> None:
        """Make an empty queue, complete before it can be seen under its name.

        Raises:
            FileExistsError: There is one already.
            StorageError: The folder is missing, full or closed to us.
        """
        # Process numbers come again, in containers soon: a name of its own, whatever an earlier crash left behind.
        making = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
        try:
            with closing(sqlite3.connect(making, isolation_level=None)) as sql:
                shared = is_shared(os.path.dirname(path) or ".")
                sql.execute(f"PRAGMA journal_mode = {'TRUNCATE' if shared else 'WAL'}")
                sql.execute("PRAGMA synchronous = FULL")
                schema.create(sql)
            os.link(making, path)
        except sqlite3.Error as error:
            raise _told(error, path) from error
        finally:
            for name in (making, f"{making}-journal", f"{making}-wal", f"{making}-shm"):
                with suppress(OSError):
                    os.unlink(name)

    @contextmanager
    def snapshot(self) -> Iterator[Reads]:
        """A consistent state for reading; others may write meanwhile."""
        with self._told():
            self._sql.execute("BEGIN")
        try:
            with self._told():
                yield Reads(self._sql, self._cache)
        finally:
            # SQLite itself has rolled back after some errors; the first error is the one to hear of.
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[TakingWrites]:
        """Exclusive; commits at the end of the block, or changes nothing if it raises."""
        from .taken import TakingWrites  # whoever only reads needs no graphs

        with self._told():
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                writes = TakingWrites(self._sql, self._cache)
                if lease is not None:
                    held = writes.lease()
                    if held is None or held.epoch != lease.epoch:
                        raise LeaseLostError(lease.epoch, writes.last_epoch())
                yield writes
                self._sql.execute("COMMIT")
            except BaseException:
                self._cache.forget()
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise

    def version(self) -> int:
        """Differs whenever another connection has committed."""
        with self._told():
            number: int = self._sql.execute("PRAGMA data_version").fetchone()[0]
        return number

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _told(error, self.path) from error


def _connect(path: str) -> sqlite3.Connection:
    if not os.path.exists(path):
        raise StorageError(f"{path} does not exist; `pq init` makes a queue")
    try:
        sql = sqlite3.connect(f"file:{_quoted(path)}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    except sqlite3.Error as error:
        raise _told(error, path) from error
    return sql


def _prepare(sql: sqlite3.Connection, path: str) -> None:
    sql.execute("PRAGMA synchronous = FULL")
    schema.check(sql, path)
    if is_shared(os.path.dirname(path) or "."):
        # Each connection chooses anew, except that a queue made on a local disk and moved here comes with the log.
        sql.execute("PRAGMA journal_mode = TRUNCATE")
    schema.migrate(sql, path)


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _told(error: sqlite3.Error, path: str) -> StorageError:
    """SQLite's error in our words."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return BusyStoreError(path, BUSY_SECONDS)
    if "disk is full" in text or "disk I/O" in text:
        return StorageError(f"{path} can't be written: {text}; nothing was changed; make room and try again")
    if "unable to open" in text:
        return StorageError(f"{path} can't be opened: see that its folder exists, and that both let you read and write")
    if "not a database" in text:
        return schema.NotAQueueError(path)
    if "readonly" in text:
        return StorageError(f"{path} is read-only for you: {text}; ask its owner, or copy the queue")
    return StorageError(f"{path}: SQLite says {text!r}; nothing was changed. `pq info` checks the file")
