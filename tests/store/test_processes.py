"""Real processes on one store, for every durable kind of store: killed in the middle, and many at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from tests.store.processes import KINDS, PATIENCE, Kind, Start, go, heard, kill, path_in, starter

from perqueue.store.jsonl import compaction
from perqueue.store.protocol import Lease
from perqueue.store.sqlite import store as sqlite_store
from perqueue.testing.contracts.store_case import do, run, submission, task
from perqueue.testing.contracts.whole_state import answers, differences

_MANY_SNAPSHOTS: Final = [pytest.mark.slow]


@pytest.fixture(
    params=[pytest.param(k, id=k.name, marks=_MANY_SNAPSHOTS if k.name == "eager-json" else []) for k in KINDS]
)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """Every durable kind of store, one after the other, in this process too."""
    found: Kind = request.param
    monkeypatch.setattr(sqlite_store, "is_shared", lambda path: found.name == "rollback")
    if found.name == "eager-json":
        monkeypatch.setattr(compaction, "LEAST", 0)
        monkeypatch.setattr(compaction, "FACTOR", 0.0)
    return found


@pytest.fixture
def path(tmp_path: Path, kind: Kind) -> str:
    return path_in(tmp_path, kind)


@pytest.fixture
def start(path: str, kind: Kind) -> Iterator[Start]:
    yield from starter(kind, path)


def test_a_writer_that_is_killed_leaves_the_old_state(kind: Kind, path: str, start: Start) -> None:
    """A transaction cut short by kill -9 never was, and the next one goes on at once."""
    with closing(kind.open(path)) as store:
        do(store, submission((task("a") | task("b")) >> task("c")))
        run(store, 1, data='{"x":1}')
        with store.snapshot() as shown:
            before = answers(shown)
    writer = start("""
        store = open_store(path)
        with store.transaction() as transaction:
            decision = plan(transaction, [submission([task(str(n)) for n in range(500)])])
            transaction.apply(decision, decision.heard)
            transaction.set_lease(Lease(1, "host", 1, 2, "boot"))
            say("inside")
            sys.stdin.read()
    """)
    assert heard(writer) == "inside"
    kill(writer)
    with closing(kind.open(path)) as store:
        with store.snapshot() as shown:
            assert differences(answers(shown), before) == {}
        do(store, submission(task("d")))
        run(store, 2)
        with store.snapshot() as shown:
            assert shown.keys() == [1, 2, 3, 4]
            assert shown.lease() is None


def test_what_was_committed_survives_the_writer(kind: Kind, path: str, start: Start) -> None:
    """A process that is killed right after its transaction has left all of it, and no lock."""
    writer = start("""
        store = open_store(path)
        do(store, submission([task(str(n)) for n in range(500)]))
        say("committed")
        sys.stdin.read()
    """)
    assert heard(writer) == "committed"
    kill(writer)
    with closing(kind.open(path)) as store:
        with store.snapshot() as shown:
            assert len(shown.keys()) == 500
        do(store, submission(task()))


def test_a_reader_that_is_killed_leaves_no_lock(kind: Kind, path: str, start: Start) -> None:
    """A process that dies while it looks at a snapshot keeps nobody from writing."""
    with closing(kind.open(path)) as store:
        do(store, submission(task()))
    reader = start("""
        store = open_store(path)
        with store.snapshot() as shown:
            shown.keys()
            say("looking")
            sys.stdin.read()
    """)
    assert heard(reader) == "looking"
    kill(reader)
    with closing(kind.open(path)) as store:
        do(store, submission(task()))


@pytest.mark.slow
def test_twenty_processes_commit_at_once(kind: Kind, path: str, start: Start) -> None:
    """Every commit of twenty processes that open, write and read at once is there, and none is refused."""
    writers = [
        start("""
            say("ready")
            sys.stdin.readline()
            for _ in range(5):
                store = open_store(path)
                with store.transaction() as transaction:
                    held = transaction.lease()
                    transaction.set_lease(Lease(1, "host", 1, 2, "boot", beat=held.beat + 1))
                    decision = plan(transaction, [submission(task(path))])
                    transaction.apply(decision, decision.heard)
                with store.snapshot() as shown:
                    keys = shown.keys()
                    assert keys == list(range(1, len(keys) + 1)), keys
                    assert [event.seq for event in shown.log()] == keys
                store.close()
            say("done")
        """)
        for _ in range(20)
    ]
    with closing(kind.open(path)) as store, store.transaction() as transaction:
        transaction.set_lease(Lease(1, "host", 1, 2, "boot"))
    assert [heard(writer) for writer in writers] == ["ready"] * 20
    for writer in writers:
        go(writer)
    for writer in writers:
        assert heard(writer) == "done"
        assert writer.wait(PATIENCE) == 0
    with closing(kind.open(path)) as store, store.snapshot() as shown:
        assert shown.keys() == list(range(1, 101))
        assert [event.seq for event in shown.log()] == list(range(1, 101))
        lease = shown.lease()
        assert lease is not None
        assert lease.beat == 100


def test_readers_that_stay_see_every_state_whole(kind: Kind, path: str, start: Start) -> None:
    """Handles that stay open while another process writes show each time a state that there was, never an older one."""
    readers = [
        start("""
            store = open_store(path)
            say("ready")
            sys.stdin.readline()
            seen = 0
            while seen < 60:
                with store.snapshot() as shown:
                    keys, rows = shown.keys(), list(shown.rows())
                    assert keys == [row.entry.key for row in rows] == list(range(1, len(keys) + 1)), keys
                    assert len(keys) % 2 == 0 and len(keys) >= seen, (len(keys), seen)
                    assert len(shown.log()) == len(keys) // 2
                    seen = len(keys)
            say("done")
        """)
        for _ in range(3)
    ]
    assert [heard(reader) for reader in readers] == ["ready"] * 3
    for reader in readers:
        go(reader)
    with closing(kind.open(path)) as store:
        for _ in range(30):
            do(store, submission(task("a") >> task("b")))
    for reader in readers:
        assert heard(reader) == "done"
        assert reader.wait(PATIENCE) == 0


def test_creators_in_several_processes_make_one_queue(tmp_path: Path, kind: Kind, path: str, start: Start) -> None:
    """Of processes that make the same queue at once, one does and the others are told."""
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    creators = [
        start("""
            say("ready")
            sys.stdin.readline()
            try:
                make(path)
            except FileExistsError:
                say("there")
            else:
                say("made")
            open_store(path).close()
        """)
        for _ in range(6)
    ]
    assert [heard(creator) for creator in creators] == ["ready"] * 6
    for creator in creators:
        go(creator)
    assert sorted(heard(creator) for creator in creators) == ["made"] + ["there"] * 5
    assert [creator.wait(PATIENCE) for creator in creators] == [0] * 6
    assert [file.name for file in tmp_path.iterdir()] == [kind.path]
