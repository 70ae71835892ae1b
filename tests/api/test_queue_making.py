"""How a queue comes about and is found again, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.driving import run

from perqueue import PersistentQueue, Task
from perqueue.core.errors import UsageError
from perqueue.engine.folder import PERQUEUE_FILE, NoQueueError, create_folder, find_folder


def add() -> Task:
    return Task("add.py", None, "local")


def test_one_line_says_that_a_queue_was_made(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first submission makes a queue and says where; the second says nothing; stdout is the script's own."""
    run(add())
    told = capsys.readouterr()
    assert told.err == f"perqueue: made a new queue in {scripts}/.perqueue\n"
    assert told.out == ""
    run(add())
    assert capsys.readouterr().err == ""


def test_a_queue_of_perqueue_is_noticed(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One more line says that PerQueue's own queue lies there, is left as it is, and how to move over."""
    old = scripts / PERQUEUE_FILE
    old.write_bytes(b"not ours")
    run(add())
    made, notice = capsys.readouterr().err.splitlines()
    assert "made a new queue" in made
    assert PERQUEUE_FILE in notice
    assert "left as it is" in notice
    assert "submission scripts again" in notice
    assert old.read_bytes() == b"not ours"
    run(add())
    assert capsys.readouterr().err == ""


def test_a_queue_above_is_used(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder below a queue's, submissions go to that queue, and no other is made."""
    below = still / "a" / "b"
    below.mkdir(parents=True)
    code = still / "add.py"
    monkeypatch.chdir(below)
    with PersistentQueue() as pq:
        pq.submit(Task(code, None, "local"))
    assert [entry.key for entry in PersistentQueue(still).get_entries()] == [1]
    assert not (below / ".perqueue").exists()


def test_a_queue_may_be_named(still: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder given to the queue is where it is looked for, relative to the current one."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (still / "below").mkdir()
    with pytest.raises(NoQueueError, match=str(elsewhere)):
        PersistentQueue(elsewhere).get_entries()
    assert PersistentQueue("below").get_entries() == []
    assert PersistentQueue(str(still)).get_entries() == []


def test_the_nearest_queue_counts(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue in a folder below another queue's is one of its own."""
    below = still / "below"
    below.mkdir()
    create_folder(str(below))
    monkeypatch.chdir(below)
    found = find_folder()
    assert found is not None
    assert found.folder == str(below)


def test_reading_makes_no_queue(queue_folder: Path) -> None:
    """Without a queue, reading says so and what to do, and leaves nothing behind."""
    with pytest.raises(NoQueueError, match=r"no queue in .* or above it: submit something here, or .*`pq init`"):
        PersistentQueue().get_entries()
    assert not (queue_folder / ".perqueue").exists()


def test_a_queue_works_on_after_its_block(still: Path) -> None:
    """One object serves for many blocks, and for reading between them."""
    pq = PersistentQueue()
    for number in (1, 2, 3):
        with pq:
            pq.submit(add())
        assert len(pq.get_entries()) == number


def test_an_inner_error_of_reading_leaves_no_file_open(still: Path) -> None:
    """A read that fails outside a block lets go of the queue's files like one that works."""
    pq = PersistentQueue()
    with pytest.raises(KeyError):
        pq.get_parent_data(1)
    opened = {path.resolve() for path in Path("/proc/self/fd").iterdir() if path.exists()}
    assert not [path for path in opened if still in path.parents]


def test_no_queue_is_made_for_what_it_can_not_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first submission that is refused for its arguments leaves no empty queue behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("def main(**_):\n    return True, {}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="can't be stored"), PersistentQueue() as queue:
        queue.submit(Task("a.py", {"x": object()}, "local"))
    assert not (tmp_path / ".perqueue").exists()
