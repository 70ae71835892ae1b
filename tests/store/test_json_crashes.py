"""The JSON store, killed between any two of its writes, and on a disk that has no room."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from perqueue.core.errors import StorageError
from perqueue.core.events import Admitted
from perqueue.store.jsonl import compaction, snapshots
from perqueue.store.jsonl.store import JsonStore
from perqueue.store.protocol import Store
from perqueue.store.replay import replayed
from perqueue.testing.contracts.store_case import do, ended, submission, task
from perqueue.testing.contracts.whole_state import answers, differences, history

WRITES = ("pwrite", "fsync", "ftruncate", "replace", "rename", "unlink", "mkdir")


class Died(BaseException):
    """What stands for kill -9: nothing that the process does after it reaches the disk."""


class Disk:
    """Counts what is written, and stops at some point: from then on nothing is written any more."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = -1
        self.done = 0
        self.dead = False
        for name in WRITES:
            # A process that dies loses nothing of what it wrote, synchronised or not: only power cuts do that.
            patch.setattr(os, name, self._watched(name, (lambda _: None) if name == "fsync" else getattr(os, name)))

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if self.dead:
                raise Died
            if self.left == 0:
                self.dead = True
                if name == "pwrite":
                    descriptor, data, at = arguments
                    real(descriptor, data[: len(data) // 2], at)
                raise Died
            self.left -= 1
            self.done += 1
            return real(*arguments, **options)

        return call


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture(params=["never", "always"])
def compacted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether a new journal is begun after each transaction."""
    name: str = request.param
    if name == "always":
        monkeypatch.setattr(compaction, "LEAST", 0)
        monkeypatch.setattr(compaction, "FACTOR", 0.0)
    return name


def story() -> Iterator[Callable[[Store], object]]:
    """Transactions, one after another."""
    yield lambda store: do(store, submission(task("a") >> task("b") >> task("c")))
    yield lambda store: do(store, Admitted(2.0, 1))
    yield lambda store: do(store, ended(1, data='{"x":1}'))
    yield lambda store: do(store, Admitted(3.0, 2), ended(2))


def seen(path: Path) -> dict[str, object]:
    """What a handle that is opened now answers."""
    with closing(JsonStore(str(path))) as store, store.snapshot() as shown:
        return answers(shown)


def test_killed_between_any_two_writes(tmp_path: Path, disk: Disk, compacted: str) -> None:
    """Law: wherever it dies, every transaction that returned is there, the one under way is whole or not at all."""
    whole = tmp_path / "whole"
    JsonStore.create(str(whole))
    states = [seen(whole)]
    with closing(JsonStore(str(whole))) as store:
        for step in story():
            step(store)
            states.append(seen(whole))
    died = 0
    while True:
        path = tmp_path / str(died)
        JsonStore.create(str(path))
        disk.left, disk.dead, returned = died, False, 0
        try:
            with closing(JsonStore(str(path))) as store:
                for step in story():
                    step(store)
                    returned += 1
        except Died:
            pass
        finished, disk.dead, disk.left = not disk.dead, False, -1
        found = seen(path)
        possible = [number for number in (returned, returned + 1) if found == states[min(number, len(states) - 1)]]
        assert possible, (died, returned, differences(found, states[returned]))
        with closing(JsonStore(str(path))) as store:
            for step in list(story())[possible[0] :]:
                step(store)
            do(store, submission(task("after")))
            with store.snapshot() as shown:
                assert [event.seq for event in shown.log()] == list(range(1, shown.logged + 1))
                assert differences(history(replayed(shown)), history(shown)) == {}
        if finished:
            break
        died += 1
    assert died > (30 if compacted == "always" else 7)


def test_what_a_dead_process_had_begun_is_swept(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files under temporary names go with the next compaction, and none is left by a life without crashes."""
    monkeypatch.setattr(compaction, "LEAST", 0)
    monkeypatch.setattr(compaction, "FACTOR", 0.0)
    path = tmp_path / "store"
    JsonStore.create(str(path))
    with closing(JsonStore(str(path))) as store:
        disk.left = 2  # the line and its fsync; then the new snapshot's
        with pytest.raises(Died):
            do(store, submission(task("a")))
        disk.left, disk.dead = -1, False
    assert [name for name in os.listdir(path) if name.endswith(".new")]
    with closing(JsonStore(str(path))) as store:
        do(store, Admitted(2.0, 1))
    assert not [name for name in os.listdir(path) if name.endswith(".new")]
    assert os.listdir(tmp_path) == ["store"]


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for which there is no room leaves the state and the file as they were, and the handle usable."""
    path = tmp_path / "store"
    JsonStore.create(str(path))
    with closing(JsonStore(str(path))) as store:
        do(store, submission(task("a")))
        before, raw = seen(path), (path / "journal-000001.jsonl").read_bytes()

        def full(descriptor: int, data: bytes, at: int, real: Callable[..., int] = os.pwrite) -> int:
            if len(data) <= 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor, data[: len(data) // 2], at)

        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            with pytest.raises(StorageError, match="No space left on device; nothing was changed; make room"):
                do(store, submission(task("b")))
        assert (path / "journal-000001.jsonl").read_bytes() == raw
        with store.snapshot() as shown:
            assert differences(answers(shown), before) == {}
        do(store, submission(task("c")))
        with store.snapshot() as shown:
            assert [row.task.name for row in shown.rows()] == ["a", "c"]


def test_no_room_for_a_snapshot_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction stands although no new journal could be begun after it; the present one goes on."""
    monkeypatch.setattr(compaction, "LEAST", 0)
    monkeypatch.setattr(compaction, "FACTOR", 0.0)
    path = tmp_path / "store"
    JsonStore.create(str(path))

    def full(state: object, number: int, seq: int) -> Iterator[bytes]:
        yield b"{"
        raise OSError(errno.ENOSPC, "No space left on device")

    with closing(JsonStore(str(path))) as store:
        with monkeypatch.context() as patch:
            patch.setattr(snapshots, "pieces", full)
            do(store, submission(task("a") >> task("b")))
            do(store, Admitted(2.0, 1))
        assert sorted(os.listdir(path)) == ["journal-000001.jsonl", "lock"]
        do(store, ended(1))
        assert "snapshot-000002.json" in os.listdir(path)
        with store.snapshot() as shown:
            assert len(shown.log()) == 3
