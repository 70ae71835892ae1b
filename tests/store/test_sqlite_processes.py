"""Real processes on one file: killed in the middle, and many at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from perqueue.store.protocol import Lease
from perqueue.store.sqlite import SqliteStore
from perqueue.store.sqlite import store as sqlite_store
from perqueue.testing.contracts.store_case import do, run, submission, task
from perqueue.testing.contracts.whole_state import answers, differences

PATIENCE = 60.0  # seconds after which a test gives up; none is expected to come near it

Start = Callable[[str], "subprocess.Popen[str]"]

HEAD = """
import sys
from perqueue.store.sqlite import SqliteStore, store as sqlite_store
from perqueue.testing.contracts.store_case import do, submission, task
from perqueue.core.planner import plan
from perqueue.store.protocol import Lease
path, shared = sys.argv[1], sys.argv[2] == "shared"
sqlite_store.is_shared = lambda folder: shared

def say(word):
    print(word, flush=True)
"""


@pytest.fixture(params=["local", "shared"])
def journal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both journals, one after the other: the write-ahead log, and the rollback journal of shared file systems."""
    name: str = request.param
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: name == "shared")
    return name


@pytest.fixture
def path(tmp_path: Path, journal: str) -> str:
    found = str(tmp_path / "queue.db")
    SqliteStore.create(found)
    return found


@pytest.fixture
def start(tmp_path: Path, path: str, journal: str) -> Iterator[Start]:
    """Starts scripts with the queue's path; whatever still runs at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def popen(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + dedent(script), path, journal],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield popen
    for process in begun:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> str:
    """The next word that a process says."""
    assert process.stdout is not None
    word = process.stdout.readline().strip()
    if not word:
        raise AssertionError(f"it ended: {process.communicate(timeout=PATIENCE)[1]}")
    return word


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL


def test_a_writer_that_is_killed_leaves_the_old_state(path: str, start: Start, journal: str) -> None:
    """A transaction cut short by kill -9, with much of it on the disk already, never was."""
    with closing(SqliteStore(path)) as store:
        do(store, submission((task("a") | task("b")) >> task("c")))
        run(store, 1, data='{"x":1}')
        with store.snapshot() as shown:
            before = answers(shown)
    # So small a cache makes SQLite write pages before the commit: the journal is hot when the process dies.
    writer = start("""
        store = SqliteStore(path)
        store._sql.execute("PRAGMA cache_size = 2")
        with store.transaction() as transaction:
            decision = plan(transaction, [submission([task(str(n)) for n in range(500)])])
            transaction.apply(decision, decision.heard)
            transaction.set_lease(Lease(1, "host", 1, 2, "boot"))
            say("inside")
            sys.stdin.read()
    """)
    assert heard(writer) == "inside"
    kill(writer)
    assert os.path.getsize(f"{path}-{'journal' if journal == 'shared' else 'wal'}") > 50_000
    with closing(SqliteStore(path)) as store:
        with store.snapshot() as shown:
            assert differences(answers(shown), before) == {}
        do(store, submission(task("d")))
        run(store, 2)
        with store.snapshot() as shown:
            assert shown.keys() == [1, 2, 3, 4]
            assert shown.lease() is None
            assert store._sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_was_committed_survives_the_writer(path: str, start: Start) -> None:
    """A process that is killed right after its transaction has left all of it, and no lock."""
    writer = start("""
        store = SqliteStore(path)
        do(store, submission([task(str(n)) for n in range(500)]))
        say("committed")
        sys.stdin.read()
    """)
    assert heard(writer) == "committed"
    kill(writer)
    with closing(SqliteStore(path)) as store:
        with store.snapshot() as shown:
            assert len(shown.keys()) == 500
        do(store, submission(task()))


def test_a_reader_that_is_killed_leaves_no_lock(path: str, start: Start) -> None:
    """A process that dies while it looks at a snapshot keeps nobody from writing."""
    with closing(SqliteStore(path)) as store:
        do(store, submission(task()))
    reader = start("""
        store = SqliteStore(path)
        with store.snapshot() as shown:
            shown.keys()
            say("looking")
            sys.stdin.read()
    """)
    assert heard(reader) == "looking"
    kill(reader)
    with closing(SqliteStore(path)) as store:
        do(store, submission(task()))


def test_twenty_processes_commit_at_once(path: str, start: Start) -> None:
    """Every commit of twenty processes that open, write and read at once is there, and none is refused."""
    writers = [
        start("""
            say("ready")
            sys.stdin.readline()
            for _ in range(5):
                store = SqliteStore(path)
                with store.transaction() as transaction:
                    held = transaction.lease()
                    transaction.set_lease(Lease(1, "host", 1, 2, "boot", beat=held.beat + 1))
                    decision = plan(transaction, [submission(task(sys.argv[1]))])
                    transaction.apply(decision, decision.heard)
                with store.snapshot() as shown:
                    keys = shown.keys()
                    assert keys == list(range(1, len(keys) + 1)), keys
                store.close()
            say("done")
        """)
        for _ in range(20)
    ]
    with closing(SqliteStore(path)) as store, store.transaction() as transaction:
        transaction.set_lease(Lease(1, "host", 1, 2, "boot"))
    assert [heard(writer) for writer in writers] == ["ready"] * 20
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert heard(writer) == "done"
        assert writer.wait(PATIENCE) == 0
    with closing(SqliteStore(path)) as store, store.snapshot() as shown:
        assert shown.keys() == list(range(1, 101))
        assert [event.seq for event in shown.log()] == list(range(1, 101))
        lease = shown.lease()
        assert lease is not None
        assert lease.beat == 100


def test_creators_in_several_processes_make_one_queue(tmp_path: Path, path: str, start: Start) -> None:
    """Of processes that make the same queue at once, one does and the others are told."""
    os.unlink(path)
    creators = [
        start("""
            say("ready")
            sys.stdin.readline()
            try:
                SqliteStore.create(path)
            except FileExistsError:
                say("there")
            else:
                say("made")
            SqliteStore(path).close()
        """)
        for _ in range(6)
    ]
    assert [heard(creator) for creator in creators] == ["ready"] * 6
    for creator in creators:
        assert creator.stdin is not None
        creator.stdin.write("go\n")
        creator.stdin.flush()
    assert sorted(heard(creator) for creator in creators) == ["made"] + ["there"] * 5
    assert [creator.wait(PATIENCE) for creator in creators] == [0] * 6
    assert [file.name for file in tmp_path.iterdir()] == ["queue.db"]
