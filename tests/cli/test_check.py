"""``pq check``: what a submission script would submit is checked, and nothing is stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import frozen
from tests.queues import script

from perqueue import PersistentQueue
from perqueue.engine.folder import create_folder


@frozen
class Told:
    """What the program printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def check(*arguments: str) -> Told:
    argv = [sys.executable, "-m", "perqueue", "check", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def folder(queue_folder: Path) -> Path:
    """Task scripts: one good, one without a main, one that may be given what it doesn't take."""
    script(queue_folder, "good.py", "open('ran', 'w')\ndef main(**kwargs):\n    return True, kwargs\n")
    script(queue_folder, "bad.py", "x = 1\n")
    script(queue_folder, "wide.py", "def main(**_):\n    return True, {'pq_dwg_width': 0}\n")
    return queue_folder


def submit(folder: Path, *lines: str, name: str = "submit.py") -> Path:
    """A submission script, whose lines in the block begin at line 3."""
    body = "".join(f"    {line}\n" for line in lines)
    text = "from perqueue import *\nwith PersistentQueue() as pq:\n"
    path = folder / name
    path.write_text(text + body, encoding="utf-8")
    return path


def test_nothing_is_wrong(folder: Path) -> None:
    """A line of counts, status 0, no queue, and no script was run."""
    submit(folder, "pq.submit(Task('good.py', {'x': 1}, 'local'))")
    told = check("submit.py")
    assert (told.status, told.lines) == (0, ["0 errors, 0 warnings in 1 task of 1 submission"])
    assert not (folder / ".perqueue").exists()
    assert not (folder / "ran").exists()


def test_errors(folder: Path) -> None:
    """All submissions are checked, errors come first, each with its file and line; the status is 1."""
    submit(
        folder,
        "pq.submit([Task('wide.py', None, 'local'), DynamicWidthGroup(Task('good.py', None, 'local'))])",
        "pq.submit(Task('bad.py', None, 'local'))",
        "pq.submit(Task('good.py', None, '24:xeon24:1h'))",
        "pq.submit([])",
        "pq.submit(Task('good.py', {'x': print}, 'local'))",
    )
    told = check("submit.py")
    assert told.status == 1
    places = [line.split(": ")[:2] for line in told.lines[:-1]]
    kinds = [line.rsplit("[", 1)[-1].rstrip("]") for line in told.lines[:-1]]
    assert sorted(kinds[:4]) == ["arguments", "description", "no-executor", "no-function"]
    assert kinds[4:] == ["width"]
    assert [severity for _, severity in places] == ["error"] * 4 + ["warning"]
    assert {place for place, _ in places} == {"bad.py:1", "wide.py:2", "submit.py:5", "submit.py:6", "submit.py:7"}
    assert told.lines[-1] == "4 errors, 1 warning in 5 tasks of 5 submissions"
    assert not (folder / ".perqueue").exists()


def test_warnings_and_strict(folder: Path) -> None:
    """Warnings alone give status 0, and 1 with ``--strict``."""
    submit(folder, "pq.submit([Task('wide.py', None, 'local'), DynamicWidthGroup(Task('good.py', None, 'local'))])")
    assert check("submit.py").status == 0
    assert check("--strict", "submit.py").status == 1


def test_json(folder: Path) -> None:
    """One document on stdout, whatever the script prints there."""
    submit(folder, "print('hello')", "pq.submit(Task('bad.py', None, 'local', name='it'))")
    told = check("--json", "submit.py")
    assert told.status == 1
    found = json.loads(told.out)
    assert (found["submissions"], found["tasks"], found["status"]) == (1, 1, 0)
    (one,) = found["findings"]
    assert (one["severity"], one["code"], one["file"], one["line"], one["task"]) == (
        "error",
        "no-function",
        str(folder / "bad.py"),
        1,
        "it",
    )
    assert one["where"] in (f"{folder / 'submit.py'}:4", "")


def test_the_arguments_are_the_script_s(folder: Path) -> None:
    """What follows the script, options too, is handed to it."""
    submit(folder, "import sys", "pq.submit([Task('good.py', None, 'local') for _ in sys.argv[1:]])")
    assert "in 3 tasks of" in check("submit.py", "a", "--fast", "b").out


def test_a_script_that_does_not_exist(folder: Path) -> None:
    """One line and status 2."""
    told = check("gone.py")
    assert (told.status, told.out) == (2, "")
    assert "there is no script 'gone.py'" in told.err


def test_a_script_that_raises(folder: Path) -> None:
    """What was found before is told; its mistake is one line, and the status is 2."""
    submit(folder, "pq.submit(Task('bad.py', None, 'local'))", "Task('good.py', None, 'soon')")
    told = check("submit.py")
    assert told.status == 2
    assert "[no-function]" in told.out
    assert "Traceback" not in told.err
    assert f"{folder / 'submit.py'}, line 4: resources 'soon'" in told.err
    assert "ended with status 1" in told.err


def test_a_missing_script_is_found_with_the_rest(folder: Path) -> None:
    """Where nothing runs, a task script that isn't there is one finding among others, at the line that names it."""
    submit(folder, "pq.submit(Task('gone.py', None, 'local') >> Task('bad.py', None, 'local'))")
    told = check("submit.py")
    assert told.status == 1
    assert sorted(line.rsplit("[", 1)[-1] for line in told.lines[:-1]) == ["no-function]", "no-script]"]
    assert any("gone.py" in line and "submit.py:3" in line for line in told.lines)


def test_a_script_that_submits_nothing(folder: Path) -> None:
    """It is said, and is no error."""
    submit(folder, "pass")
    told = check("submit.py")
    assert (told.status, told.out) == (0, "nothing was submitted, so there is nothing to check\n")


def test_other_writes_are_not_done_and_reads_see_what_is_there(folder: Path) -> None:
    """An existing queue is read and stays as it is; the keys that ``submit`` gives stand for those of new entries."""
    made = create_folder(str(folder))
    before = (Path(made.root) / "queue.db").read_bytes()
    submit(
        folder,
        "keys = pq.submit(Task('good.py', None, 'local') >> Task('good.py', None, 'local')).keys",
        "assert keys == [1, 2] and pq.get_entries() == []",
        "pq.resubmit(7); pq.cancel(7); pq.remove(7); pq.save_code(7, 'good.py')",
        "pq.save_args(7, {}); pq.save_resources(7, 'local:1m'); pq.remove(8)",
    )
    told = check("submit.py")
    assert told.status == 0, told.err
    for what in ("resubmit", "cancel", "remove", "save_args", "save_resources", "save_code"):
        assert told.err.count(f"{what}() was not done") == 1
    assert (Path(made.root) / "queue.db").read_bytes() == before
    assert os.listdir(made.blobs) == []


def test_reads_see_an_empty_queue_where_there_is_none(folder: Path) -> None:
    """Scripts that look at the queue first find nothing, and none is made."""
    submit(folder, "assert pq.get_entries() == []", "pq.submit(Task('good.py', None, 'local'))")
    assert check("submit.py").status == 0
    assert not (folder / ".perqueue").exists()


def test_large_arguments_are_not_kept(folder: Path) -> None:
    """Arrays among the arguments are looked at and written nowhere."""
    made = create_folder(str(folder))
    submit(folder, "import numpy as np", "pq.submit(Task('good.py', {'x': np.zeros(100000)}, 'local'))")
    assert check("submit.py").status == 0
    assert os.listdir(made.blobs) == []


def test_outside_of_a_check_the_queue_is_written(folder: Path) -> None:
    """Nothing of this is so unless the script is only checked."""
    path = submit(folder, "pq.submit(Task('good.py', None, 'local'))")
    subprocess.run([sys.executable, str(path)], check=True, timeout=60, capture_output=True)
    assert len(PersistentQueue().get_entries()) == 1
