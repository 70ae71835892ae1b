"""The default store: one SQLite file, group commits, an append-only event log."""

from __future__ import annotations

from typing import Final

from ..protocol import StorePlugin
from .store import SqliteStore

FILE: Final = "queue.db"

SQLITE: Final = StorePlugin(
    name="sqlite",
    summary="one SQLite file; the default",
    create=lambda root: SqliteStore.create(f"{root}/{FILE}"),
    open=lambda root: SqliteStore(f"{root}/{FILE}"),
)

__all__ = ["FILE", "SQLITE", "SqliteStore"]
