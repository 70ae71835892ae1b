"""Making, opening and refusing files, and what SQLite is told about them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from perqueue.core.errors import StorageError
from perqueue.core.records import Context
from perqueue.store.protocol import BusyStoreError
from perqueue.store.sqlite import SqliteStore, graphs
from perqueue.store.sqlite import store as sqlite_store
from perqueue.store.sqlite.reads import GraphCache
from perqueue.store.sqlite.schema import NewerFileError, NotAQueueError
from perqueue.testing.contracts.store_case import do, submission, task

READ_NOW = (graphs,)
"""Imported here, because the user without rights of some tests may not read it when it is needed."""


def made(folder: Path) -> str:
    path = str(folder / "queue.db")
    SqliteStore.create(path)
    return path


def pragma(store: SqliteStore, name: str) -> object:
    found: object = store._sql.execute(f"PRAGMA {name}").fetchone()[0]
    return found


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: True)


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A folder in which we are a user without rights of its own, until the test is over."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    root = os.geteuid() == 0
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def give_up_rights() -> None:
    """Root may write everywhere: become nobody for the rest of the test."""
    if os.geteuid() == 0:
        os.seteuid(65534)


# journals


def test_on_a_local_disk_there_is_a_write_ahead_log(tmp_path: Path) -> None:
    """Readers and a writer don't wait for each other on a local disk."""
    with closing(SqliteStore(made(tmp_path))) as store:
        assert pragma(store, "journal_mode") == "wal"


@pytest.mark.usefixtures("shared")
def test_on_a_shared_file_system_there_is_a_rollback_journal(tmp_path: Path) -> None:
    """Where several hosts may open the file there is no log in shared memory, in any connection."""
    path = made(tmp_path)
    for _ in range(2):
        with closing(SqliteStore(path)) as store:
            assert pragma(store, "journal_mode") == "truncate"
            do(store, submission(task()))
            assert not (tmp_path / "queue.db-wal").exists()


def test_a_queue_that_moved_to_a_shared_file_system_changes_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with a write-ahead log gets a rollback journal when it is opened on a shared file system."""
    path = made(tmp_path)
    with closing(SqliteStore(path)) as store:
        do(store, submission(task()))
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: True)
    with closing(SqliteStore(path)) as store:
        assert pragma(store, "journal_mode") == "truncate"
        with store.snapshot() as shown:
            assert shown.keys() == [1]


def test_the_journal_is_not_changed_under_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another handle uses the write-ahead log, opening as on a shared file system fails in words."""
    path = made(tmp_path)
    monkeypatch.setattr(sqlite_store, "BUSY_SECONDS", 0.05)
    with closing(SqliteStore(path)) as store:
        do(store, submission(task()))
        monkeypatch.setattr(sqlite_store, "is_shared", lambda path: True)
        with pytest.raises(BusyStoreError):
            SqliteStore(path)
        do(store, submission(task()))


@pytest.mark.parametrize("on_shared", [False, True])
def test_commits_survive_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_shared: bool) -> None:
    """Every connection syncs fully, whatever the journal."""
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: on_shared)
    with closing(SqliteStore(made(tmp_path))) as store:
        assert pragma(store, "synchronous") == 2


# making


