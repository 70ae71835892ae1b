"""A queue's folder: found upward, made complete or not at all, and refused where it is not one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from perqueue.core.errors import StorageError
from perqueue.engine.folder import (
    FORMAT,
    NoQueueError,
    QueueExistsError,
    create_folder,
    find_folder,
    find_or_create,
    need_folder,
    open_folder,
)
from perqueue.plugins.manager import UnknownPluginError
from perqueue.runner.process import host


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def damage(folder: Path, text: str) -> None:
    (folder / ".perqueue" / "queue.json").write_text(text, encoding="utf-8")


def test_a_new_queue_is_complete(here: Path) -> None:
    """A queue has its files, knows its home, and is ignored by git."""
    made = create_folder(".")
    root = here / ".perqueue"
    assert (made.root, made.folder, made.home, made.store) == (str(root), str(here), host(), "sqlite")
    assert made.at_home
    assert json.loads((root / "queue.json").read_text()) == {
        "format": FORMAT, "id": made.id, "home": made.home, "store": "sqlite",
    }  # fmt: skip
    assert {"spool", "blobs", "logs", "queue.db", ".gitignore"} <= set(os.listdir(root))
    assert (root / ".gitignore").read_text() == "*\n"
    assert made.spool().list_new() == []
    store = made.open_store()
    with store.snapshot() as state:
        assert state.keys() == []
    store.close()
    assert os.listdir(here) == [".perqueue"]


def test_its_files_have_fixed_names(here: Path) -> None:
    """Everything of a queue lies in its folder, logs by entry and attempt."""
    made, root = create_folder("."), here / ".perqueue"
    assert (made.blobs, made.logs, made.log(3, 2)) == (f"{root}/blobs", f"{root}/logs", f"{root}/logs/3.2.log")
    assert (made.wake, made.lock) == (f"{root}/wake", f"{root}/supervisor.lock")
    assert made.supervisor_log == f"{root}/supervisor.log"


def test_each_queue_has_an_id_of_its_own(here: Path) -> None:
    """Two queues are told apart wherever they are moved."""
    (here / "a").mkdir()
    assert create_folder("a").id != create_folder(".").id


def test_a_queue_is_found_upward(here: Path) -> None:
    """From any folder below, the nearest queue is found; None where there is none."""
    below = here / "a" / "b"
    below.mkdir(parents=True)
    assert find_folder(str(below)) is None
    made = create_folder(str(here))
    assert find_folder(str(below)) == find_folder() == need_folder(str(below)) == made
    nearer = create_folder(str(here / "a"))
    assert find_folder(str(below)) == nearer
    assert find_folder() == made


def test_no_queue(here: Path) -> None:
    """The error says where was looked and what to do."""
    with pytest.raises(NoQueueError, match=rf"in {here} or above it: .*`pq init`"):
        need_folder()


def test_a_folder_of_that_name_without_a_queue_is_passed_by(here: Path) -> None:
    """An empty ``.perqueue`` below a queue doesn't hide it."""
    made = create_folder(str(here))
    (here / "a" / ".perqueue").mkdir(parents=True)
    assert find_folder(str(here / "a")) == made


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "{}", '{"format": 1}', '{"format": "1", "id": "", "home": "", "store": ""}']
)
def test_a_damaged_queue(here: Path, text: str) -> None:
    """A queue whose ``queue.json`` can't be read is an error that names it, and never passed by for one above."""
    create_folder(".")
    (here / "a").mkdir()
    create_folder("a")
    damage(here / "a", text)
    with pytest.raises(StorageError, match=rf"{here}/a/\.perqueue is not a perqueue queue"):
        find_folder("a")


def test_a_queue_of_a_newer_format(here: Path) -> None:
    """The error names the format and says to install a newer perqueue."""
    create_folder(".")
    damage(here, json.dumps({"format": FORMAT + 1, "id": "x", "home": "h", "store": "sqlite", "more": 1}))
    with pytest.raises(StorageError, match=f"has format {FORMAT + 1}: install a newer perqueue"):
        open_folder(str(here / ".perqueue"))


def test_a_queue_that_is_not_there(here: Path) -> None:
    """Opening it by its path says so."""
    with pytest.raises(StorageError, match="FileNotFoundError"):
        open_folder(str(here / ".perqueue"))


