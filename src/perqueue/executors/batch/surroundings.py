"""The environments of a scheduler's commands, and of the jobs that they submit.

What belongs to the job that somebody submits from must not get into what is submitted: with ``SLURM_MEM_PER_NODE``
inherited, for instance, a job's own ``srun`` refuses to start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from perqueue.runner.batch.settings import SETTINGS

_PLAIN: Final = ("PATH", "HOME", "USER", "LOGNAME", "TZ")


def commands_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What tells a scheduler's commands where their scheduler is."""
    return {name: environ[name] for name in SETTINGS if name in environ}


def scheduler_env(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a scheduler's own commands: plain words, and nothing of the job that we may be in."""
    kept = {name: environ[name] for name in (*SETTINGS, *_PLAIN) if name in environ}
    return {**kept, "LC_ALL": "C"}


def job_env(context: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a submission, which the job inherits: that of the script that asked for it."""
    return {**context, **commands_settings(environ)}
