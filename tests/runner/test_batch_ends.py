"""However a task in a batch job ends, there is an outcome at once, and nothing of it runs on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.runner.conftest import children_of
from tests.runner.reading import data, failure

from perqueue.runner.process import session_members

if TYPE_CHECKING:
    from tests.runner.conftest import Alone, Queue

    from perqueue.runner.job import Job

BEGUN = "open('begun', 'w').close()\n    "
SLEEP = f"import time\ndef main(**kw):\n    {BEGUN}time.sleep(1000)"
# Nothing but SIGKILL ends it, and the interpreter never gets to run another line.
STUCK = (
    "import signal, time\ndef main(**kw):\n"
    "    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
    f"    {BEGUN}time.sleep(1000)"
)
IN_C = f"def main(**kw):\n    {BEGUN}sum(range(10**13))"
WITH_CHILD = f"import subprocess\ndef main(**kw):\n    {BEGUN}subprocess.run(['sleep', '1000'])"


def begun(queue: Queue, run_alone: Alone, job: Job, **environment: str) -> subprocess.Popen[bytes]:
    """The process of a job whose task is at work."""
    process = run_alone(job, **environment)
    queue.wait_until((queue.folder / "begun").exists, "the task's beginning")
    return process


def none_left(queue: Queue, session: int) -> None:
    """Wait until nothing of a session runs."""
    queue.wait_until(lambda: not session_members(session), "the end of all processes")


@pytest.mark.parametrize(
    ("end", "reason", "word"),
    [
        ("os._exit(3)", "os-exit", "status 3"),
        ("os.kill(os.getpid(), 9)", "signal", "SIGKILL"),
        ("ctypes.string_at(0)", "signal", "SIGSEGV"),
        ("os.abort()", "signal", "SIGABRT"),
        ("os.execvp('false', ['false'])", "os-exit", "status 1"),
    ],
)
def test_death(queue: Queue, run_alone: Alone, end: str, reason: str, word: str) -> None:
    """A task that dies leaves an outcome that says how, and what it used; the runner's own status is 0."""
    job = queue.job(f"import ctypes, os\ndef main(**kw): {end}")
    assert run_alone(job).wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("failed", reason)
    assert word in failure(outcome).message
    assert outcome.usage is not None


def test_killed_from_outside(queue: Queue, run_alone: Alone) -> None:
    """kill -9 of the task's process is an outcome at once, and what it had started is ended."""
    job = queue.job(WITH_CHILD)
    process = begun(queue, run_alone, job)
    (task,) = children_of(process.pid)
    queue.wait_until(lambda: children_of(task), "the child's child")
    os.kill(task, signal.SIGKILL)
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).reason == "signal"
    none_left(queue, process.pid)


@pytest.mark.parametrize("body", [SLEEP, STUCK, IN_C, WITH_CHILD], ids=["sleep", "stuck", "in C", "child"])
def test_watching_process_killed(queue: Queue, run_alone: Alone, body: str) -> None:
    """With the process that watches it, a task and its group are ended by the kernel, wherever they are stuck."""
    process = begun(queue, run_alone, queue.job(body))
    process.kill()
    process.wait(queue.patience)
    none_left(queue, process.pid)


@pytest.mark.parametrize(
    "body",
    [SLEEP, pytest.param(STUCK, marks=pytest.mark.slow), pytest.param(IN_C, marks=pytest.mark.slow), WITH_CHILD],
    ids=["sleep", "stuck", "in C", "child"],
)
def test_walltime(queue: Queue, run_alone: Alone, body: str) -> None:
    """A task that runs too long has a timeout for its outcome, and nothing of it is left."""
    job = queue.job(body, walltime=1)
    process = run_alone(job)
    process.wait(queue.patience)
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("timeout", "walltime")
    assert "1 s" in failure(outcome).message
    none_left(queue, process.pid)


def test_walltime_counts_from_the_start_of_the_shell(queue: Queue) -> None:
    """The time that a batch script takes before the runner takes its place is part of the walltime."""
    job = queue.job("def main(**kw): return True, None", walltime=1)
    path = queue.folder / "1.job"
    path.write_bytes(job.to_bytes())
    script = f"sleep 1.2; exec {sys.executable} -P -m perqueue.runner.batch {path}"
    subprocess.run(["sh", "-c", script], check=True, timeout=queue.patience)
    assert queue.outcome(job).verdict == "timeout"


def test_raising_when_the_time_is_over(queue: Queue, run_alone: Alone) -> None:
    """A task that answers the request to end with an exception is a timeout, with that exception's traceback."""
    job = queue.job(
        "import signal, sys, time\n"
        "def main(**kw):\n"
        "    signal.signal(signal.SIGTERM, lambda *_: sys.exit('leaving'))\n"
        "    time.sleep(1000)",
        walltime=1,
    )
    run_alone(job).wait(queue.patience)
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("timeout", "walltime")
    assert "leaving" in failure(outcome).message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_from_outside(queue: Queue, run_alone: Alone, number: signal.Signals) -> None:
    """A request to end is passed on, and the outcome says that it came from outside."""
    job = queue.job(WITH_CHILD, walltime=1000)
    process = begun(queue, run_alone, job)
    process.send_signal(number)
    assert process.wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("failed", "cancelled")
    assert number.name in failure(outcome).message
    none_left(queue, process.pid)


