"""MPI tasks in a batch job: a launcher starts the ranks, and the first one writes the outcome."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.runner.reading import data, failure

from perqueue.runner.batch.ranks import rank_of, settle_environment
from perqueue.runner.process import session_members

if TYPE_CHECKING:
    from tests.runner.conftest import Alone, Queue

LAUNCHER = """\
import os, subprocess, sys
ranks = [
    subprocess.Popen(sys.argv[2:], env=os.environ | {"PMI_RANK": str(rank)}) for rank in range(int(sys.argv[1]))
]
while any(rank.poll() is None for rank in ranks):
    failed = [rank.returncode for rank in ranks if rank.poll()]
    if failed:
        for rank in ranks:
            rank.kill()
        sys.exit(failed[0])
"""
NUMBER = "import os, time\nfrom perqueue import time_left\nnumber = int(os.environ['PMI_RANK'])\n"


@pytest.fixture
def launcher(queue: Queue) -> tuple[str, ...]:
    """A launcher of three ranks, which ends all of them if one fails."""
    path = Path(queue.folder, "launch.py")
    path.write_text(LAUNCHER)
    return sys.executable, str(path), "3"


def test_ranks(queue: Queue, run_alone: Alone, launcher: tuple[str, ...]) -> None:
    """All ranks call the function, the first one's result is the outcome, and the log has what all of them printed."""
    body = (
        f"{NUMBER}def main(**kw):\n    print('rank', number)\n    return True, {{'rank': number, 'left': time_left()}}"
    )
    job = queue.job(body, mpi=launcher, walltime=1000)
    process = run_alone(job, SLURM_PROCID="0", SLURM_JOB_ID="3", SLURM_RESTART_COUNT="1")
    assert process.wait(queue.patience) == 0
    told = data(queue.outcome(job))
    assert told["rank"] == 0
    assert 0 < told["left"] <= 1000
    assert queue.outcome(job).restarts == 1
    assert sorted(queue.log(job).splitlines()) == ["rank 0", "rank 1", "rank 2"]
    claim = queue.spool.read_claim(job.key, 1)
    assert claim is not None
    assert claim.pid == process.pid
    assert queue.spool.list_new() == [f"{job.key}.1"]


