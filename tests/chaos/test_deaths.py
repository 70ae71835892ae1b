"""Tasks that end in every way but by returning."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from tests.chaos.cast import cast, wait_gone
from tests.chaos.driving import rest, submit, wait_left
from tests.chaos.laws import check_laws
from tests.chaos.scripts import noting
from tests.chaos.stored import queue_in, stored
from tests.queues import wait_until

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.core.states import EntryState


def _log(here: Path, key: int) -> str:
    return Path(queue_in(here).log(key, 1)).read_text()


def _run(here: Path, body: str, resources: str = "local:5m") -> int:
    """Run a task with this body to its end; its key."""
    noting(here, "task.py", "def main(**_):\n    note('begun')\n" + body)
    (key,) = submit(Task("task.py", None, resources))
    rest(here)
    return key


ENDS: Final = (
    ("raise SystemExit(3)", "exit", "sys.exit(3)"),
    ("os._exit(7)", "os-exit", "status 7"),
    ("import ctypes; ctypes.string_at(0)", "signal", "SIGSEGV"),
    ("os.kill(os.getpid(), 9)", "signal", "SIGKILL"),
    ("os.kill(os.getpid(), 15); time.sleep(60)", "signal", "SIGTERM"),
    ("os.abort()", "signal", "SIGABRT"),
    ("1 / 0", "raised", "ZeroDivisionError"),
)
"""What a task does, the reason that its entry must show, and a part of the message."""


def test_it_fails_with_the_reason(here: Path) -> None:
    """However a task ends before it returns, its entry fails and says how, and the others run."""
    for number, (end, _, _) in enumerate(ENDS):
        noting(here, f"task{number}.py", f"def main(**_):\n    note('begun')\n    {end}\n")
    keys = submit(*(Task(f"task{number}.py", None, "local") for number in range(len(ENDS))))
    rest(here)
    found = check_laws(here)
    assert found.keys(EntryState.failed) == keys
    for key, (_, reason, message) in zip(keys, ENDS, strict=True):
        assert found.outcome(key).reason == reason
        assert message in found.outcome(key).message


def test_where_it_crashed_is_in_its_log(here: Path) -> None:
    """A segmentation fault leaves the Python line in the log."""
    key = _run(here, "    import ctypes; ctypes.string_at(0)\n")
    assert "Segmentation fault" in _log(here, key)
    assert "in main" in _log(here, key)


@pytest.mark.slow
def test_walltime_ends_what_ignores_sigterm(here: Path) -> None:
    """A task that ignores SIGTERM, blocked outside Python, is over when its time is."""
    body = """\
    import signal, subprocess
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        subprocess.run(["sleep", "600"])
    """
    key = _run(here, body, "local:1s")
    found = check_laws(here)
    assert found.states[key] is EntryState.timeout
    assert found.outcome(key).reason == "walltime"
    wait_left(here)


@pytest.mark.parametrize("end", ["return True, {}", "os._exit(1)"])
def test_child_processes_end_with_it(here: Path, end: str) -> None:
    """What a task started and left behind is ended with it, whether it returned or died."""
    body = f"""\
    import subprocess
    child = subprocess.Popen(["sleep", "600"])
    open("child", "w").write(str(child.pid))
    note("done")
    {end}
    """
    _run(here, body)
    check_laws(here)
    wait_gone(int((here / "child").read_text()))


def test_a_cancelled_task_takes_its_children_along(here: Path) -> None:
    """Also those that left its process group."""
    body = """\
    import subprocess
    child = subprocess.Popen(["sleep", "600"], process_group=0)
    open("making", "w").write(str(child.pid))
    os.rename("making", "child")
    time.sleep(600)
    """
    noting(here, "task.py", "def main(**_):\n    note('begun')\n" + body)
    (key,) = submit(Task("task.py", None, "local"))
    wait_until(lambda: (here / "child").exists(), "the child")
    with PersistentQueue() as queue:
        queue.cancel(key)
    rest(here)
    wait_gone(int((here / "child").read_text()))
    assert check_laws(here).outcome(key).reason == "cancelled"
    assert cast(here).tasks == []


def test_unseeded_random_numbers_differ(here: Path) -> None:
    """Tasks that are forked from one process don't share the state of random or of numpy.random."""
    body = """\
    import random, numpy as np
    note("done")
    return True, {"r": random.random(), "n": np.random.rand()}
    """
    noting(here, "task.py", "def main(**_):\n    note('begun')\n" + body)
    submit(StaticWidthGroup(Task("task.py", None, "local"), 6))
    rest(here)
    check_laws(here)
    with PersistentQueue() as queue:
        data = [entry.data for entry in queue.get_entries()]
    numbers = [number for one in data if one is not None for number in (one["r"], one["n"])]
    assert len(set(numbers)) == 12


def test_what_it_prints_is_in_its_log(here: Path) -> None:
    """stdout and stderr of Python, of the descriptors below and of child processes end up there in order."""
    body = """\
    import subprocess, sys
    print("printed")
    print("complained", file=sys.stderr)
    os.write(1, b"written\\n")
    subprocess.run(["echo", "echoed"])
    note("done")
    return True, {}
    """
    key = _run(here, body)
    check_laws(here)
    assert _log(here, key).splitlines() == ["printed", "complained", "written", "echoed"]
    assert stored(here).states[key] is EntryState.succeeded