def test_ended_job_that_may_be_started_again(queue: Queue, run_alone: Alone) -> None:
    """An end from outside leaves no outcome of a job that may be requeued, and its next start runs it again."""
    body = f"import os, time\ndef main(**kw):\n    {BEGUN}time.sleep(0 if os.path.exists('go') else 1000)\n"
    job = queue.job(f"{body}    return True, None", walltime=1000, requeue=True)
    process = begun(queue, run_alone, job, SLURM_JOB_ID="7")
    process.terminate()
    assert process.wait(queue.patience) == 143
    assert queue.spool.list_new() == []
    assert "or starts the job again" in run_alone.error.read_text()
    (queue.folder / "go").touch()
    assert run_alone(job, SLURM_JOB_ID="7", SLURM_RESTART_COUNT="1").wait(queue.patience) == 0
    assert (queue.outcome(job).verdict, queue.outcome(job).restarts) == ("succeeded", 1)


def test_ended_element_of_an_array_of_pbs(queue: Queue, run_alone: Alone) -> None:
    """PBS may start any element of an array again, so its end from outside leaves no outcome; its time limit does."""
    body = f"import os, time\ndef main(**kw):\n    {BEGUN}time.sleep(0 if os.path.exists('go') else 1000)\n"
    job = queue.job(f"{body}    return True, None", walltime=1000)
    process = begun(queue, run_alone, job, PBS_JOBID="7[1].pbs0")
    process.terminate()
    assert process.wait(queue.patience) == 143
    assert queue.spool.list_new() == []
    (queue.folder / "go").touch()
    assert run_alone(job, PBS_JOBID="7[1].pbs0").wait(queue.patience) == 0
    assert (queue.outcome(job).verdict, queue.outcome(job).restarts) == ("succeeded", 1)
    late = queue.job(SLEEP, walltime=1)
    assert run_alone(late, PBS_JOBID="7[2].pbs0").wait(queue.patience) == 0
    assert queue.outcome(late).verdict == "timeout"


def test_ended_with_all_of_its_job(queue: Queue, run_alone: Alone) -> None:
    """Where the scheduler signals all processes, and the task's dies first, that is the same."""
    job = queue.job(SLEEP, walltime=1000)
    process = begun(queue, run_alone, job)
    (task,) = children_of(process.pid)
    os.kill(task, signal.SIGTERM)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).reason == "cancelled"


def test_ended_task_that_finishes(queue: Queue, run_alone: Alone) -> None:
    """A task that is asked to end and returns in time has the outcome that it gave itself."""
    job = queue.job(
        "import signal, time\n"
        "told = []\n"
        "def main(**kw):\n"
        f"    signal.signal(signal.SIGTERM, lambda *_: told.append(1))\n    {BEGUN}"
        "while not told: time.sleep(0.01)\n"
        "    return True, {'saved': 1}"
    )
    process = begun(queue, run_alone, job)
    process.send_signal(signal.SIGTERM)
    assert process.wait(queue.patience) == 0
    assert data(queue.outcome(job)) == {"saved": 1}


@pytest.mark.slow
def test_task_that_does_not_heed_the_request(queue: Queue, run_alone: Alone) -> None:
    """A task that does not end when it is asked to is killed while there is still time to record it (PBS: 10 s)."""
    job = queue.job(STUCK)
    process = begun(queue, run_alone, job, PBS_JOBID="1.pbs0")
    process.send_signal(signal.SIGTERM)
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).reason == "cancelled"


def test_cpu_time_used_up(queue: Queue, run_alone: Alone) -> None:
    """SIGXCPU is a scheduler's way to say that the time is over."""
    job = queue.job(SLEEP)
    process = begun(queue, run_alone, job)
    process.send_signal(signal.SIGXCPU)
    process.wait(queue.patience)
    assert (queue.outcome(job).verdict, queue.outcome(job).reason) == ("timeout", "walltime")


def test_signals_that_mean_nothing(queue: Queue, run_alone: Alone) -> None:
    """SIGUSR2, and a warning to a task that knows of none, do no harm to the runner or to the task."""
    job = queue.job(
        "import os, time\n"
        f"def main(**kw):\n    {BEGUN}while not os.path.exists('go'): time.sleep(0.01)\n    return True, None",
        walltime=1000,
    )
    process = begun(queue, run_alone, job)
    for number in (signal.SIGUSR2, signal.SIGUSR1, signal.SIGCONT, signal.SIGUSR1):
        process.send_signal(number)
    Path(queue.folder, "go").touch()
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).verdict == "succeeded"
