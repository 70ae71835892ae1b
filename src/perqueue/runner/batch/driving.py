"""After the outcome: move the queue, if nobody else does."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from perqueue.runner.batch.settings import SETTINGS
from perqueue.runner.spool import attempt_name
from perqueue.runner.streams import append_to

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from perqueue.runner.job import Job

_SILENCE: Final = 60.0
"""Seconds without a sign of life after which nobody drives the queue; a supervisor gives one every few seconds."""
_LONGEST: Final = 60.0
_SCHEDULERS: Final = ("SLURM_", "PBS_", "PERQUEUE_DEADLINE")


def drive_if_nobody_does(job: Job) -> None:
    """Make one step of the queue, unless somebody took the outcome already or showed signs of life lately.

    Failing is fine: the outcome is safe, and whoever moves the queue next finds it. What is printed goes to the log.
    """
    if not is_abandoned(job):
        return
    import subprocess

    command = [sys.executable, "-P", "-m", "perqueue", "tick", "--from-job"]
    try:
        log = append_to(job.log or job.out or os.devnull)
    except OSError:
        log = append_to(os.devnull)
    try:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                command,
                cwd=os.path.dirname(job.root),
                env=plain(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=_LONGEST,
                check=False,
            )
    finally:
        os.close(log)


def is_abandoned(job: Job) -> bool:
    """Whether nobody drives the queue. Both times compared are those of files, so one clock made them."""
    try:
        written = os.stat(f"{job.root}/spool/new/{attempt_name(job.key, job.attempt)}").st_mtime
    except OSError:  # committed already
        return False
    try:
        seen = os.stat(f"{job.root}/beat").st_mtime
    except OSError:
        return True
    return written - seen > _SILENCE


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what the scheduler says of this job, which what is submitted from here would inherit."""
    return {name: value for name, value in environment.items() if name in SETTINGS or not name.startswith(_SCHEDULERS)}