def test_a_second_queue_in_the_same_folder(here: Path) -> None:
    """It is refused, and the first one stays."""
    made = create_folder(".")
    with pytest.raises(QueueExistsError, match=f"queue in {made.root} already"):
        create_folder(".")
    assert find_folder() == made


@pytest.mark.parametrize("where", ["missing", "file", "full"])
def test_a_queue_that_can_not_be_made(here: Path, where: str) -> None:
    """Where there is no folder, or something is in the way, the error says so and nothing is left behind."""
    (here / "file").touch()
    (here / "full" / ".perqueue" / "something").mkdir(parents=True)
    before = sorted(path for path in here.rglob("*"))
    with pytest.raises(StorageError, match=f"can't make a queue in {where}: "):
        create_folder(where)
    assert sorted(path for path in here.rglob("*")) == before


def test_a_store_that_is_not_installed(here: Path) -> None:
    """The error names those that are, and nothing is made."""
    with pytest.raises(UnknownPluginError, match=r"there is no store 'cloud'; installed are: .*sqlite"):
        create_folder(".", "cloud")
    assert os.listdir(here) == []


def test_made_where_there_is_none(here: Path) -> None:
    """``find_or_create`` makes a queue once, and says whether it did."""
    made, new = find_or_create()
    assert new
    assert find_or_create(str(here)) == (made, False)


def test_many_threads_make_one_queue(here: Path) -> None:
    """Of any number of threads that need a queue at once, one makes it and all have the same, ready to be used."""

    def use(_: int) -> tuple[str, bool, dict[Any, int]]:
        folder, made = find_or_create(str(here))
        store = folder.open_store()
        try:
            with store.snapshot() as state:
                return folder.id, made, state.counts()
        finally:
            store.close()

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(use, range(48)))
    assert len({id_ for id_, _, _ in found}) == 1
    assert sum(made for _, made, _ in found) == 1
    assert os.listdir(here) == [".perqueue"]


RACE = """
import sys
from perqueue.engine.folder import find_or_create
print("ready", flush=True)
sys.stdin.readline()
folder, made = find_or_create()
folder.open_store().close()
print(folder.id, made)
"""


def test_many_processes_make_one_queue(here: Path) -> None:
    """The same for processes: one folder, one id, nothing left over."""
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        said = [racer.communicate()[0].split() for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate()
    made = need_folder()
    assert {id_ for id_, _ in said} == {made.id}
    assert sorted(new for _, new in said) == ["False"] * 7 + ["True"]
    assert os.listdir(here) == [".perqueue"]


def test_a_configuration_that_lies_there_already_is_kept(here: Path) -> None:
    """A ``.perqueue`` with nothing but a configuration becomes a queue, and keeps that."""
    root = here / ".perqueue"
    root.mkdir()
    (root / "perqueue.toml").write_text("[local]\ncores = 1\n", encoding="utf-8")
    made, new = find_or_create()
    assert (made.id, new) == (need_folder().id, True)
    assert (root / "perqueue.toml").read_text(encoding="utf-8") == "[local]\ncores = 1\n"
    assert os.listdir(here) == [".perqueue"]
    with pytest.raises(QueueExistsError):
        create_folder(".")


def test_threads_that_race_over_a_configuration_make_one_queue(here: Path) -> None:
    """However many make it at once, one of them does, and the configuration is there afterwards."""
    root = here / ".perqueue"
    root.mkdir()
    (root / "perqueue.toml").write_text("[local]\n", encoding="utf-8")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: find_or_create(), range(8)))
    assert len({queue.id for queue, _ in made}) == 1
    assert sum(new for _, new in made) == 1
    assert (root / "perqueue.toml").read_text(encoding="utf-8") == "[local]\n"
    assert os.listdir(here) == [".perqueue"]


def test_anything_else_in_its_place_is_left_alone(here: Path) -> None:
    """A folder with other files is no place for a queue: it is an error, and nothing is touched."""
    root = here / ".perqueue"
    root.mkdir()
    for name in ("perqueue.toml", "queue.db"):
        (root / name).write_text(name, encoding="utf-8")
    with pytest.raises(StorageError, match="can't make a queue"):
        create_folder(".")
    assert sorted(os.listdir(root)) == ["perqueue.toml", "queue.db"]
    assert os.listdir(here) == [".perqueue"]
