"""What a step costs: counted in bytes that are written and read, never in seconds."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from perqueue.core.events import Admitted, Cancelled, Event, Launched, Removed, Resubmitted, Started
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.records import Context
from perqueue.store.jsonl import compaction, files, journal, log
from perqueue.store.jsonl.lines import Line, parse
from perqueue.store.jsonl.state import JournalState
from perqueue.store.jsonl.store import JsonStore
from perqueue.store.jsonl.tables import Table
from perqueue.store.protocol import Lease
from perqueue.testing.contracts.store_case import do, ended, run, submission, task

SMALL, LARGE = 100, 5_000


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A wide queue of either size, with its first entry done, and its second running."""
    found = {}
    for size in (SMALL, LARGE):
        path = found[size] = tmp_path_factory.mktemp("queue") / "store"
        JsonStore.create(str(path))
        with closing(JsonStore(str(path))) as store:
            do(store, submission(StaticWidthGroup(task("a"), size) >> task("b")))
            run(store, 1)
            do(store, Admitted(2.0, 2))
    return found


class Counted:
    """Rows that are put, and bytes that are written, from now on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rows = self.written = 0
        put, pwrite = JournalState.put, os.pwrite

        def counted_put(state: JournalState, table: Table, key: Any, record: Any) -> None:
            self.rows += 1
            put(state, table, key, record)

        def counted_pwrite(descriptor: int, data: bytes, at: int) -> int:
            self.written += len(data)
            return pwrite(descriptor, data, at)

        patch.setattr(JournalState, "put", counted_put)
        patch.setattr(os, "pwrite", counted_pwrite)


STEPS: dict[str, tuple[Event, ...]] = {
    "started": (Launched(3.0, 2, 1, "job"), Started(3.0, 2, 1, "host", 1)),
    "succeeded": (ended(2, data='{"x":1}'),),
    "cancelled and resubmitted": (Cancelled(3.0, (2,)), ended(2), Resubmitted(4.0, (2,))),
    "stale": (ended(2, 9),),
    "submitted": (submission(task("x")),),
    "removed": (submission(task("x")), Removed(4.0, (2,))),
}


@pytest.mark.parametrize("events", STEPS.values(), ids=STEPS)
def test_a_step_costs_the_same_in_a_queue_of_any_size(
    queues: dict[int, Path], monkeypatch: pytest.MonkeyPatch, events: tuple[Event, ...]
) -> None:
    """Planning and keeping events puts as many rows, and writes as many bytes, among 5,000 entries as among 100."""
    found = []
    for path in queues.values():
        raw = (path / "journal-000001.jsonl").read_bytes()
        with closing(JsonStore(str(path))) as store, monkeypatch.context() as patch:
            counted = Counted(patch)
            do(store, *events)
            found.append((counted.rows, counted.written))
        (path / "journal-000001.jsonl").write_bytes(raw)
    (rows, written), (more_rows, more_written) = found
    assert rows == more_rows
    assert abs(written - more_written) <= 40, "but for the digits of the numbers"


def test_what_changes_nothing_writes_nothing(queues: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that finds nothing to do, and a change that is none, leave no line."""
    with closing(JsonStore(str(queues[SMALL]))) as store:
        counted = Counted(monkeypatch)
        with store.transaction() as transaction:
            assert transaction.busy()
            transaction.settle_stop(1, 1)
            transaction.set_lease(transaction.lease())
        do(store, ended(2, 9))
        assert counted.written == 0


def test_a_request_that_is_refused_reads_nothing_again(
    queues: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving a transaction up undoes what it changed, not more."""
    with closing(JsonStore(str(queues[LARGE]))) as store:
        counted = Counted(monkeypatch)
        with suppress(ZeroDivisionError), store.transaction() as transaction:
            transaction.add_context(Context("/python", "/folder", ()))
            raise ZeroDivisionError
        assert counted.rows == 2


def test_a_look_reads_only_what_is_new(queues: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A handle that stays open reads each line once, and nothing of the journal before it."""
    path = queues[LARGE]
    raw = (path / "journal-000001.jsonl").read_bytes()
    read: list[int] = []
    unread: Callable[..., bytes] = journal._unread

    def counted(where: str, position: journal.Position) -> bytes:
        found = unread(where, position)
        read.append(len(found))
        return found

    monkeypatch.setattr(journal, "_unread", counted)
    with closing(JsonStore(str(path))) as store, closing(JsonStore(str(path))) as other:
        read.clear()
        for _ in range(2):
            with store.snapshot() as shown:
                assert shown.busy()
        assert read == [0, 0]
        do(other, Started(3.0, 2, 1, "host", 1))
        read.clear()
        with store.snapshot() as shown:
            assert len(shown.keys()) == LARGE + 1
        assert len(read) == 1
        assert 0 < read[0] < 1000
    (path / "journal-000001.jsonl").write_bytes(raw)


def test_snapshots_cost_no_more_than_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a campaign, what goes into snapshots is of the size of what goes into journals, however long it lasts."""
    monkeypatch.setattr(compaction, "LEAST", 4096)
    path = tmp_path / "store"
    JsonStore.create(str(path))
    counted = Counted(monkeypatch)
    snapshots: list[int] = []
    begin = files.begin

    def counted_begin(folder: str, name: str, pieces: Any) -> str:
        making = begin(folder, name, pieces)
        if name.startswith("snapshot"):
            snapshots.append(os.path.getsize(making))
        return making

    monkeypatch.setattr(files, "begin", counted_begin)
    with closing(JsonStore(str(path))) as store:
        for key in range(1, 201):
            do(store, submission(task("a")))
            run(store, key, data='{"x":1}')
    assert len(snapshots) > 3
    assert sum(snapshots) < 2 * counted.written


def test_an_open_does_not_pay_for_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any number of events, what is read to open the queue is bounded by the state, not by the history."""
    monkeypatch.setattr(compaction, "LEAST", 2048)
    path = tmp_path / "store"
    JsonStore.create(str(path))
    with closing(JsonStore(str(path))) as store:
        do(store, submission(task("a")))
        for beat in range(400):
            with store.transaction() as transaction:
                transaction.set_lease(Lease(1, "host", 1, 2, "boot", beat))
    assert sum(file.stat().st_size for file in path.iterdir()) < 20_000, "beats are no history"
    with closing(JsonStore(str(path))) as store, store.snapshot() as shown:
        lease = shown.lease()
        assert lease is not None
        assert lease.beat == 399
        assert [event.kind for event in shown.log()] == ["submitted"]


def test_paging_through_the_log_reads_each_line_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the log page by page goes on from where the page before ended."""
    monkeypatch.setattr(compaction, "LEAST", 20_000)
    path = tmp_path / "store"
    JsonStore.create(str(path))
    with closing(JsonStore(str(path))) as store:
        do(store, submission(StaticWidthGroup(task("a"), 300)))
        for key in range(1, 301):
            do(store, Admitted(2.0, key))
        parsed: list[int] = []

        def counted(raw: bytes, start: int, chain: int) -> Line | None:
            parsed.append(start)
            return parse(raw, start, chain)

        monkeypatch.setattr(log, "parse", counted)
        with store.snapshot() as shown:
            last, seen = 0, []
            while page := shown.log(after=last, limit=7):
                seen += page
                last = page[-1].seq
                assert last == len(seen)
            # Once each, and for the first page the heads of the files.
            assert len(parsed) < 301 + 3 * len(list(path.iterdir()))
            assert seen == shown.log()
            assert len(seen) == 301
    assert len([file for file in path.iterdir() if file.name.startswith("history")]) >= 2
