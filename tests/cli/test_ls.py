"""``pq ls``: columns, choices, counts, JSON, and rows that can't be read."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from tests.cli.program import PQ, Pq, settle, wait_for
from tests.queues import wait_until

from perqueue import CyclicalGroup, PersistentQueue, StaticWidthGroup, Task
from perqueue.engine.driver import listening
from perqueue.engine.folder import need_folder


def keys_of(lines: list[str]) -> list[int]:
    return [int(line.split()[0]) for line in lines if line[:1].isdigit()]


def test_the_columns_are_perqueues(campaign: Pq) -> None:
    """A listing has PerQueue's columns, a line for each entry and a closing line of counts."""
    lines = campaign("ls").lines
    assert lines[0].split("  ")[0] == "Key"
    assert [title for title in ("Key", "MQ ID", "Name", "State", "Arguments", "Data") if title in lines[0]] == [
        "Key",
        "MQ ID",
        "Name",
        "State",
        "Arguments",
        "Data",
    ]
    assert lines[2].split()[:3] == ["1", "first", "succeeded"]
    assert "{'x': 0}" in lines[2]
    assert "{'x': 1}" in lines[2]
    assert lines[-1] == "waiting: 1, succeeded: 2, failed: 1. Total: 4"
    assert len(lines) == 7


def test_the_alias_lists_too(campaign: Pq) -> None:
    """``pq list`` is ``pq ls``."""
    assert campaign("list").out == campaign("ls").out


CHOICES: Final[list[tuple[list[str], list[int]]]] = [
    (["-i", "1"], [1]),
    (["-i", "2"], [2, 3]),
    (["-i", "1,3-4"], [1, 3, 4]),
    (["-i", "77"], []),
    (["-s", "f"], [2]),
    (["-s", "sw"], [1, 3, 4]),
    (["-n", "b*"], [2, 3]),
    (["-n", "first,last"], [1, 4]),
    (["-n", "b*", "-s", "w"], [3]),
    (["-i", "2", "-s", "w"], [3]),
    (["-m", "12"], []),
]


def test_options_choose_entries(campaign: Pq) -> None:
    """Every criterion must fit, and keys bring along what depends on those entries."""
    found = [keys_of(campaign("ls", *options).lines) for options, _ in CHOICES]
    assert found == [keys for _, keys in CHOICES]


def test_the_count_is_a_line(campaign: Pq) -> None:
    """``-C`` prints the closing line only, of what was chosen."""
    assert campaign("ls", "-C").out == "waiting: 1, succeeded: 2, failed: 1. Total: 4\n"
    assert campaign("ls", "-C", "-s", "f").out == "failed: 1. Total: 1\n"


def test_data_are_hidden_and_errors_shown(campaign: Pq) -> None:
    """``-d`` leaves the data out, ``-e`` adds what went wrong, on one line without tabs."""
    out = campaign("ls", "-d", "-e").out
    assert "Data" not in out
    assert "ValueError: no such luck" in out
    assert "\t" not in out


def test_json_has_the_stored_form(campaign: Pq) -> None:
    """``--json`` gives every entry with arguments and data as they are stored."""
    told = json.loads(campaign("ls", "--json").out)
    assert [entry["key"] for entry in told["entries"]] == [1, 2, 3, 4]
    assert told["entries"][0]["data"] == {"x": 1}
    assert told["counts"] == {"waiting": 1, "succeeded": 2, "failed": 1}


def test_copies_show_their_index(pq: Pq) -> None:
    """Arguments include perqueue's own, such as ``pq_index``."""
    with PersistentQueue() as queue:
        queue.submit(StaticWidthGroup(Task("add.py", {"x": 5}, "local"), 2))
    settle()
    assert "{'x': 5, 'pq_index': [1]}" in pq("ls").out


def test_iterations_show_their_number(pq: Pq, queue_folder: Path) -> None:
    """In a loop, the arguments include ``pq_iteration``."""
    (queue_folder / "twice.py").write_text(
        "def main(pq_iteration):\n    return True, {'pq_toggle_key': pq_iteration[0] > 0}\n"
    )
    with PersistentQueue() as queue:
        queue.submit(CyclicalGroup(Task("twice.py", {}, "local"), 3))
    settle()
    out = pq("ls").out
    assert "{'pq_iteration': [0]}" in out
    assert "{'pq_iteration': [1]}" in out


def test_a_tree_shows_what_stands_in_what(pq: Pq, queue_folder: Path) -> None:
    """``--tree`` hangs entries under their groups; ``-s`` leaves only branches with such entries."""
    (queue_folder / "odd.py").write_text("def main(pq_index, **_):\n    return 1 / pq_index[0] > 0, None\n")
    first, odd = Task("add.py", {}, "local", name="first"), Task("odd.py", {}, "local", name="odd")
    with PersistentQueue() as queue:
        queue.submit(first >> StaticWidthGroup(odd, 2))
    settle()
    assert pq("ls", "--tree", "-e").lines == [
        "Submission 1: succeeded: 2, failed: 1",
        "├── 1 first, succeeded",
        "└── StaticWidthGroup(odd, width=2): open, 1 of 2 copies done",
        "    ├── copy 0: 2 odd, failed (raised): ZeroDivisionError: division by zero",
        "    └── copy 1: 3 odd, succeeded",
        "succeeded: 2, failed: 1. Total: 3",
    ]
    assert pq("ls", "--tree", "-s", "f").lines == [
        "Submission 1: succeeded: 2, failed: 1",
        "└── StaticWidthGroup(odd, width=2): open, 1 of 2 copies done",
        "    └── copy 0: 2 odd, failed (raised)",
        "failed: 1. Total: 1",
    ]
    assert pq("ls", "--tree", "--all").lines[-2:] == [
        "    └── copy 1: 3 odd, succeeded",
        "succeeded: 2, failed: 1. Total: 3",
    ]
    assert pq("ls", "--tree", "-C").lines == ["succeeded: 2, failed: 1. Total: 3"]
    told = json.loads(pq("ls", "--tree", "--json", "-n", "odd", "-i", "3").out)
    (submission,) = told["submissions"]
    (group,) = submission["children"]
    assert (group["group"], group["copies"], group["done"]) == ("StaticWidthGroup", 2, 1)
    (copy,) = group["children"]
    assert (copy["number"], copy["children"][0]["key"]) == (1, 3)
    assert (told["counts"], told["total"]) == ({"succeeded": 1}, 1)


