"""The default store: one SQLite file, group commits, an append-only event log."""

from __future__ import annotations

from typing import Final

from ..protocol import StorePlugin
from .store import SqliteStore

FILE: Final = "queue.db"


def _settle(root: str) -> None:
    from .taken import settle  # only where a queue moves to another store

    settle(f"{root}/{FILE}")


SQLITE: Final = StorePlugin(
    name="sqlite",
    summary="one SQLite file; the default",
    create=lambda root: SqliteStore.create(f"{root}/{FILE}"),
    open=lambda root: SqliteStore(f"{root}/{FILE}"),
    files=(FILE,),
    settle=_settle,
)

__all__ = ["FILE", "SQLITE", "SqliteStore"]
