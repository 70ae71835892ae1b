"""Files of the JSON store that are missing, and a newest snapshot that is damaged: what is said, and what helps."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from perqueue.core.errors import StorageError
from perqueue.core.planner import plan
from perqueue.store.jsonl import compaction
from perqueue.store.jsonl import store as json_store
from perqueue.store.jsonl.lines import DamagedFileError
from perqueue.store.jsonl.lock import LostLockError
from perqueue.store.jsonl.store import JsonStore
from perqueue.store.protocol import Transaction
from perqueue.testing.contracts.store_case import do, run, submission, task
from perqueue.testing.contracts.whole_state import answers, differences

FIRST = "journal-000001.jsonl"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction begins a new journal, and nobody writes meanwhile."""
    monkeypatch.setattr(json_store, "_PAUSE", 0.0)
    monkeypatch.setattr(compaction, "LEAST", 0)
    monkeypatch.setattr(compaction, "FACTOR", 0.0)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A queue with histories, snapshots 5 and 6, and journals 5 and 6."""
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        do(store, submission(task("a") >> task("b") >> task("c")))
        run(store, 1)
        run(store, 2)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("snapshots", [2, 1])
def test_a_newest_snapshot_that_is_damaged_can_be_moved_away(long: Path, snapshots: int) -> None:
    """The error says so, and what the queue is read from then; doing that gives the same state."""
    if snapshots == 1:  # the first one that a queue makes, which has no older one
        long = long.parent / "short"
        JsonStore.create(str(long))
        with closing(JsonStore(str(long))) as store:
            do(store, submission(task("a")))
        assert names(long) == ["journal-000001.jsonl", "journal-000002.jsonl", "lock", "snapshot-000002.json"]
    with closing(JsonStore(str(long))) as store, store.snapshot() as shown:
        before = answers(shown)
    newest = max(long.glob("snapshot-*"))
    newest.write_bytes(newest.read_bytes()[:-9])
    source = "snapshot-000005.json and the journals since" if snapshots == 2 else f"the journals from {FIRST} on"
    told = f"{newest}: its checksum is wrong; .*Move the file away: the queue is then read from {source}, which give"
    with pytest.raises(DamagedFileError, match=told):
        JsonStore(str(long))
    newest.rename(newest.with_suffix(".damaged"))
    with closing(JsonStore(str(long))) as store:
        with store.snapshot() as shown:
            assert differences(answers(shown), before) == {}
        do(store, submission(task("next")))
    with closing(JsonStore(str(long))) as store, store.snapshot() as shown:
        assert shown.keys()[:-1] == before["keys"]


def test_a_damaged_snapshot_that_is_needed(long: Path) -> None:
    """Where a journal is missing that would be read instead, only a backup helps, and the error says so."""
    (long / "journal-000005.jsonl").unlink()
    (long / "snapshot-000006.json").write_bytes(b"{}")
    with pytest.raises(DamagedFileError, match=r"snapshot-000006\.json: .*Put the file back as it was, from a backup"):
        JsonStore(str(long))


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        (["journal-000006.jsonl"], "journal-000006.jsonl"),
        (["snapshot-000006.json", "journal-000006.jsonl"], "journal-000006.jsonl"),
        (["journal-000005.jsonl", "journal-000006.jsonl"], "journal-000006.jsonl"),
        (["snapshot-000005.json", "snapshot-000006.json"], FIRST),
    ],
)
def test_a_file_that_is_missing_is_named(long: Path, gone: list[str], named: str) -> None:
    """A journal that another one names, or all of them: the error says which file to put back, not to make a queue."""
    with closing(JsonStore(str(long))) as store:
        for name in gone:
            (long / name).unlink()
        told = rf"{long}/{named} is missing, and the queue can't be read without it: put it back from a backup"
        if "snapshot-000006.json" in gone:  # a handle that is open needs no snapshot
            store.close()
        with pytest.raises(StorageError, match=told), store.snapshot():
            pass
    with pytest.raises(StorageError, match=told) as caught:
        JsonStore(str(long))
    assert "pq init" not in str(caught.value)


def test_a_lock_that_is_missing_is_made_again(long: Path) -> None:
    """It holds nothing: readers need none, handles that are open go on, and the next writer makes it."""
    with closing(JsonStore(str(long))) as before:
        (long / "lock").unlink()
        with closing(JsonStore(str(long))) as store:
            with store.snapshot() as shown:
                assert shown.keys() == [1, 2, 3]
            assert "lock" not in names(long)
            do(store, submission(task("d")))
            assert "lock" in names(long)
        do(before, submission(task("e")))
        with before.snapshot() as shown:
            assert shown.keys() == [1, 2, 3, 4, 5]


def test_a_lock_that_goes_while_it_is_held(long: Path) -> None:
    """Whoever held it may not be alone any more, so the transaction is refused and changes nothing."""
    with closing(JsonStore(str(long))) as store, closing(JsonStore(str(long))) as other:

        def lose(transaction: Transaction) -> None:
            decision = plan(transaction, [submission(task("lost"))])
            transaction.apply(decision, decision.heard)
            (long / "lock").unlink()
            do(other, submission(task("other")))

        with pytest.raises(LostLockError, match="nothing was changed"), store.transaction() as transaction:
            lose(transaction)
        with store.snapshot() as shown:
            assert [row.task.name for row in shown.rows()] == ["a", "b", "c", "other"]
        do(store, submission(task("later")))
