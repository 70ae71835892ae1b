"""A process that is killed while SQLite's journal is hot. What every durable store bears is in test_processes.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.processes import KINDS, Kind, Start, heard, kill, path_in, starter

from perqueue.store.sqlite import SqliteStore
from perqueue.store.sqlite import store as sqlite_store
from perqueue.testing.contracts.store_case import do, run, submission, task
from perqueue.testing.contracts.whole_state import answers, differences


@pytest.fixture(params=[kind for kind in KINDS if kind.open is SqliteStore], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """Both journals: the write-ahead log, and the rollback journal of shared file systems."""
    found: Kind = request.param
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: found.name == "rollback")
    return found


@pytest.fixture
def path(tmp_path: Path, kind: Kind) -> str:
    return path_in(tmp_path, kind)


@pytest.fixture
def start(path: str, kind: Kind) -> Iterator[Start]:
    yield from starter(kind, path)


def test_a_writer_that_is_killed_with_much_on_the_disk_already(path: str, start: Start, kind: Kind) -> None:
    """A transaction cut short by kill -9, with much of it on the disk already, never was."""
    with closing(SqliteStore(path)) as store:
        do(store, submission((task("a") | task("b")) >> task("c")))
        run(store, 1, data='{"x":1}')
        with store.snapshot() as shown:
            before = answers(shown)
    # So small a cache makes SQLite write pages before the commit: the journal is hot when the process dies.
    writer = start("""
        store = open_store(path)
        store._sql.execute("PRAGMA cache_size = 2")
        with store.transaction() as transaction:
            decision = plan(transaction, [submission([task(str(n)) for n in range(500)])])
            transaction.apply(decision, decision.heard)
            say("inside")
            sys.stdin.read()
    """)
    assert heard(writer) == "inside"
    kill(writer)
    assert os.path.getsize(f"{path}-{'journal' if kind.name == 'rollback' else 'wal'}") > 50_000
    with closing(SqliteStore(path)) as store:
        with store.snapshot() as shown:
            assert differences(answers(shown), before) == {}
        do(store, submission(task("d")))
        run(store, 2)
        with store.snapshot() as shown:
            assert shown.keys() == [1, 2, 3, 4]
            assert store._sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
