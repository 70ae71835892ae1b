"""Files of the JSON store that are cut or changed at any byte: read as they were, or refused with file and line."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.errors import StorageError, UsageError
from perqueue.store.jsonl import compaction
from perqueue.store.jsonl import store as json_store
from perqueue.store.jsonl.files import MissingFileError
from perqueue.store.jsonl.lines import DamagedFileError, NewerFormatError, write
from perqueue.store.jsonl.log import MissingHistoryError
from perqueue.store.jsonl.store import JsonStore
from perqueue.store.memory import State
from perqueue.store.replay import replayed
from perqueue.testing.contracts.random_campaigns import batch
from perqueue.testing.contracts.store_case import do, run, submission, task
from perqueue.testing.contracts.whole_state import answers, differences

FIRST = "journal-000001.jsonl"


@frozen
class Story:
    """A queue's only journal, and what it answers after each of its lines."""

    raw: bytes
    after: list[dict[str, object]]

    def ends(self) -> list[int]:
        """Where lines end."""
        return [found.end() for found in re.finditer(b"\n", self.raw)]


@pytest.fixture(autouse=True, scope="module")
def impatient() -> Iterator[None]:
    """Nobody writes meanwhile: what looks damaged is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_store, "_PAUSE", 0.0)
        yield


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A random campaign of a few transactions."""
    folder = tmp_path_factory.mktemp("story") / "store"
    JsonStore.create(str(folder))
    random = Random(3)
    after: list[dict[str, object]] = []
    with closing(JsonStore(str(folder))) as store:
        while len(after) < 9:
            with store.snapshot() as shown:
                before, events = shown.logged, batch(random, shown)
                after.append(answers(shown))
            with suppress(UsageError):
                do(store, *events)
            with store.snapshot() as shown:
                if shown.logged == before:
                    after.pop()
        with store.snapshot() as shown:
            after.append(answers(shown))
    return Story((folder / FIRST).read_bytes(), after)


def stored(raw: bytes, work: Callable[[Path], None]) -> None:
    """A store whose only journal is this, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="perqueue-test-") as made:
        folder = Path(made) / "store"
        JsonStore.create(str(folder))
        (folder / FIRST).write_bytes(raw)
        work(folder)


@given(data=st.data())
def test_a_journal_that_is_cut_anywhere_has_all_its_whole_lines(story: Story, data: st.DataObject) -> None:
    """Law: what is left after a crash is the state after the last whole line, and writing goes on from there."""
    ends = story.ends()
    at = data.draw(st.integers(ends[0], len(story.raw)))
    whole = sum(end <= at for end in ends) - 1

    def check(folder: Path) -> None:
        with closing(JsonStore(str(folder))) as store:
            with store.snapshot() as shown:
                assert differences(answers(shown), story.after[whole]) == {}
            do(store, submission(task("next")))
            with store.snapshot() as shown:
                now = answers(shown)
        raw = (folder / FIRST).read_bytes()
        assert raw.startswith(story.raw[: ends[whole]])
        assert raw.count(b"\n") == whole + 2, "what was torn is cut"
        with closing(JsonStore(str(folder))) as store, store.snapshot() as shown:
            assert differences(answers(shown), now) == {}

    stored(story.raw[:at], check)


@given(data=st.data(), change=st.integers(1, 255))
def test_a_byte_that_is_changed_anywhere_is_noticed(story: Story, data: st.DataObject, change: int) -> None:
    """Law: with one byte changed, the line is named; only a last line that looks unfinished is left out instead."""
    # The last line is the one that matters, and its last byte most of all.
    at = data.draw(st.integers(0, len(story.raw) - 1) | st.integers(story.ends()[-2], len(story.raw) - 1))
    raw = bytearray(story.raw)
    raw[at] ^= change
    line = story.raw[:at].count(b"\n") + 1

    def check(folder: Path) -> None:
        if at >= story.ends()[-2] and raw[at] == 0 and at < len(story.raw) - 1:
            with closing(JsonStore(str(folder))) as store, store.snapshot() as shown:
                assert differences(answers(shown), story.after[-2]) == {}
            return
        with pytest.raises(DamagedFileError, match=re.escape(f"{folder}/{FIRST}, line {line}: ")):
            JsonStore(str(folder))
        assert (folder / FIRST).read_bytes() == raw, "and it is not written to"

    stored(bytes(raw), check)


@given(data=st.data())
def test_a_line_that_is_lost_or_moved_is_noticed(story: Story, data: st.DataObject) -> None:
    """Each line goes on from the one before: one that is gone, doubled or elsewhere is found, though it is whole."""
    lines = story.raw.splitlines(keepends=True)
    at = data.draw(st.integers(1, len(lines) - 2))
    what = data.draw(st.sampled_from(["gone", "doubled", "swapped"]))
    if what == "gone":
        del lines[at]
    elif what == "doubled":
        lines.insert(at, lines[at])
    else:
        lines[at : at + 2] = lines[at + 1], lines[at]

    def check(folder: Path) -> None:
        with pytest.raises(DamagedFileError, match=rf"{FIRST}, line {at + 1 + (what == 'doubled')}: "):
            JsonStore(str(folder))

    stored(b"".join(lines), check)


def test_zeros_that_a_power_cut_leaves_are_cut(tmp_path: Path, story: Story) -> None:
    """A block that never reached the disk reads as zeros: the line that it belongs to was never finished."""

    def check(folder: Path) -> None:
        with closing(JsonStore(str(folder))) as store, store.snapshot() as shown:
            assert differences(answers(shown), story.after[-1]) == {}

    for rest in (b"\0" * 4096, b'{"crc":"' + b"\0" * 500, b'{"crc":"01234567",' + b"\0" * 50 + b"}\n"):
        stored(story.raw + rest, check)


def test_a_reader_that_saw_what_a_power_cut_took_reads_anew(tmp_path: Path) -> None:
    """A handle that has read a line which was not durable yet, and is another one now, begins from what there is."""
    path = tmp_path / "store"
    JsonStore.create(str(path))
    with closing(JsonStore(str(path))) as writer, closing(JsonStore(str(path))) as reader:
        do(writer, submission(task("kept")))
        kept = (path / FIRST).read_bytes()
        do(writer, submission(task("lost")))
        with reader.snapshot() as shown:
            assert [row.task.name for row in shown.rows()] == ["kept", "lost"]
        (path / FIRST).write_bytes(kept)
        with closing(JsonStore(str(path))) as later:
            do(later, submission(task("else")))
        with reader.snapshot() as shown:
            assert [row.task.name for row in shown.rows()] == ["kept", "else"]


# snapshots and histories


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A queue with histories, two snapshots and two journals."""
    monkeypatch.setattr(compaction, "LEAST", 0)
    monkeypatch.setattr(compaction, "FACTOR", 0.0)
    folder = tmp_path / "store"
    JsonStore.create(str(folder))
    with closing(JsonStore(str(folder))) as store:
        do(store, submission(task("a") >> task("b") >> task("c")))
        run(store, 1)
        run(store, 2)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_kept(long: Path) -> None:
    """Two snapshots and what goes on from the older one; of everything before, the events."""
    assert names(long) == [
        "history-000001.jsonl", "history-000002.jsonl", "history-000003.jsonl", "history-000004.jsonl",
        "journal-000005.jsonl", "journal-000006.jsonl", "lock", "snapshot-000005.json", "snapshot-000006.json",
    ]  # fmt: skip
    assert json.loads((long / "snapshot-000006.json").read_text())["counters"]["entry"] == 3