def test_only_the_first_rank_keeps_arrays(queue: Queue, run_alone: Alone, launcher: tuple[str, ...]) -> None:
    """What other ranks return is dropped, large arrays too."""
    body = f"{NUMBER}import numpy\ndef main(**kw):\n    return True, {{'a': numpy.full(9000, number)}}"
    job = queue.job(body, mpi=launcher)
    run_alone(job).wait(queue.patience)
    assert queue.outcome(job).verdict == "succeeded"
    assert len([path for path in (queue.root / "blobs").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("failing", [0, 1])
def test_rank_that_fails(queue: Queue, run_alone: Alone, launcher: tuple[str, ...], failing: int) -> None:
    """A rank that fails ends the others, which may wait for it; the log has its traceback."""
    body = (
        f"{NUMBER}def main(**kw):\n    if number == {failing}: raise ValueError('no field')\n"
        "    time.sleep(1000)\n    return True, None"
    )
    job = queue.job(body, mpi=launcher)
    assert run_alone(job).wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("failed", "raised" if failing == 0 else "os-exit")
    assert ("no field" if failing == 0 else "status 1") in failure(outcome).message
    assert "ValueError: no field" in queue.log(job)


def test_launcher_that_is_missing(queue: Queue, run_alone: Alone) -> None:
    """The outcome says how the launcher ended, and the log why."""
    job = queue.job("def main(**kw): return True, None", mpi=("no-such-mpirun", "-n", "2"))
    assert run_alone(job).wait(queue.patience) == 0
    assert "status 127" in failure(queue.outcome(job)).message
    assert "'no-such-mpirun' can't be started" in queue.log(job)


def test_launcher_that_is_killed(queue: Queue, run_alone: Alone) -> None:
    """A launcher that dies is a failure with its signal."""
    job = queue.job("", mpi=("sh", "-c", "kill -9 $$"))
    assert run_alone(job).wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert outcome.reason == "signal"
    assert "SIGKILL" in failure(outcome).message


def test_walltime(queue: Queue, run_alone: Alone, launcher: tuple[str, ...]) -> None:
    """At the end of the walltime all ranks are ended."""
    job = queue.job(f"{NUMBER}def main(**kw): time.sleep(1000)", mpi=launcher, walltime=1)
    process = run_alone(job)
    process.wait(queue.patience)
    assert (queue.outcome(job).verdict, queue.outcome(job).reason) == ("timeout", "walltime")
    queue.wait_until(lambda: not session_members(process.pid), "the end of all ranks")


CATCHES = "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: [rank.send_signal(10) for rank in ranks])\n"
BLOCKS = """\
import signal, threading
def pass_on():
    signal.sigwait([signal.SIGUSR1])
    for rank in ranks:
        rank.send_signal(10)
threading.Thread(target=pass_on, daemon=True).start()
"""


@pytest.mark.parametrize("way", [CATCHES, BLOCKS], ids=["catches", "blocks"])
def test_warning(queue: Queue, run_alone: Alone, launcher: tuple[str, ...], way: str) -> None:
    """A launcher that passes warnings on has them reach every rank; the first one's checkpoint() decides."""
    path = Path(launcher[1])
    text = path.read_text().replace("while any", f"{way}while any")
    if way == BLOCKS:  # as srun does
        text = f"import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n{text}"
    path.write_text(text)
    body = (
        f"{NUMBER}def checkpoint():\n    open(f'saved{{number}}', 'w').close()\n    return True\n"
        "def main(**kw):\n    open(f'begun{number}', 'w').close()\n"
        "    while not os.path.exists('begun0') or number: time.sleep(0.01)\n    time.sleep(1000)\n"
    )
    job = queue.job(body, mpi=launcher, walltime=1000)
    process = run_alone(job)
    queue.wait_until(lambda: len(list(queue.folder.glob("begun*"))) == 3, "all ranks")
    process.send_signal(signal.SIGUSR1)
    queue.wait_until(lambda: len(list(queue.folder.glob("saved*"))) == 3, "the warning of all ranks")
    queue.wait_until(lambda: queue.spool.has_outcome(job.key, 1), "the outcome")
    process.terminate()
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).reason == "checkpoint"


@pytest.mark.slow
def test_rank_that_never_ends(queue: Queue, run_alone: Alone, launcher: tuple[str, ...]) -> None:
    """Ranks that are still there a while after the outcome are ended."""
    body = f"{NUMBER}def main(**kw):\n    if number: time.sleep(1000)\n    return True, None"
    job = queue.job(body, mpi=launcher, walltime=1000)
    process = run_alone(job)
    assert process.wait(queue.patience) == 0
    assert queue.outcome(job).verdict == "succeeded"
    queue.wait_until(lambda: not session_members(process.pid), "the end of all ranks")


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"SLURM_PROCID": "3"}, 3),
        ({"SLURM_PROCID": "0", "PMI_RANK": "2"}, 2),
        ({"PMI_RANK": "1", "PMIX_RANK": "2", "OMPI_COMM_WORLD_RANK": "3", "PALS_RANKID": "4"}, 3),
        ({"PALS_RANKID": "4", "SLURM_PROCID": "0"}, 4),
        ({"PMI_RANK": "", "SLURM_PROCID": "5"}, 5),
    ],
)
def test_rank_numbers(environment: dict[str, str], rank: int) -> None:
    """The launcher's own number comes before that which the batch shell has from Slurm."""
    assert rank_of(environment) == rank


def test_environment_of_a_launcher() -> None:
    """Contradictory memory is dropped, one way of asking for it stays; srun is told to end all ranks with one."""
    both = {"SLURM_MEM_PER_NODE": "1", "SLURM_MEM_PER_CPU": "2", "A": "3"}
    settle_environment(both)
    assert both == {"A": "3", "SLURM_KILL_BAD_EXIT": "1"}
    one = {"SLURM_MEM_PER_NODE": "1", "SLURM_KILL_BAD_EXIT": "0"}
    settle_environment(one)
    assert one == {"SLURM_MEM_PER_NODE": "1", "SLURM_KILL_BAD_EXIT": "0"}
