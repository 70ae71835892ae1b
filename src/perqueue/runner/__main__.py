"""``python -P -m perqueue.runner JOBFILE``: run one job in this very process, as a batch system does.

Nobody watches this process from outside but the scheduler, so it keeps its walltime itself, with an alarm: code
that never comes back to the interpreter is not interrupted by it and is left to the scheduler.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from perqueue.runner.deaths import explain
from perqueue.runner.errors import JobError, OutcomeUnwrittenError
from perqueue.runner.job import Job
from perqueue.runner.process import host, usage_so_far
from perqueue.runner.records import Failure, Outcome
from perqueue.runner.spool import Spool
from perqueue.runner.task import BROKEN, preload, run_job

if TYPE_CHECKING:
    from types import FrameType

_GRACE: Final = 2.0  # seconds between SIGTERM and SIGKILL
_USAGE: Final = 2  # the exit status of a wrong command line or job file


def main(arguments: list[str]) -> int:
    """Run the job in the file that is named; the status to exit with at once (see `run_job`)."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -P -m perqueue.runner JOBFILE\n")
        return _USAGE
    try:
        with open(arguments[0], "rb") as file:
            job = Job.from_bytes(file.read())
    except (OSError, JobError) as exc:
        sys.stderr.write(f"{exc}\n")
        return _USAGE
    with contextlib.suppress(OSError):  # a session's leader has a group of its own already
        os.setpgid(0, 0)
    if sys.stderr is not None:
        faulthandler.enable()
    preload()
    if job.walltime is not None:
        _keep_walltime(job, job.walltime)
    return run_job(job, on_return=_stop_clock)


def _keep_walltime(job: Job, walltime: float) -> None:
    started, pid = time.time(), os.getpid()

    def out_of_time(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if os.getpid() == pid:
            _end(job, pid, started)

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, walltime)


def _stop_clock() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)


def _end(job: Job, pid: int, started: float) -> None:
    """Write the outcome of a task that is out of time, and end it with all that it started."""
    spool = Spool(job.root, job.queue)
    claim = spool.read_claim(job.key, job.attempt)
    if claim is not None and claim.pid == pid and claim.host == host():
        verdict, reason, message = explain(0, why="walltime", walltime=job.walltime)
        outcome = Outcome(
            queue=job.queue,
            key=job.key,
            attempt=job.attempt,
            verdict=verdict,
            reason=reason,
            error=Failure(reason, message),
            started=started,
            ended=time.time(),
            host=host(),
            pid=pid,
            usage=usage_so_far(),
            data=None,
        )
        with contextlib.suppress(OutcomeUnwrittenError):  # then the scheduler's own record must do
            spool.write_outcome(outcome, fsync=job.durable)
    if os.getpgrp() != pid:  # the group is somebody else's
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(pid, signal.SIGTERM)
    time.sleep(_GRACE)
    os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    status = BROKEN
    try:
        status = main(sys.argv[1:])
    except OSError as exc:
        sys.stderr.write(f"The attempt can't be claimed: {exc}\n")
    finally:
        os._exit(status)