@given(data=st.data(), change=st.integers(1, 255))
def test_a_changed_byte_in_a_snapshot_or_history_is_noticed(data: st.DataObject, change: int) -> None:
    """Law: what is not as it was written is refused by its name, a snapshot at once, a history when it is asked for."""
    with tempfile.TemporaryDirectory(prefix="perqueue-test-") as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "LEAST", 0)
        patch.setattr(compaction, "FACTOR", 0.0)
        folder = Path(made) / "store"
        JsonStore.create(str(folder))
        with closing(JsonStore(str(folder))) as store:
            do(store, submission(task("a") >> task("b")))
            run(store, 1)
        file = folder / data.draw(st.sampled_from([n for n in names(folder) if n[:4] in ("snap", "hist")]))
        newest = file.name == max(name for name in names(folder) if name.startswith("snap"))
        raw = bytearray(file.read_bytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= change
        file.write_bytes(raw)
        if newest:
            with pytest.raises(DamagedFileError, match=file.name):
                JsonStore(str(folder))
            return
        with closing(JsonStore(str(folder))) as store, store.snapshot() as shown:
            assert shown.keys() == [1, 2]
            if file.name.startswith("hist"):
                with pytest.raises(StorageError, match=re.escape(made)):
                    shown.log()


def test_without_the_newest_snapshot_the_older_one_does(long: Path) -> None:
    """A snapshot that is damaged can be put away: the one before it and the journals since give the same."""
    with closing(JsonStore(str(long))) as store, store.snapshot() as shown:
        before = answers(shown)
    (long / "snapshot-000006.json").unlink()
    with closing(JsonStore(str(long))) as store, store.snapshot() as shown:
        assert differences(answers(shown), before) == {}
        assert shown.keys() == replayed(shown).keys()


def test_events_that_are_gone_are_missed_aloud(long: Path) -> None:
    """Without one of its histories the queue works, and its log says what is missing."""
    (long / "history-000002.jsonl").unlink()
    with closing(JsonStore(str(long))) as store:
        do(store, submission(task("d")))
        with store.snapshot() as shown, pytest.raises(MissingHistoryError, match="are in none of its files"):
            shown.log()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """What a newer perqueue wrote is not guessed at."""
    JsonStore.create(str(tmp_path / "store"))
    told = {"perqueue": "journal", "format": 2, "journal": 1, "seq": 0, "events": 0}
    (tmp_path / "store" / FIRST).write_bytes(write(told, 0)[0])
    with pytest.raises(NewerFormatError, match="has format 2, this perqueue knows 1"):
        JsonStore(str(tmp_path / "store"))


def test_a_folder_that_is_no_store(tmp_path: Path) -> None:
    """A folder that is missing or of something else is told from a queue."""
    with pytest.raises(StorageError, match="does not exist; `pq init -b json` makes a queue"):
        JsonStore(str(tmp_path / "nothing"))
    JsonStore.create(str(tmp_path / "store"))
    (tmp_path / "store" / FIRST).write_bytes(b"something else\n" * 2)
    with pytest.raises(DamagedFileError, match="line 1: "):
        JsonStore(str(tmp_path / "store"))
    (tmp_path / "store" / FIRST).unlink()
    with pytest.raises(MissingFileError, match=f"{FIRST} is missing"):
        JsonStore(str(tmp_path / "store"))


def test_a_store_that_is_replaced_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    """A handle says that another queue is there now, and writes nothing to it."""
    path = tmp_path / "store"
    JsonStore.create(str(path))
    with closing(JsonStore(str(path))) as store:
        do(store, submission(task("a")))
        shutil.move(path, tmp_path / "aside")
        JsonStore.create(str(path))
        with pytest.raises(StorageError, match="in the place of the queue that was opened here"):
            do(store, submission(task("b")))
        with pytest.raises(StorageError, match="open it again"):
            store.version()
    with closing(JsonStore(str(path))) as store, store.snapshot() as shown:
        assert shown.keys() == State().keys()
