"""Attempts whose batch job is started again by its scheduler: the same attempt, taken over by exactly one process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.runner.process import age, claim_for
from perqueue.runner.records import Claim, claim_text, parse_claim
from perqueue.runner.spool import Spool
from perqueue.runner.takeover import take

if TYPE_CHECKING:
    from tests.runner.conftest import Alone, Queue

NEVER = 1e12
"""A start that comes after any claim."""


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    made = Spool(str(tmp_path))
    made.make()
    return made


def claim_of(job: str = "17", **fields: object) -> Claim:
    """A claim of this process on entry 1."""
    claim = claim_for("q", 1, 1, pid=os.getpid(), walltime=None, server=None, job=job)
    return claim._replace(**fields)  # type: ignore[arg-type]


def test_restart_takes_over(spool: Spool) -> None:
    """Each later start of the job takes the attempt over, with a claim that says which start it is of."""
    for restart, number in ((0, 1), (1, 2), (4, 3)):
        taken = take(spool, claim_of(), restart, 0.0)
        assert taken is not None
        assert taken.restart == restart
        assert spool.last_claim(1, 1) == (taken, number)
        assert spool.read_claim(1, 1) == taken
    assert sorted(os.listdir(spool.claims)) == ["1.1", "1.1~1", "1.1~2"]


def test_first_start_that_never_claimed(spool: Spool) -> None:
    """A restart whose first start died before it could claim takes the attempt as any other."""
    taken = take(spool, claim_of(), 2, 0.0)
    assert taken is not None
    assert taken.restart == 2


@pytest.mark.parametrize(("job", "restart"), [("18", 5), ("", 5), ("17", 1), ("17", 0)])
def test_others_leave(spool: Spool, job: str, restart: int) -> None:
    """Another job, no job, and a start that is no later one, leave the attempt alone."""
    assert take(spool, claim_of(), 1, 0.0) is not None
    assert take(spool, claim_of(job), restart, 0.0) is None
    assert os.listdir(spool.claims) == ["1.1"]
    assert os.listdir(spool.tmp) == []


def test_claim_outside_of_jobs(spool: Spool) -> None:
    """An attempt that was claimed outside of any job, or by nobody readable, is never taken over."""
    assert take(spool, claim_of(""), 0, 0.0) is not None
    assert take(spool, claim_of(""), 3, NEVER) is None
    Path(spool.claims, "1.1").write_text("")
    assert take(spool, claim_of(), 3, NEVER) is None


def test_not_numbered_on_this_host(spool: Spool) -> None:
    """Where starts aren't numbered, a process takes over that began after a claim whose process has gone."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    first = take(spool, claim_of(pid=gone.pid, start=1), None, 0.0)
    assert first is not None
    assert first.restart == 0
    assert take(spool, claim_of(), None, first.at - 0.1) is None
    second = take(spool, claim_of(), None, first.at + 0.1)
    assert second is not None
    assert second.restart == 1
    assert take(spool, claim_of(), None, second.at + 100) is None, "the second one is alive"


def test_not_numbered_on_other_hosts(spool: Spool) -> None:
    """There a process takes over that began later than the hosts' clocks may differ."""
    first = take(spool, claim_of(host="elsewhere"), None, 0.0)
    assert first is not None
    assert take(spool, claim_of(), None, first.at + 1) is None
    assert take(spool, claim_of(), None, first.at + 10) is not None


def test_outcome_ends_it(spool: Spool) -> None:
    """An attempt that has an outcome, committed or not, is not taken again."""
    for folder in (spool.new, spool.cur):
        Path(folder, "1.1").touch()
        assert take(spool, claim_of(), 7, NEVER) is None
        Path(folder, "1.1").unlink()
    assert os.listdir(spool.claims) == []


@pytest.mark.parametrize("restart", ["1", "None"])
def test_race(spool: Spool, restart: str) -> None:
    """Of many processes of one restart exactly one takes the attempt over."""
    assert take(spool, claim_of(pid=1, host="elsewhere", at=1.0), 0, 0.0) is not None
    code = (
        "import os, sys, time\n"
        "from perqueue.runner.process import claim_for\n"
        "from perqueue.runner.spool import Spool\n"
        "from perqueue.runner.takeover import take\n"
        "began = time.time()\n"
        "print('ready', flush=True)\n"
        "while not os.path.exists(f'{sys.argv[1]}/go'): time.sleep(0.001)\n"
        "claim = claim_for('q', 1, 1, pid=os.getpid(), walltime=None, server=None, job='17')\n"
        f"print(take(Spool(sys.argv[1]), claim, {restart}, began) is not None, flush=True)\n"
        "sys.stdin.read()\n"  # who has it lives on until all have tried
    )
    command = [sys.executable, "-P", "-c", code, spool.root]
    with ExitStack() as ends:
        racers = [
            ends.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(12)
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        Path(spool.root, "go").touch()
        told = [racer.stdout.readline() for racer in racers if racer.stdout is not None]
    assert sorted(told) == ["False\n"] * 11 + ["True\n"]
    assert sorted(os.listdir(spool.claims)) == ["1.1", "1.1~1"]


@given(st.lists(st.integers(0, 5), max_size=8))
def test_starts_in_any_order(tmp_path_factory: pytest.TempPathFactory, starts: list[int]) -> None:
    """In whatever order they come, a start takes the attempt only if it is later than all that took it before."""
    spool = Spool(str(tmp_path_factory.mktemp("spool")))
    spool.make()
    latest = -1
    for restart in starts:
        assert (take(spool, claim_of(), restart, 0.0) is not None) == (restart > latest)
        latest = max(latest, restart)


def test_claims_of_before(spool: Spool) -> None:
    """A claim that was written without job and restart is one of no job."""
    claim = claim_of("")
    text = claim_text(claim)
    assert b"job" not in text
    assert parse_claim(text, 1, 1, 0.0) == claim
    mine = claim_of("17_3", restart=2)
    assert parse_claim(claim_text(mine), 1, 1, 0.0) == mine


def test_sweep(spool: Spool) -> None:
    """The claims of an attempt go together."""
    for restart in range(3):
        take(spool, claim_of(), restart, 0.0)
    assert spool.sweep(lambda key, attempt: True) == 0
    assert spool.sweep(lambda key, attempt: False) == 3


def test_real_restart(queue: Queue, run_alone: Alone) -> None:
    """After the death of all of a job, of several processes of its next start exactly one runs the attempt again."""
    job = queue.job(
        "import os, time\n"
        "def main(**kw):\n"
        "    open('ran', 'a').write('x')\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n"
        "    return True, None"
    )
    first = run_alone(job, SLURM_JOB_ID="17")
    queue.wait_until(lambda: (queue.folder / "ran").exists() and (queue.folder / "ran").read_text(), "the first start")
    first.kill()
    first.wait()
    (queue.folder / "go").touch()
    again = [run_alone(job, SLURM_JOB_ID="17", SLURM_RESTART_COUNT="1") for _ in range(3)]
    assert sorted(one.wait(queue.patience) for one in again) == [0, 75, 75]
    assert (queue.folder / "ran").read_text() == "xx"
    assert (queue.outcome(job).verdict, queue.outcome(job).restarts) == ("succeeded", 1)


def test_age() -> None:
    """The age of a process is about the time since it was started."""
    before = time.time()
    process = subprocess.Popen(["sleep", "100"])
    try:
        time.sleep(0.2)
        assert 0.1 < age(process.pid) <= time.time() - before + 0.1
    finally:
        process.kill()
        process.wait()
    assert age(process.pid) == 0.0
