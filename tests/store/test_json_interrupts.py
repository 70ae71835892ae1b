"""The JSON store, interrupted at any line of its code, and on a disk that neither keeps nor takes back."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from perqueue.core.errors import StorageError, UsageError
from perqueue.core.events import Admitted
from perqueue.core.records import Context
from perqueue.store import jsonl
from perqueue.store.jsonl import compaction, files
from perqueue.store.jsonl.journal import UnknownFateError
from perqueue.store.jsonl.lines import DamagedFileError
from perqueue.store.jsonl.store import JsonStore
from perqueue.testing.contracts.store_case import do, ended, submission, task
from perqueue.testing.contracts.whole_state import answers, differences

OURS = os.path.dirname(jsonl.__file__) + os.sep
FIRST = "journal-000001.jsonl"
Change = Callable[[JsonStore], object]


class Interrupt:
    """Raises KeyboardInterrupt before a line of the store's code, once; counts from 0.

    Left out is what only sets or lets go of a lock: there the interpreter looks for signals after the calls, where
    what was taken is in safe hands already.
    """

    def __init__(self, line: int) -> None:
        self.left = line
        self.where = ""

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(OURS) or code.co_name == "_alone" or code.co_filename.endswith("lock.py"):
            return None
        return self._line

    def _line(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            self.left -= 1
            if self.left < 0:
                sys.settrace(None)
                self.where = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self._line

    def during(self, change: Change, store: JsonStore) -> str:
        """Make a change with this interrupt; where it came, empty if it was over before."""
        before = sys.gettrace()
        sys.settrace(self)
        try:
            change(store)
        except KeyboardInterrupt:
            assert self.where
        finally:
            sys.settrace(before)
        return self.where


def remember(number: int) -> Change:
    """A transaction that keeps a context."""

    def change(store: JsonStore) -> int:
        with store.transaction() as state:
            return state.add_context(Context(f"/python{number}", "/", ()))

    return change


def seen(shown: Any) -> dict[str, object]:
    """All that a state answers, and its contexts."""
    return {**answers(shown), "contexts": dict(shown.contexts)}


def told(store: JsonStore) -> dict[str, object]:
    with store.snapshot() as shown:
        return seen(shown)


def afresh(folder: Path) -> dict[str, object]:
    """What a handle that is opened now answers."""
    with closing(JsonStore(str(folder))) as store:
        return told(store)


@pytest.fixture(params=["never", pytest.param("always", marks=pytest.mark.slow)])
def compacted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether a new journal is begun after each transaction."""
    name: str = request.param
    if name == "always":
        monkeypatch.setattr(compaction, "LEAST", 0)
        monkeypatch.setattr(compaction, "FACTOR", 0.0)
    return name


CHANGES: dict[str, tuple[Change, int]] = {
    "a context": (remember(2), 1),
    "entries": (lambda store: do(store, submission(task("c") >> task("d"))), 7),
    "an end": (lambda store: do(store, ended(1, data='{"x":1}')), 7),
}
"""Changes, and at which lines they are interrupted: each, or every so many."""


# A file that an interrupt leaves open is closed by the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", CHANGES)
def test_interrupted_at_any_line(tmp_path: Path, compacted: str, name: str) -> None:
    """Law: a handle and whoever reads afresh agree, the change is whole or never was, no number is given twice."""
    change, step = CHANGES[name]
    step *= 11 if compacted == "always" else 1
    begun = tmp_path / "begun"
    JsonStore.create(str(begun))
    with closing(JsonStore(str(begun))) as store:
        remember(1)(store)
        do(store, submission(task("a") >> task("b")))
        do(store, Admitted(2.0, 1))
    states = [afresh(begun)]
    whole = tmp_path / "whole"
    shutil.copytree(begun, whole)
    with closing(JsonStore(str(whole))) as store:
        change(store)
    states.append(afresh(whole))
    line, kept, where = 0, set[bool](), "?"
    while where:
        folder = tmp_path / "now"
        shutil.copytree(begun, folder)
        with closing(JsonStore(str(folder))) as store:
            version = store.version()
            where = Interrupt(line).during(change, store)
            found = afresh(folder)
            assert found in states, (line, where)
            assert differences(told(store), found) == {}, (line, where)
            stands = found == states[1]
            number = remember(3)(store)
            contexts: Any = found["contexts"]
            assert number == len(contexts) + 1, (line, where)
            last = afresh(folder)
            assert last["contexts"] == {**contexts, number: Context("/python3", "/", ())}, (line, where)
            assert differences(told(store), last) == {}, (line, where)
            assert where or store.version() == version, "nobody else has committed"
            with closing(JsonStore(str(folder))) as other:
                now = store.version()
                remember(4)(other)
                assert store.version() != now, (line, where)
        shutil.rmtree(folder)
        kept.add(stands)
        line += step
    assert kept == {False, True}
    assert line > 100


