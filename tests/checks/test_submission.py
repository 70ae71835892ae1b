"""The checks in ``submit``: errors refuse, warnings are told once, and each script is read once."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.queues import script

from perqueue import DynamicWidthGroup, PersistentQueue, SwitchGroup, Task
from perqueue.checks import submission
from perqueue.checks.submission import CheckError, checked
from perqueue.config import Config, PartitionError, load_config
from perqueue.engine.folder import find_folder

GOOD = "def main(**kwargs):\n    return True, kwargs\n"


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "_told", set())


def local(name: str, args: dict[str, object] | None = None, resources: str = "local:1m") -> Task:
    return Task(name, args, resources)


def test_all_errors_at_once_and_nothing_stored(queue_folder: Path) -> None:
    """One error lists every finding with its file and line, and no queue is made for it."""
    script(queue_folder, "a.py", "def run(): pass\n")
    script(queue_folder, "b.py", "\n\ndef main(x): return True, None\n")
    with pytest.raises(CheckError) as caught, PersistentQueue() as pq:
        pq.submit(local("a.py") >> local("b.py", {"y": 1}))
    lines = str(caught.value).splitlines()
    assert lines[0] == "nothing was submitted, as it would fail:"
    assert [line.split(": ")[0].strip() for line in lines[1:]] == ["a.py:1", "b.py:3"]
    here = f"{Path(__file__)}:"
    assert all(found.where.startswith(here) for found in caught.value.findings)
    assert not (queue_folder / ".perqueue").exists()


def test_warnings_are_told_once(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A suspicion is a line on stderr, however often the same is submitted, and stops nothing."""
    script(queue_folder, "a.py", "def main(): return True, {'pq_dwg_width': 0}\n")
    script(queue_folder, "b.py", GOOD)
    for _ in range(3):
        graph = checked([local("a.py"), DynamicWidthGroup(local("b.py"))], Config())
        assert len(graph.tasks) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("perqueue: a.py:1: warning: ")


def test_an_error_in_a_branch_is_told_and_stops_nothing(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A branch that is not written yet may never be taken."""
    script(queue_folder, "a.py", "def main(key='b'): return True, {'pq_switch_key': key}\n")
    script(queue_folder, "b.py", "x = 1\n")
    checked([local("a.py"), SwitchGroup({"b": local("b.py")})], Config())
    assert "b.py:1: error: there is no function 'main'" in capsys.readouterr().err


def test_partitions_among_other_errors(queue_folder: Path) -> None:
    """A single partition keeps its own error, and makes no queue; with others it is listed, and caught as before."""
    script(queue_folder, "a.py", GOOD)
    with pytest.raises(PartitionError) as alone, PersistentQueue() as pq:
        pq.submit(local("a.py", None, "8:xeon24:1h"))
    assert not isinstance(alone.value, CheckError)
    assert not (queue_folder / ".perqueue").exists()
    with pytest.raises(PartitionError) as caught:
        checked([local("a.py", None, "8:xeon24:1h"), local("a.py", None, "8:xeon40:1h")], Config())
    assert isinstance(caught.value, CheckError)
    assert "'xeon24'" in str(caught.value)
    assert "'xeon40'" in str(caught.value)


def test_the_checks_can_be_switched_off(queue_folder: Path) -> None:
    """``[checks] submit = "off"`` submits whatever can be compiled."""
    script(queue_folder, "a.py", "x = 1\n")
    checked(local("a.py"), Config(checks="off"))
    (queue_folder / "perqueue.toml").write_text('[checks]\nsubmit = "off"\n', encoding="utf-8")
    assert load_config(str(queue_folder)).checks == "off"
    with PersistentQueue() as pq:
        pq.submit(local("a.py"))
        assert find_folder(str(queue_folder)) is not None
        pq._gathered.clear()  # so that nothing runs


def test_broken_checks_keep_nothing_from_being_submitted(
    queue_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the checks themselves fail, that is said, and the work is submitted."""
    script(queue_folder, "a.py", GOOD)
    monkeypatch.setattr(submission, "check_graph", lambda *_: 1 / 0)
    assert checked(local("a.py"), Config()).tasks
    assert "the checks failed (ZeroDivisionError" in capsys.readouterr().err


def test_each_script_is_read_once(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of submissions of one script parse it once, and again only when it has changed."""
    parsed: list[str] = []
    parse = ast.parse

    def counting(text: bytes, path: str) -> ast.AST:
        parsed.append(os.path.basename(path))
        return parse(text, path)

    monkeypatch.setattr(ast, "parse", counting)
    script(queue_folder, "a.py", GOOD)
    for number in range(50):
        checked(local("a.py", {"n": number}), Config())
    assert parsed == ["a.py"]
    script(queue_folder, "a.py", GOOD + "\n# longer\n")
    checked(local("a.py"), Config())
    assert parsed == ["a.py", "a.py"]


def test_scripts_are_not_executed_and_do_not_warn(queue_folder: Path) -> None:
    """Reading a script with a bad escape runs nothing and warns of nothing, also under ``-W error``."""
    (queue_folder / "a.py").write_text("open('ran', 'w')\nx = '\\d'\ndef main(**_): return True, None\n")
    code = (
        "from perqueue import Task; from perqueue.config import Config; "
        "from perqueue.checks.submission import checked; checked(Task('a.py', None, 'local'), Config())"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (queue_folder / "ran").exists()
