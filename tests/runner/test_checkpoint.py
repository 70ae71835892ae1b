"""The warning before the end of the walltime, and the ``checkpoint()`` that it calls."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.runner.reading import data, failure

from perqueue.runner import checkpoint
from perqueue.runner.children import Child

if TYPE_CHECKING:
    import subprocess

    from tests.runner.conftest import Alone, Bench, Queue

    from perqueue.runner.job import Job
    from perqueue.runner.spool import Outcome

WORK = """
import os, signal, time
def main(**kw):
    open("begun", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    return True, {"went on": True}
"""
NOTE = "    with open('saved', 'a') as file: file.write('x')\n"


@pytest.fixture
def warned(queue: Queue, run_alone: Alone) -> Callable[[Job], subprocess.Popen[bytes]]:
    """Start a job, and have it warned by a signal of the scheduler's long before its time once it has begun."""

    def start(job: Job) -> subprocess.Popen[bytes]:
        process = run_alone(job)
        queue.wait_until((queue.folder / "begun").exists, "the task's beginning")
        process.send_signal(signal.SIGUSR1)
        return process

    return start


def went_on(queue: Queue, process: subprocess.Popen[bytes], job: Job) -> Outcome:
    """Let the task come to its own end."""
    queue.wait_until(lambda: (queue.folder / "saved").exists(), "the warning")
    (queue.folder / "go").touch()
    assert process.wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert outcome.verdict == "succeeded"
    return outcome


def test_true_ends_the_attempt(queue: Queue, warned: Any) -> None:
    """After a checkpoint() that returns True nothing more of the task runs, and the outcome says that it can go on."""
    body = (
        "def main(**kw):\n    import time\n    open('begun', 'w').close()\n"
        "    try: time.sleep(1000)\n    finally: open('unwound', 'w')\n"
    )
    job = queue.job(f"def checkpoint():\n{NOTE}    return True\n{body}", walltime=1000)
    assert warned(job).wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason, outcome.data) == ("timeout", "checkpoint", None)
    assert "checkpoint()" in failure(outcome).message
    assert outcome.usage is not None
    assert (queue.folder / "saved").read_text() == "x"
    assert not (queue.folder / "unwound").exists()


@pytest.mark.parametrize("answer", ["False", "None", "1", "'yes'", "{}"])
def test_anything_else_goes_on(queue: Queue, warned: Any, answer: str) -> None:
    """After a checkpoint() that returns anything but True the task goes on."""
    job = queue.job(f"def checkpoint():\n{NOTE}    return {answer}\n{WORK}", walltime=1000)
    assert data(went_on(queue, warned(job), job)) == {"went on": True}
    assert (queue.folder / "saved").read_text() == "x"


def test_exception_goes_on(queue: Queue, warned: Any) -> None:
    """What checkpoint() raises is logged, and the task goes on."""
    job = queue.job(f"def checkpoint():\n{NOTE}    raise ValueError('no room')\n{WORK}", walltime=1000)
    went_on(queue, warned(job), job)
    assert "ValueError: no room" in queue.log(job)
    assert "the task goes on" in queue.log(job)
    assert "perqueue/runner" not in queue.log(job)


def test_own_handler(queue: Queue, warned: Any) -> None:
    """A task that handles SIGUSR1 itself is warned by it, and its checkpoint() is not called."""
    own = f"def own(*_):\n{NOTE}import signal\nsignal.signal(signal.SIGUSR1, own)\n"
    job = queue.job(f"{own}def checkpoint():\n    open('called', 'w')\n    return True\n{WORK}", walltime=1000)
    went_on(queue, warned(job), job)
    assert not (queue.folder / "called").exists()


def test_typed_function(queue: Queue, warned: Any) -> None:
    """The checkpoint() of a typed function's module is called."""
    body = (
        "import time\n"
        "def checkpoint() -> bool:\n    return True\n"
        "def step() -> int:\n    open('begun', 'w').close()\n    time.sleep(1000)\n    return 1\n"
    )
    path = queue.script(body, "steps.py")
    for number, module in enumerate(("steps", "__main__")):
        job = queue.job(path, func="step", module=module, walltime=1000, attempt=number + 1)
        assert warned(job).wait(queue.patience) == 0
        assert queue.outcome(job).reason == "checkpoint"
        (queue.folder / "begun").unlink()


def test_warned_while_it_is_loaded(queue: Queue, run_alone: Alone) -> None:
    """A warning that comes before the script has run far enough is kept for it."""
    loading = "import os, time\nopen('loading', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
    body = "def main(**kw): time.sleep(1000)\ndef checkpoint(): return True\n"
    job = queue.job(loading + body, walltime=1000)
    process = run_alone(job)
    queue.wait_until((queue.folder / "loading").exists, "the script's beginning")
    process.send_signal(signal.SIGUSR1)
    time.sleep(0.1)
    (queue.folder / "go").touch()
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).reason == "checkpoint"


