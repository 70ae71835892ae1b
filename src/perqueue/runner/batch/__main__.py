"""``python -P -m perqueue.runner.batch JOBFILE`` or ``FOLDER [INDEX]``: run one attempt in this batch job."""

from __future__ import annotations

import faulthandler
import os
import sys
import time

from perqueue.runner.batch.clock import Clock
from perqueue.runner.batch.driving import drive_if_nobody_does
from perqueue.runner.batch.place import find_place, job_file
from perqueue.runner.batch.ranks import RANK, be_rank, launch
from perqueue.runner.batch.signals import Signals
from perqueue.runner.batch.watch import Watch
from perqueue.runner.errors import JobError
from perqueue.runner.job import Job
from perqueue.runner.process import age, claim_for
from perqueue.runner.spool import Spool
from perqueue.runner.takeover import take
from perqueue.runner.task import BROKEN, DUPLICATE, preload, run_claimed

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final

_USAGE: Final = 2
"""The exit status of a wrong command line or job file."""


def main(arguments: list[str]) -> int:
    """Run what is named; the status to exit with at once.

    It is 0 once there is an outcome, whatever its verdict; DUPLICATE if the attempt is, or was, somebody else's.
    """
    if arguments[:1] == [RANK]:
        return be_rank(arguments[1:])
    if len(arguments) not in (1, 2):
        sys.stderr.write("usage: python -P -m perqueue.runner.batch JOBFILE | FOLDER [INDEX]\n")
        return _USAGE
    path, array = job_file(arguments[0], arguments[1] if arguments[1:] else None, os.environ)
    place = find_place(os.environ, array)
    try:
        with open(path, "rb") as file:
            job = Job.from_bytes(file.read())
    except (OSError, JobError) as exc:
        sys.stderr.write(f"{exc}\n")
        return _USAGE
    if sys.stderr is not None:
        faulthandler.enable()  # inherited: a task that crashes says where, in its log
    if place.reruns:
        job = job._replace(requeue=True)
    signals, pid = Signals(), os.getpid()
    since = age(pid)
    clock = Clock(job.walltime, since, place.starts, place.ends)
    claim = claim_for(job.queue, job.key, job.attempt, pid=pid, walltime=job.walltime, server=None, job=place.job)
    taken = take(Spool(job.root, job.queue), claim, place.restart, time.time() - since)
    if taken is None:
        return DUPLICATE
    preload()
    restarts = taken.restart

    def work() -> int:
        if job.mpi:
            return launch(job, path, clock.deadline, restarts)
        return run_claimed(job, clock.deadline, restarts)

    status = Watch(job, taken, clock, signals, place.patience).run(work)
    signals.heed_term()
    drive_if_nobody_does(job)
    return status


if __name__ == "__main__":
    status = BROKEN
    try:
        status = main(sys.argv[1:])
    except OSError as exc:
        sys.stderr.write(f"The attempt can't be claimed: {exc}\n")
    finally:
        os._exit(status)
