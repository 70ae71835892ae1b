"""Who drives a queue: ticks by hand, the pipe that wakes, and the notes for whoever started a script."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from tests.engine.conftest import Bench
from tests.queues import script, wait_until

from perqueue import Task
from perqueue.core.errors import StorageError
from perqueue.engine.drive import TickReport, tick
from perqueue.engine.driver import driver, listening
from perqueue.engine.folder import QueueFolder, create_folder
from perqueue.engine.lease import take_lease
from perqueue.engine.receipts import RUN, note_submission, read_receipts
from perqueue.engine.wake import ensure_supervisor, poke
from perqueue.supervisor.loop import Wake


def away(bench: Bench) -> QueueFolder:
    """The same queue, as another host than its home sees it."""
    return evolve(bench.folder, home="elsewhere")


def test_a_tick_of_an_idle_queue(bench: Bench) -> None:
    """It does nothing, starts nobody, and gives the lease back."""
    assert tick(bench.folder) == TickReport()
    assert not listening(bench.folder)
    with bench.store.snapshot() as state:
        assert state.lease() is None
        assert not driver(bench.folder, state).alive


def test_a_tick_commits_what_lies_in_the_spool(bench: Bench) -> None:
    """Outcomes that attempts left are committed, and counted."""
    bench.submit(bench.task())
    bench.admit(1)
    bench.leave(1)
    assert tick(bench.folder) == TickReport(committed=1)
    assert bench.states() == {1: "succeeded"}


def test_a_tick_away_from_home(bench: Bench) -> None:
    """On another host it commits what lies in the spool, and starts nobody for the rest."""
    bench.submit(bench.task() >> bench.task())
    bench.admit(1)
    bench.leave(1)
    assert tick(away(bench)) == TickReport(committed=1, busy=True, away="elsewhere")
    assert bench.states() == {1: "succeeded", 2: "goahead"}
    assert not ensure_supervisor(away(bench))
    assert not listening(bench.folder)


def test_a_tick_while_somebody_moves_the_queue(bench: Bench) -> None:
    """It leaves everything to whoever holds the lease, and tells who that is."""
    lease = take_lease(bench.store)
    bench.submit(bench.task())
    assert tick(bench.folder) == TickReport(held=lease, busy=True)
    with bench.store.snapshot() as state:
        assert driver(bench.folder, state).alive


def test_a_tick_wakes_a_supervisor_that_lives(bench: Bench) -> None:
    """Where one listens, it is woken and does all the rest."""
    wake = Wake(bench.folder.wake)
    try:
        assert listening(bench.folder)
        assert not wake.drain(), "asking whether it listens does not wake it"
        assert tick(bench.folder) == TickReport(woken=True, busy=True)
        assert wake.drain()
        assert ensure_supervisor(bench.folder)
        assert wake.drain()
    finally:
        wake.close()
    assert not poke(bench.folder)


def test_a_supervisor_with_more_pokes_than_it_needs(bench: Bench) -> None:
    """A full pipe is as good as a poke, and nobody waits for it to be read."""
    wake = Wake(bench.folder.wake)
    try:
        with pytest.raises(BlockingIOError):
            fill(bench.folder.wake)
        assert poke(bench.folder)
    finally:
        wake.close()


def fill(path: str) -> None:
    """Write to a pipe, a byte at a time, until it takes no more."""
    pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(pipe, b"!")
    finally:
        os.close(pipe)


def test_a_pipe_that_can_not_be_opened(bench: Bench) -> None:
    """The error names it."""
    os.mkdir(bench.folder.wake)
    with pytest.raises(StorageError, match="wake can't be opened"):
        poke(bench.folder)
    with pytest.raises(OSError, match="wake"):
        listening(bench.folder)


def test_a_tick_starts_a_supervisor_for_what_is_left(queue_folder: Path) -> None:
    """Where there is work and nobody drives the queue, one is started, and the work is done."""
    folder = create_folder(str(queue_folder))
    script(queue_folder, "add.py", "def main(**_):\n    return True, None\n")
    with closing(folder.open_store()) as store:
        bench = Bench(folder, store)
        bench.submit(Task("add.py", None, "local"))
        assert tick(folder) == TickReport(started=True, busy=True)
        wait_until(lambda: bench.states() == {1: "succeeded"}, "the end of entry 1")


def test_a_supervisor_that_can_not_be_started(bench: Bench) -> None:
    """The error names the queue."""
    Path(bench.folder.supervisor_log).mkdir()
    with pytest.raises(StorageError, match=r"supervisor of .* can't be started"):
        ensure_supervisor(bench.folder)


def test_a_supervisor_that_ends_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its interpreter fails, the error says where to read why."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StorageError, match=r"can't be started: see .*supervisor\.log"):
        ensure_supervisor(bench.folder)


def test_notes_of_submissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are gathered by queue, ascending, each once, whoever wrote them in which order."""
    notes = tmp_path / "notes"
    notes.touch()
    monkeypatch.setenv(RUN, str(notes))
    for root, keys in (("/a", [3, 4]), ("/b", [1]), ("/a", [2, 3])):
        note_submission(root, keys)
    assert read_receipts(str(notes)) == {"/a": [2, 3, 4], "/b": [1]}
    assert [json.loads(line)["root"] for line in notes.read_text().splitlines()] == ["/a", "/b", "/a"]


def test_nobody_wants_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable, or when whoever asked has gone with the file, nothing is written."""
    monkeypatch.delenv(RUN, raising=False)
    note_submission("/a", [1])
    monkeypatch.setenv(RUN, str(tmp_path / "gone"))
    note_submission("/a", [1])
    assert list(tmp_path.iterdir()) == []


def test_notes_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file and the variable, and says that the entries are stored."""
    monkeypatch.setenv(RUN, str(tmp_path))
    with pytest.raises(StorageError, match=rf"named by {RUN}.*the entries are stored"):
        note_submission("/a", [1])