def test_process_that_the_task_forked(queue: Queue, run_alone: Alone) -> None:
    """A process that the task forked has the handler too, but it does not call checkpoint()."""
    body = (
        "import os, signal, time\n"
        f"def checkpoint():\n{NOTE}"
        "def main(**kw):\n"
        "    if (pid := os.fork()) == 0:\n"
        "        os.kill(os.getpid(), signal.SIGUSR1)\n"
        "        os._exit(0)\n"
        "    return True, {'status': os.waitpid(pid, 0)[1]}\n"
    )
    job = queue.job(body)
    assert run_alone(job).wait(queue.patience) == 0
    assert data(queue.outcome(job)) == {"status": 0}
    assert not (queue.folder / "saved").exists()


@pytest.mark.slow
def test_in_time(both: Bench) -> None:
    """Under the fork server and in a batch job the warning comes by itself, shortly before the end of the walltime."""
    queue = both.queue
    body = "import time\ndef main(**kw): time.sleep(1000)\ndef checkpoint():\n"
    body += "    from perqueue import time_left\n    open('left', 'w').write(str(time_left()))\n    return True\n"
    outcome = both.run(queue.job(body, walltime=8.0))
    assert (outcome.verdict, outcome.reason) == ("timeout", "checkpoint")
    assert float((queue.folder / "left").read_text()) < 8.0


def test_task_that_ends_itself_by_sys_exit(queue: Queue, warned: Any) -> None:
    """sys.exit() in checkpoint() leaves the task, as it does anywhere in it."""
    job = queue.job(f"import sys\ndef checkpoint():\n    sys.exit(4)\n{WORK}", walltime=1000)
    assert warned(job).wait(queue.patience) == 0
    assert queue.outcome(job).reason == "exit"


@pytest.mark.parametrize("catches", [True, False])
def test_fork_server_warns_who_catches_it(catches: bool) -> None:
    """The server warns a task at the time for it, and only a process that catches the warning."""
    heard, say = os.pipe()
    go, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        if catches:
            signal.signal(signal.SIGUSR1, lambda *_: os.write(say, b"warned"))
        os.write(ready, b"x")
        while True:
            time.sleep(10)
    try:
        os.read(go, 1)
        child = Child({"walltime": 1000.0}, pid, 1, 0)
        now = time.monotonic()
        assert now + 890 < child.next_deadline() <= now + 900
        child.keep_time(now + 890)
        assert child.warn_at is not None
        child.keep_time(now + 901)
        if catches:
            assert os.read(heard, 100) == b"warned"
            assert child.next_deadline() > now + 999
        else:
            assert child.next_deadline() == now + 902
    finally:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        for descriptor in (heard, say, go, ready):
            os.close(descriptor)
    assert os.WTERMSIG(status) == signal.SIGKILL


def _helper(atoms: object) -> bool:
    return True


def _named(*, atoms: object) -> bool:
    return True


def _optional(atoms: object = None, *more: object, path: str = "", **rest: object) -> bool:
    return True


class _Class:
    def __call__(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("found", "installed"),
    [
        (_optional, True),
        (lambda: None, True),
        (_Class(), True),
        (_helper, False),
        (_named, False),
        (_Class, False),
        (None, False),
        (7, False),
        (os, False),
    ],
)
def test_which_checkpoints_are_ours(found: object, installed: bool) -> None:
    """What needs arguments, or can't be called, is something of the task's own that has that name."""
    before = signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    try:
        checkpoint.offer(SimpleNamespace(checkpoint=found), lambda: None, lambda exc: None)
        assert (signal.getsignal(signal.SIGUSR1) is not signal.SIG_DFL) == installed
        checkpoint.withdraw()
        assert signal.getsignal(signal.SIGUSR1) is (signal.SIG_IGN if installed else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize(
    ("answer", "through"),
    [(True, True), (np.True_, True), (np.False_, False), (1, False), (np.int64(1), False), (np.array([True]), False)],
)
def test_what_is_true(answer: object, through: bool) -> None:
    """Only True ends an attempt, be it Python's or numpy's; and the task goes on after a warning within a warning."""
    before = signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    calls = []

    def found() -> object:
        calls.append("checkpoint")
        os.kill(os.getpid(), signal.SIGUSR1)
        return answer

    try:
        checkpoint.offer(SimpleNamespace(checkpoint=found), lambda: calls.append("end"), lambda exc: None)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert calls == (["checkpoint", "end"] if through else ["checkpoint"])
        checkpoint.withdraw()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_warning_a_process_that_has_gone() -> None:
    """Nobody is warned under the number of a process that has ended."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert not checkpoint.warn(pid)
