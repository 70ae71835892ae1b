"""The tables, and how files of older versions become today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

from perqueue.core.errors import StorageError

VERSION: Final = 3

TABLES: Final = """
CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    entry INTEGER NOT NULL, frame INTEGER NOT NULL, source INTEGER NOT NULL,
    graph INTEGER NOT NULL, task INTEGER NOT NULL
);
INSERT INTO counters VALUES (1, 0, 0, 0, 0, 0);
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL, held INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    start INTEGER NOT NULL, boot TEXT NOT NULL, beat INTEGER NOT NULL
);
INSERT INTO lease VALUES (1, 0, 0, '', 0, 0, '', 0);
CREATE TABLE contexts (
    id INTEGER PRIMARY KEY, interpreter TEXT NOT NULL, folder TEXT NOT NULL, env TEXT NOT NULL,
    UNIQUE (interpreter, folder, env)
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL, func TEXT NOT NULL, args TEXT NOT NULL,
    resources TEXT NOT NULL, executor TEXT NOT NULL, context INTEGER NOT NULL, folder TEXT,
    module TEXT NOT NULL DEFAULT '', retry TEXT
);
CREATE TABLE nodes (
    graph INTEGER NOT NULL, node INTEGER NOT NULL, body TEXT NOT NULL, task INTEGER,
    PRIMARY KEY (graph, node)
) WITHOUT ROWID;
CREATE TABLE scopes (
    graph INTEGER NOT NULL, scope INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (graph, scope)
) WITHOUT ROWID;
CREATE TABLE entries (
    key INTEGER PRIMARY KEY, graph INTEGER NOT NULL, frame INTEGER NOT NULL, copy INTEGER NOT NULL,
    node INTEGER NOT NULL, task INTEGER NOT NULL, executor TEXT NOT NULL, state TEXT NOT NULL,
    waiting INTEGER NOT NULL, dead INTEGER NOT NULL, source INTEGER NOT NULL, attempt INTEGER NOT NULL,
    result INTEGER NOT NULL, reason TEXT NOT NULL, index_ TEXT NOT NULL, iteration TEXT NOT NULL,
    missed INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, continued INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX entries_place ON entries (frame, copy, node);
CREATE INDEX entries_node ON entries (graph, node);
CREATE INDEX entries_ready ON entries (executor, key) WHERE state = 'goahead';
CREATE INDEX entries_active ON entries (executor, key) WHERE state IN ('queueing', 'running');
CREATE INDEX entries_state ON entries (state);
CREATE TABLE frames (
    id INTEGER PRIMARY KEY, graph INTEGER NOT NULL, frame INTEGER NOT NULL, copy INTEGER NOT NULL,
    node INTEGER NOT NULL, scope INTEGER NOT NULL, copies INTEGER NOT NULL, state TEXT NOT NULL,
    waiting INTEGER NOT NULL, dead INTEGER NOT NULL, open INTEGER NOT NULL, lost INTEGER NOT NULL,
    source INTEGER NOT NULL, output INTEGER NOT NULL, index_ TEXT NOT NULL, iteration TEXT NOT NULL,
    missed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, standing TEXT NOT NULL DEFAULT 'pending',
    typed_source INTEGER NOT NULL DEFAULT 0, typed_output INTEGER NOT NULL DEFAULT 0,
    elements INTEGER NOT NULL DEFAULT 0, limit_ INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX frames_place ON frames (frame, copy, node);
CREATE TABLE sources (id INTEGER PRIMARY KEY, keys TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE attempts (
    key INTEGER NOT NULL, number INTEGER NOT NULL, executor TEXT NOT NULL, queued REAL NOT NULL,
    started REAL, ended REAL, host TEXT NOT NULL, pid INTEGER, job TEXT NOT NULL,
    verdict TEXT, reason TEXT, message TEXT, traceback TEXT, data TEXT,
    ran_from REAL, ran_until REAL, ran_on TEXT, ran_as INTEGER, maxrss_kb INTEGER, cpu_s REAL,
    resources TEXT, restarts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (key, number)
);
CREATE TABLE stops (
    key INTEGER NOT NULL, attempt INTEGER NOT NULL, executor TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (key, attempt)
) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, key INTEGER NOT NULL,
    attempt INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX events_key ON events (key) WHERE key > 0;
"""

_TO_2: Final = """
ALTER TABLE tasks ADD COLUMN module TEXT NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN standing TEXT NOT NULL DEFAULT 'pending';
ALTER TABLE frames ADD COLUMN typed_source INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN typed_output INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN elements INTEGER NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN limit_ INTEGER NOT NULL DEFAULT 0;
UPDATE frames SET standing = CASE
    WHEN dead > 0 OR lost > 0 OR (state = 'axed' AND open = 0) THEN 'dead' WHEN state = 'done' THEN 'done'
    ELSE 'pending' END;
"""
"""Groups that their inputs decide, typed functions, and policies of width groups."""

_TO_3: Final = """
ALTER TABLE tasks ADD COLUMN retry TEXT;
ALTER TABLE entries ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN continued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN resources TEXT;
ALTER TABLE attempts ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
"""
"""Attempts that follow others by themselves, and restarts by a scheduler."""

MIGRATIONS: Final[Mapping[int, str]] = {1: _TO_2, 2: _TO_3}
"""Statements that turn a file of version n into one of version n + 1, by n."""


class NotAQueueError(StorageError):
    """The file is something else."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not a perqueue queue; `pq init` makes one")


class OlderFileError(StorageError):
    """The file is of a format that this program can't bring up to date."""

    def __init__(self, path: str, version: int) -> None:
        super().__init__(
            f"{path} has format {version}, which this perqueue no longer reads: open it once with an earlier perqueue"
        )


class NewerFileError(StorageError):
    """The file was written by a later perqueue."""

    def __init__(self, path: str, version: int) -> None:
        super().__init__(
            f"{path} has format {version}, this perqueue knows formats up to {VERSION}: install a newer perqueue"
        )


def check(connection: sqlite3.Connection, path: str) -> None:
    """Refuse a file that no perqueue made.

    Raises:
        NotAQueueError: It has other tables, none, or no format number: ours are made complete.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'entries'").fetchone()
    if version < 1 or not tables:
        raise NotAQueueError(path)


def create(connection: sqlite3.Connection) -> None:
    """Make all tables in an empty database."""
    connection.executescript(f"BEGIN;{TABLES}PRAGMA user_version = {VERSION};COMMIT;")


def migrate(
    connection: sqlite3.Connection,
    path: str,
    migrations: Mapping[int, str] = MIGRATIONS,
    target: int = VERSION,
) -> None:
    """Bring an older file to the present format, in one transaction.

    Raises:
        NewerFileError: The file's format is newer than this program knows.
        OlderFileError: No migration leads from the file's format to the present one.
    """
    if _version(connection, path, target) == target:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock, and be a newer perqueue than this.
        version = _version(connection, path, target)
        for step in range(version, target):
            if step not in migrations:
                raise OlderFileError(path, version)
            for statement in _statements(migrations[step]):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {target}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: str, target: int) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > target:
        raise NewerFileError(path, version)
    return version


def _statements(script: str) -> Iterator[str]:
    """The statements one by one: ``executescript`` would commit first. A semicolon may stand inside of one."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip("; \t\r\n"):
        yield statement  # without its end: SQLite says what is wrong with it
