"""The SQLite store keeps the contract, with either journal; and what is its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from perqueue.store.sqlite import SqliteStore
from perqueue.store.sqlite import store as sqlite_store
from perqueue.testing.contracts.stores import StoreContract


class TestSqliteStore(StoreContract):
    def make_store(self, folder: Path) -> SqliteStore:
        SqliteStore.create(str(folder / "queue.db"))
        return self.reopen_store(folder)

    def reopen_store(self, folder: Path) -> SqliteStore:
        return SqliteStore(str(folder / "queue.db"))


class TestSqliteStoreOnASharedFileSystem(TestSqliteStore):
    walks = 2

    @pytest.fixture(autouse=True)
    def shared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_store, "is_shared", lambda path: True)
        # Without the write-ahead log a writer waits for readers; a test that reads and writes at once waits in vain.
        monkeypatch.setattr(sqlite_store, "BUSY_SECONDS", 0.05)
