"""``pq migrate`` and ``pq init -b``: which store keeps a queue, and how it is moved to another one."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.cli.program import Pq, caller

from perqueue import PersistentQueue, Task
from perqueue.cli.acting import migrating
from perqueue.core.events import Admitted, Removed, Resubmitted
from perqueue.core.groups import StaticWidthGroup
from perqueue.engine import folder as engine_folder
from perqueue.engine.folder import create_folder, need_folder
from perqueue.engine.lease import take_lease
from perqueue.store.copying import LastEpoch, Record, dump
from perqueue.store.protocol import Store, StorePlugin
from perqueue.store.replay import replayed
from perqueue.store.sqlite import SQLITE
from perqueue.testing.contracts.store_case import do, ended, run, submission, task
from perqueue.testing.contracts.whole_state import answers, differences, history

BOTH = pytest.mark.parametrize(("old", "new"), [("sqlite", "json"), ("json", "sqlite")])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody leaves in these tests, so nobody is waited for."""
    monkeypatch.setattr(migrating, "PATIENCE", 0.0)


@pytest.fixture
def pq(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> Pq:
    """``pq`` in a folder without anything that runs."""
    return caller(capsys)


@contextmanager
def opened() -> Iterator[Store]:
    with closing(need_folder().open_store()) as store:
        yield store


def fill() -> None:
    """A queue with results, an attempt of a removed entry, a failure and something that waits; nothing under way."""
    with opened() as store:
        do(store, submission(StaticWidthGroup(task("a"), 2) >> task("ünï \udcff")))
        run(store, 1, 2, data='{"x":[1,"☃"]}')
        do(store, submission(task("gone") >> task("with it")))
        run(store, 4)
        do(store, Removed(5.0, (4,)), Resubmitted(6.0, (1,)), Admitted(6.0, 1), ended(1, 2))


def shown() -> tuple[dict[str, object], list[Record]]:
    """What the queue answers, and all that it holds."""
    with opened() as store, store.snapshot() as state:
        assert differences(history(replayed(state)), history(state)) == {}
        said = answers(state)
        # Each move has a lease of its own; one that was killed leaves it behind, for the next one to replace.
        del said["last epoch"], said["lease"]
        return said, [record for record in dump(state) if not isinstance(record, LastEpoch)]


# choosing


def test_init_makes_the_store_that_is_named(pq: Pq, queue_folder: Path) -> None:
    """``-b json`` makes a queue in JSON files, and ``pq info`` says so."""
    pq("init", "-b", "json")
    assert need_folder().store == "json"
    assert (queue_folder / ".perqueue/store/journal-000001.jsonl").exists()
    assert "Store:         json" in pq("info").out


def test_init_refuses_a_name_that_is_not_known(pq: Pq, queue_folder: Path) -> None:
    """A store that is not installed is a mistake of the call, and nothing is made or moved for it."""
    pq("init")
    before = (queue_folder / ".perqueue/queue.json").read_text()
    told = pq("init", "-b", "postgres", "--force", status=2).err
    assert "there is no store 'postgres'" in told
    assert "json" in told
    assert (queue_folder / ".perqueue/queue.json").read_text() == before


def test_the_configuration_chooses(pq: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``[queue] store`` decides for queues that ``pq init`` and submissions make; ``-b`` goes over it."""
    config = queue_folder / "perqueue.toml"
    config.write_text(config.read_text() + '\n[queue]\nstore = "json"\n')
    for name, arguments in (("a", ()), ("b", ("-b", "sqlite"))):
        (queue_folder / name).mkdir()
        monkeypatch.chdir(queue_folder / name)
        pq("init", *arguments)
    (queue_folder / "c").mkdir()
    monkeypatch.chdir(queue_folder / "c")
    Path("noop.py").write_text("def main(**_):\n    return True, None\n")
    monkeypatch.setattr("perqueue.api.queue.drive", lambda _: "", raising=False)
    with PersistentQueue() as queue:
        queue.submit(Task("noop.py", None, "local"))
    found = [engine_folder.open_folder(f"{queue_folder}/{name}/.perqueue").store for name in "abc"]
    assert found == ["json", "sqlite", "json"]


# moving


@BOTH
def test_everything_is_moved(pq: Pq, queue_folder: Path, old: str, new: str) -> None:
    """The new store holds and answers what the old one did, history included; the old files are kept and named."""
    pq("init", "-b", old)
    fill()
    before = shown()
    told = pq("migrate", "--to", new)
    assert need_folder().store == new
    assert shown() == before
    assert re.search(rf"moved the queue to '{new}': \d+ records copied and compared", told.out)
    kept = re.search(r"are kept in (\S+);", told.out)
    assert kept is not None
    assert os.listdir(kept[1]) == [{"sqlite": "queue.db", "json": "store"}[old]]
    with opened() as store:
        do(store, submission(task("later")))


def test_there_and_back_again(pq: Pq, queue_folder: Path) -> None:
    """A queue may be moved as often as one likes; each time all files that were left are kept."""
    pq("init")
    fill()
    before = shown()
    for name in ("json", "sqlite", "json", "sqlite"):
        pq("migrate", "--to", name)
        assert shown() == before
    left = [name for name in os.listdir(queue_folder / ".perqueue") if name.startswith("replaced-")]
    assert len(left) == 4


@BOTH
def test_whoever_has_it_open_goes_on(pq: Pq, old: str, new: str) -> None:
    """A handle from before the move reads and writes what counts after it."""
    pq("init", "-b", old)
    fill()
    with opened() as store:
        with store.snapshot() as state:
            number = len(state.keys())
        pq("migrate", "--to", new)
        do(store, submission(task("later")))
    with opened() as store, store.snapshot() as state:
        assert len(state.keys()) == number + 1


# refusing


def test_what_can_not_be_moved(pq: Pq) -> None:
    """A store that is not known, and the one that keeps it already, are mistakes of the call."""
    pq("migrate", "--to", "json", status=2)
    pq("init")
    assert "there is no store 'postgres'" in pq("migrate", "--to", "postgres", status=2).err
    assert "is kept by 'sqlite' already" in pq("migrate", "--to", "sqlite", status=2).err


def test_not_while_something_is_with_an_executor(pq: Pq) -> None:
    """Entries that are queueing or running are named, with what to do."""
    pq("init")
    fill()
    with opened() as store:
        do(store, Admitted(7.0, 3))
    told = pq("migrate", "--to", "json", status=2).err
    assert "with an executor are 3; wait until they have ended (`pq watch`), or `pq cancel -s qr`" in told
    assert need_folder().store == "sqlite"


def test_not_while_something_is_being_stopped(pq: Pq) -> None:
    """An attempt that has to be stopped is somebody's yet."""
    pq("init")
    with opened() as store:
        do(store, submission(task("a")), Admitted(1.0, 1), Removed(1.0, (1,)))
    assert "attempts are being stopped" in pq("migrate", "--to", "json", status=2).err


def test_not_while_somebody_drives_it(pq: Pq) -> None:
    """While another process holds the lease, nothing is moved."""
    pq("init")
    fill()
    with opened() as store:
        assert take_lease(store) is not None
        assert "somebody drives it" in pq("migrate", "--to", "json", status=2).err
    assert need_folder().store == "sqlite"


def test_not_away_from_home(pq: Pq, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another host than the queue's home it is told where to go."""
    pq("init")
    monkeypatch.setattr(engine_folder, "host", lambda: "elsewhere")
    assert "run `pq migrate` there" in pq("migrate", "--to", "json", status=2).err


def test_a_plugin_without_files(pq: Pq, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose plugin does not say what its files are is not moved."""
    pq("init")
    bare = StorePlugin("bare", "a store of somebody else's", SQLITE.create, SQLITE.open)
    monkeypatch.setattr(migrating, "store_plugin", {"bare": bare, "sqlite": SQLITE}.__getitem__)
    assert "the store 'bare' does not say which files are its own" in pq("migrate", "--to", "bare", status=2).err


def test_a_copy_that_differs_does_not_count(pq: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the copy is not equal, the queue is as it was, and nothing of the copy is left."""
    pq("init")
    fill()
    before = shown()
    monkeypatch.setattr(migrating, "dump", lambda state: (r for r in dump(state) if getattr(r, "seq", 0) != 3))
    assert "the copy differs in its record number" in pq("migrate", "--to", "json", status=1).err
    assert shown() == before
    assert not [name for name in os.listdir(queue_folder / ".perqueue") if name.startswith(("migrating", "store"))]
    monkeypatch.undo()


def test_old_files_that_are_open_elsewhere_are_not_covered(pq: Pq, queue_folder: Path) -> None:
    """SQLite removes, when it closes a file, the journal of whatever has its name: so nothing else may get it."""
    pq("init")
    fill()
    with closing(sqlite3.connect(queue_folder / ".perqueue/queue.db")) as other:
        other.execute("SELECT count(*) FROM entries").fetchone()
        told = pq("migrate", "--to", "json")
        assert "the old files stay where they are" in told.err
        assert "another process still has the files" in pq("migrate", "--to", "sqlite", status=2).err
        assert need_folder().store == "json"
    assert "older files of 'sqlite', which do not count any more" in pq("migrate", "--to", "sqlite").out


# dying


DYING = """
import os, signal, sys
left = int(sys.argv[1])

def watched(real):
    def call(*arguments, **options):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*arguments, **options)
    return call

for name in ("rename", "replace", "link", "unlink", "mkdir", "rmdir", "pwrite", "fsync"):
    setattr(os, name, watched(getattr(os, name)))

from perqueue.cli.app import run
sys.exit(run(["migrate", "--to", sys.argv[2]]))
"""


@BOTH
@pytest.mark.slow
def test_killed_anywhere_the_queue_is_whole(
    pq: Pq, queue_folder: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    """Law: wherever a move is killed, the queue is whole in one of the two stores; moving it again ends the move."""
    moves = died = 0
    while True:
        (queue_folder / str(died)).mkdir()
        monkeypatch.chdir(queue_folder / str(died))
        create_folder(".", old)
        fill()
        before = shown()
        done = subprocess.run(
            [sys.executable, "-c", DYING, str(died), new], capture_output=True, text=True, check=False
        )
        assert shown() == before, died
        moves += need_folder().store == new
        if need_folder().store == old:
            pq("migrate", "--to", new)
            assert shown() == before
            assert not [name for name in os.listdir(".perqueue") if name.startswith("migrating")]
        with opened() as store:
            do(store, submission(task("after")))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        died += 1
    assert died > 8
    assert moves > 1
