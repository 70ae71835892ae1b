"""A mistake in a submission script, under ``pq run``: one line that names the script's own, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.queues import script


def run(name: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "perqueue", "run", name]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Task('gone.py', None, 'local')", "there is no file"),
        ("Task('t.py', None, 'localhost:5m')", "resources 'localhost:5m'"),
        ("Workflow([])", "has no tasks"),
        ("Workflow({a: [b], b: [a]}); pq.submit({a: [b], b: [a]})", "in a circle: "),
        ("a >> [a, b]", "can be read in two ways"),
        ("pq.submit(Task('t.py', None, '24:xeon24:10m'))", "the partition 'xeon24'"),
        ("pq.get_entry(99)", "no entry 99"),
    ],
)
def test_one_line(queue_folder: Path, line: str, says: str) -> None:
    """The line of the script, what is wrong and what to do; exit status 1."""
    script(queue_folder, "t.py", "def main(**kwargs): return True, None")
    body = "from perqueue import *\na, b = (Task('t.py', None, 'local') for _ in 'ab')\nwith PersistentQueue() as pq:\n"
    path = script(queue_folder, "submit.py", f"{body}    pq.submit(a)\n    {line}\n")
    done = run("submit.py")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (told,) = [text for text in done.stderr.splitlines() if text.startswith(str(path))]
    assert told.startswith(f"{path}, line 5: ")
    assert says in told


@pytest.mark.parametrize("command", ["run", "submit"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[partitions]\nbig = "slrum"\n', "partitions.big.executor: there is no executor 'slrum'; installed are: "),
        (
            '[partitions]\nbig = "local"\n[queue]\nstore = "jsn"\n',
            "queue.store: there is no store 'jsn'; installed are: ",
        ),
    ],
)
def test_what_is_not_installed(queue_folder: Path, command: str, text: str, told: str) -> None:
    """A name of a plugin that nobody has is one line with file and key, and no queue is made."""
    (queue_folder / "perqueue.toml").write_text(text, encoding="utf-8")
    script(queue_folder, "t.py", "def main(**kwargs): return True, None")
    body = "from perqueue import *\nwith PersistentQueue() as pq:\n    pq.submit(Task('t.py', None, '1:big:1m'))\n"
    path = script(queue_folder, "submit.py", body)
    argv = [sys.executable, "-m", "perqueue", command, "submit.py"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[0].startswith(f"{path}, line 3: {queue_folder}/perqueue.toml: {told}")
    assert not (queue_folder / ".perqueue").exists()


def test_other_errors_keep_their_traceback(queue_folder: Path) -> None:
    """What is not a mistake in using the queue is shown as Python shows it."""
    script(queue_folder, "submit.py", "import perqueue\nfrom perqueue import PersistentQueue\n1 / 0\n")
    done = run("submit.py")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_workflow_file_is_no_script(queue_folder: Path, command: str) -> None:
    """Who runs or checks another tool's workflow is told how it is submitted; exit status 2."""
    script(queue_folder, "flow.json", '{"version": "0.1.0", "nodes": [], "edges": []}')
    argv = [sys.executable, "-m", "perqueue", command, "flow.json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "pq: flow.json is a workflow, not a script: `pq submit flow.json` submits it\n"