def test_a_change_that_is_refused_costs_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What raises is undone; only what may have come in the midst of a change has everything read again."""
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        remember(1)(store)
        read: list[JsonStore] = []
        begin = JsonStore._begin

        def counted(handle: JsonStore) -> Any:
            read.append(handle)
            return begin(handle)

        monkeypatch.setattr(JsonStore, "_begin", counted)

        def refused(error: BaseException) -> None:
            with store.transaction() as state:
                state.add_context(Context("/no", "/", ()))
                raise error

        for error, times in (
            (UsageError("no"), 0),
            (ValueError("what"), 0),
            (MemoryError(), 1),
            (KeyboardInterrupt(), 2),
        ):
            with pytest.raises(type(error)):
                refused(error)
            assert list(told(store)["contexts"]) == [1]  # type: ignore[call-overload]
            assert len(read) == times


# a disk that fails


class Disk:
    """Refuses what is named, until it works again."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.refused: set[str] = set()
        self.calls: list[str] = []
        for name in ("pwrite", "fsync", "ftruncate"):
            patch.setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            if name in self.refused:
                raise OSError(errno.EIO, "Input/output error")
            return real(*arguments)

        return call


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("refused", ["pwrite", "pwrite ftruncate"])
def test_a_line_that_was_not_written(tmp_path: Path, disk: Disk, refused: str) -> None:
    """Nothing was changed, and that is said; the next transaction has its number."""
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        remember(1)(store)
        disk.refused = set(refused.split())
        with pytest.raises(StorageError, match="Input/output error; nothing was changed") as raised:
            remember(2)(store)
        assert not isinstance(raised.value, UnknownFateError)
        disk.refused = set()
        assert remember(3)(store) == 2
        assert told(store) == afresh(folder)


def test_a_line_that_was_not_synced_is_taken_back(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut off, durably, before anybody is told that nothing was changed."""
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        remember(1)(store)
        before = (folder / FIRST).read_bytes()
        real, failing = os.fsync, [True]

        def once(descriptor: int) -> None:
            if failing:
                failing.pop()
                raise OSError(errno.EIO, "Input/output error")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", once)
        disk.calls.clear()
        with pytest.raises(StorageError, match="nothing was changed"):
            remember(2)(store)
        assert disk.calls == ["pwrite", "ftruncate", "fsync"]
        assert (folder / FIRST).read_bytes() == before
        assert remember(3)(store) == 2
        assert told(store) == afresh(folder)


@pytest.mark.parametrize(("refused", "stands"), [("fsync ftruncate", True), ("fsync", False)])
def test_a_line_of_which_nobody_knows(tmp_path: Path, disk: Disk, refused: str, stands: bool) -> None:
    """What is whole, but neither durable nor taken back, is not said to have changed nothing; all who look agree."""
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        remember(1)(store)
        disk.refused = set(refused.split())
        with pytest.raises(
            UnknownFateError, match=r"may have been kept or not: look whether it was \(`pq ls`\)"
        ) as told_:
            remember(2)(store)
        assert "nothing was changed" not in str(told_.value)
        disk.refused = set()
        found = told(store)
        assert found == afresh(folder)
        assert list(found["contexts"]) == ([1, 2] if stands else [1])  # type: ignore[call-overload]
        assert remember(3)(store) == (3 if stands else 2)
        assert told(store) == afresh(folder)


def test_a_line_that_is_durable_stands_whatever_closing_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error at closing the file, after the line is durable, is none of the transaction's."""
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    real = os.close

    def refuse(descriptor: int) -> None:
        journals = os.path.realpath(f"/proc/self/fd/{descriptor}").endswith(".jsonl")
        real(descriptor)
        if journals:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "close", refuse)
    with closing(JsonStore(str(folder))) as store:
        assert remember(1)(store) == 1
        assert told(store) == afresh(folder)


# compaction


@pytest.mark.parametrize(
    "error",
    [
        DamagedFileError("/a", 1, "its checksum is wrong"),
        UnknownFateError("/a", OSError(errno.EIO, "Input/output error")),
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("a mistake"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("name", ["sweep", "begin", "put", "finish", "numbers"])
def test_what_goes_wrong_with_a_new_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    """The transaction before it stands and raises nothing; the next one begins a journal."""
    monkeypatch.setattr(compaction, "LEAST", 0)
    monkeypatch.setattr(compaction, "FACTOR", 0.0)
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        assert remember(1)(store) == 1
        with monkeypatch.context() as patch:

            class Failing:
                def __getattr__(self, asked: str) -> Any:
                    if asked == name:
                        raise error
                    return getattr(files, asked)

            patch.setattr(compaction, "files", Failing())
            assert remember(2)(store) == 2
        assert told(store) == afresh(folder)
        assert remember(3)(store) == 3
        assert told(store) == afresh(folder)
        assert len(files.numbers(str(folder), "snapshot")) == 2


def test_a_damaged_journal_that_is_not_needed_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old journal that is empty stays as it is; transactions go on, and whoever asks for its events is told."""
    monkeypatch.setattr(compaction, "LEAST", 0)
    monkeypatch.setattr(compaction, "FACTOR", 0.0)
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        do(store, submission(task("a")))
        (folder / FIRST).write_bytes(b"")
        for number in range(1, 6):
            assert remember(number)(store) == number
        with store.snapshot() as shown:
            assert sorted(shown.contexts) == [1, 2, 3, 4, 5]
            with pytest.raises(DamagedFileError, match=FIRST):
                shown.log()
    assert (folder / FIRST).exists()