def test_a_row_that_cant_be_read_hides_no_other(campaign: Pq) -> None:
    """Damaged arguments and a state that doesn't exist are shown as such, between the other rows."""
    wait_until(lambda: not listening(need_folder()), "the supervisor to leave")
    with closing(sqlite3.connect(f"{need_folder().root}/queue.db")) as sql, sql:
        sql.execute("UPDATE tasks SET args = '{oops' WHERE id = (SELECT task FROM entries WHERE key = 1)")
        sql.execute("PRAGMA ignore_check_constraints = ON")
        sql.execute("UPDATE entries SET state = 'sleepy' WHERE key = 2")
    found = campaign("ls")
    assert keys_of(found.lines) == [1, 2, 3, 4]
    assert found.lines[-1] == "waiting: 1, succeeded: 2, unreadable: 1. Total: 4"
    tree = campaign("ls", "--tree")
    assert "2 can't be read" in tree.lines[-2]
    assert any("3 behind, waiting" in line for line in tree.lines)
    assert [entry["key"] for entry in json.loads(campaign("ls", "--tree", "--json").out)["unreadable"]] == [2]
    assert "entry 2 can't be read" in campaign("show", "2", status=1).err


def test_a_terminals_width_is_kept(campaign: Pq) -> None:
    """On a terminal no line is wider than it; values are cut, keys are not."""
    with PersistentQueue() as queue:
        queue.submit(Task("add.py", {"text": "long " * 60}, "local", name="n" * 90))
    settle()
    master, terminal = os.openpty()
    env = {**os.environ, "COLUMNS": "60", "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen([*PQ, "ls"], stdin=terminal, stdout=terminal, stderr=terminal, env=env)
    os.close(terminal)
    printed = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not chunk:
            break
        printed += chunk
    os.close(master)
    assert process.wait(60) == 0
    lines = printed.decode().replace("\r", "").splitlines()
    assert max(map(len, lines)) <= 60
    assert keys_of(lines) == [1, 2, 3, 4, 5]


def test_a_pipe_gets_up_to_200_characters(pq: Pq) -> None:
    """Without a terminal a cell is cut at 200 characters, and a name with line ends stays on its line."""
    with PersistentQueue() as queue:
        queue.submit(Task("add.py", {"text": "y" * 500}, "local", name="two\nlines"))
    settle()
    (line,) = (line for line in pq("ls").lines if line.startswith("1 "))
    assert "two lines" in line
    assert 100 < line.count("y") < 200


def test_an_undriven_queue_is_told(pq: Pq) -> None:
    """With work and without a living supervisor, ``ls`` says so on stderr, and what to do."""
    with PersistentQueue() as queue:
        queue.submit(Task("slow.py", None, "local"))
    wait_for(1, "running")
    assert pq("ls").err == ""
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.snapshot() as state:
            lease = state.lease()
    finally:
        store.close()
    assert lease is not None
    os.kill(lease.pid, signal.SIGKILL)
    wait_until(lambda: not listening(folder), "the end of the supervisor")
    found = pq("ls")
    assert "nobody drives this queue" in found.err
    assert "`pq tick`" in found.err
    Path("go").touch()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_no_error(campaign: Pq, queue_folder: Path, unbuffered: str) -> None:
    """``pq ls | head -1`` ends quietly, whenever the closed pipe is noticed."""
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    process = subprocess.Popen([*PQ, "ls"], stdout=write, stderr=subprocess.PIPE, cwd=queue_folder, env=env)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


BAD_INPUT: Final = [
    (["ls", "-s", "z"], "states 'z'"),
    (["ls", "-i", "five"], "ids 'five'"),
    (["ls", "--nonsense"], "--nonsense"),
    (["nonsense"], "nonsense"),
    (["show"], "ID"),
    (["show", "x"], "ID"),
    (["show", "99"], "99"),
    (["logs", "99"], "99"),
    (["history", "99"], "99"),
    (["inspect", "99"], "99"),
]


def test_bad_input_is_one_line_and_status_2(campaign: Pq) -> None:
    """What can't be done as asked ends with status 2 and one line on stderr that names it."""
    for arguments, complaint in BAD_INPUT:
        found = campaign(*arguments, status=2)
        assert found.out == ""
        assert complaint in found.err
        assert len(found.err.splitlines()) == 1


def test_no_queue_is_one_line_and_status_2(pq: Pq) -> None:
    """Outside any queue, one line says how to get one."""
    assert "pq init" in pq("ls", status=2).err