def test_a_new_queue_is_one_file(tmp_path: Path) -> None:
    """Making a queue leaves nothing but the queue."""
    made(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["queue.db"]


def test_a_queue_is_complete_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is linked under its name only when all tables are in it and nobody has it open."""
    link, seen = os.link, []

    def look(made: str, path: str) -> None:
        with closing(sqlite3.connect(made)) as sql:
            seen.append(sql.execute("SELECT entry FROM counters").fetchall())
        seen.append([os.path.exists(name) for name in (path, f"{made}-wal", f"{made}-journal")])
        link(made, path)

    monkeypatch.setattr(os, "link", look)
    made(tmp_path)
    assert seen[0] == [(0,)]
    assert not any(seen[1])


def test_one_of_many_creators_wins(tmp_path: Path) -> None:
    """Of creators that race for a name exactly one makes the queue, and the others are told."""
    path, barrier, ends = str(tmp_path / "queue.db"), threading.Barrier(8), []

    def make() -> None:
        barrier.wait()
        try:
            SqliteStore.create(path)
            ends.append("made")
        except FileExistsError:
            ends.append("was there")

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["made"] + ["was there"] * 7
    assert [file.name for file in tmp_path.iterdir()] == ["queue.db"]
    with closing(SqliteStore(path)) as store, store.snapshot() as shown:
        assert shown.keys() == []


def test_making_leaves_a_queue_that_is_there_alone(tmp_path: Path) -> None:
    """A queue is never replaced by an empty one."""
    path = made(tmp_path)
    with closing(SqliteStore(path)) as store:
        do(store, submission(task()))
        with pytest.raises(FileExistsError):
            SqliteStore.create(path)
        with store.snapshot() as shown:
            assert shown.keys() == [1]


def test_what_a_crashed_creator_left_is_no_hindrance(tmp_path: Path) -> None:
    """A half-made file under this process's number, of a process long gone, does not matter."""
    (tmp_path / f"queue.db.{os.getpid()}.new").write_bytes(b"half")
    SqliteStore(made(tmp_path)).close()


def test_no_queue_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Making a queue in a missing folder fails in words that name the file."""
    with pytest.raises(StorageError, match=r"none/queue\.db can't be opened: see that its folder exists"):
        SqliteStore.create(str(tmp_path / "none" / "queue.db"))


def test_no_queue_where_we_may_not_write(foreign: Path) -> None:
    """Making a queue in somebody else's folder fails in words and leaves nothing."""
    foreign.chmod(0o555)
    give_up_rights()
    with pytest.raises(StorageError, match="can't be opened"):
        made(foreign)
    assert list(foreign.iterdir()) == []


# opening


@pytest.mark.parametrize("name", ["a b", "50%", "what?", "no#1", "ünï", "%20", "a&b=c", "semi;colon", "file-\udcff"])
def test_folders_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Characters that mean something in a URI mean nothing in a folder's name."""
    folder = tmp_path / name
    folder.mkdir()
    with closing(SqliteStore(made(folder))) as store:
        do(store, submission(task()))
    assert [file.name for file in folder.iterdir()] == ["queue.db"]


def test_a_queue_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare file name is one in the current folder."""
    monkeypatch.chdir(tmp_path)
    SqliteStore.create("queue.db")
    SqliteStore("queue.db").close()


def test_no_file(tmp_path: Path) -> None:
    """A missing file is named, with what makes one, and is not made by asking."""
    with pytest.raises(StorageError, match=r"queue\.db does not exist; `pq init` makes a queue"):
        SqliteStore(str(tmp_path / "queue.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("on_shared", [False, True])
@pytest.mark.parametrize(
    "content",
    [b"", b"Dear diary,\n" * 100, b"SQLite format 3\0" + b"\xff" * 2000, b"\0" * 4096],
    ids=["empty", "text", "damaged", "zeros"],
)
def test_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, on_shared: bool) -> None:
    """A file that is no database is refused in words and left as it was."""
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: on_shared)
    path = tmp_path / "queue.db"
    path.write_bytes(content)
    with pytest.raises(NotAQueueError, match=r"queue\.db is not a perqueue queue; `pq init` makes one"):
        SqliteStore(str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize("tables", ["CREATE TABLE other (x);", "CREATE TABLE entries (id, state);"])
def test_somebody_elses_database(tmp_path: Path, tables: str) -> None:
    """Another program's database is refused and left as it was, also if it has a table of the same name."""
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(tables)
    before = path.read_bytes()
    with pytest.raises(NotAQueueError):
        SqliteStore(str(path))
    assert path.read_bytes() == before


def test_a_folder_is_no_queue(tmp_path: Path) -> None:
    """A folder under the file's name is refused in words."""
    with pytest.raises(StorageError, match="can't be opened"):
        SqliteStore(str(tmp_path))


def test_a_file_of_a_newer_perqueue(tmp_path: Path) -> None:
    """A newer format is refused with what to do about it."""
    path = made(tmp_path)
    with closing(sqlite3.connect(path)) as sql:
        sql.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerFileError, match=r"has format 99, .*: install a newer perqueue"):
        SqliteStore(path)


@pytest.mark.usefixtures("shared")
def test_a_queue_that_is_read_only_can_be_looked_at(foreign: Path) -> None:
    """With a rollback journal, who may only read sees everything and is told when they write."""
    path = made(foreign)
    with closing(SqliteStore(path)) as store:
        do(store, submission(task()))
    os.chmod(path, 0o444)
    foreign.chmod(0o555)
    give_up_rights()
    with closing(SqliteStore(path)) as store:
        with store.snapshot() as shown:
            assert shown.keys() == [1]
        with pytest.raises(StorageError, match="is read-only for you"), store.transaction() as transaction:
            transaction.add_context(Context("/python", "/folder", ()))


def test_a_log_that_is_read_only_is_told(foreign: Path) -> None:
    """With a write-ahead log even reading writes, so who may only read is told so at once."""
    path = made(foreign)
    os.chmod(path, 0o444)
    foreign.chmod(0o555)
    give_up_rights()
    with pytest.raises(StorageError, match="is read-only for you"):
        SqliteStore(path)


def test_a_file_that_we_may_not_read_is_told(foreign: Path) -> None:
    """A file without any rights for us is refused in words."""
    path = made(foreign)
    os.chmod(path, 0)
    give_up_rights()
    with pytest.raises(StorageError, match="can't be opened"):
        SqliteStore(path)


def test_a_writer_that_never_lets_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long for another writer is told which file stayed locked, and may try again."""
    monkeypatch.setattr(sqlite_store, "BUSY_SECONDS", 0.05)
    path = made(tmp_path)
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path)) as other:
        with other.transaction(), pytest.raises(BusyStoreError, match=r"queue\.db stayed locked"), store.transaction():
            pass
        do(store, submission(task()))


# the cache of graphs


def test_the_cache_of_nodes_is_bounded() -> None:
    """Only so many nodes are kept, the newest among them."""
    cache, node = GraphCache(most=3), submission(task()).graph.nodes[0]
    for number in range(10):
        cache.keep_node((1, number), node)
        assert len(cache.nodes) <= 3
    assert list(cache.nodes) == [(1, 7), (1, 8), (1, 9)]


def test_the_cache_of_scopes_is_bounded() -> None:
    """Only a few scopes are kept, the newest among them."""
    cache, scope = GraphCache(), submission(task()).graph.scopes[0]
    for number in range(100):
        cache.keep_scope((number, 0), scope)
    assert len(cache.scopes) == 16
    assert (99, 0) in cache.scopes


def test_a_store_that_reads_a_large_graph_keeps_a_part(tmp_path: Path) -> None:
    """Reading every node of a graph of thousands leaves a bounded cache."""
    with closing(SqliteStore(made(tmp_path))) as store:
        do(store, submission([task() for _ in range(5000)]))
        with store.snapshot() as shown:
            for number in range(5000):
                assert shown.node(1, number).index == number
            assert shown.node(1, 0).index == 0
        assert len(store._cache.nodes) == store._cache.most == 4096
