"""Where this process stands: on the queue's home, or inside somebody's batch job, which ends and takes all with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from perqueue.runner.process import host

_JOBS: Final = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "HQ_JOB_ID")
_SUBMIT_HOSTS: Final = ("SLURM_SUBMIT_HOST", "PBS_O_HOST", "LSB_SUB_HOST")


def batch_job(environ: Mapping[str, str] | None = None) -> str:
    """The batch job that this process is part of, empty if it is part of none."""
    environ = os.environ if environ is None else environ
    return next((environ[name] for name in _JOBS if environ.get(name)), "")


def home_host(environ: Mapping[str, str] | None = None) -> str:
    """The host that a queue made here belongs to: this one, or the one that the batch job around us came from."""
    environ = os.environ if environ is None else environ
    if not batch_job(environ):
        return host()
    return next((environ[name] for name in _SUBMIT_HOSTS if environ.get(name)), host())
