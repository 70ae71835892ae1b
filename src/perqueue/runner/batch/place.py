"""Which batch job this is: what the scheduler says in the environment."""

from __future__ import annotations

import os

from perqueue.runner.named import NamedTuple

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Final

_PATIENCE: Final = 20.0
_PBS_PATIENCE: Final = 8.0


class Place(NamedTuple):
    """A batch job, as its environment describes it.

    - ``job``: its id, as the scheduler's commands take it; empty outside of a batch job.
    - ``restart``: how often it was started before; None where the scheduler does not say.
    - ``patience``: seconds between the scheduler's request to end and its SIGKILL that a task can be given for its
      own end, so that there is still time to record it (Slurm waits 30 s, PBS 10 s, unless configured otherwise).
    - ``starts``, ``ends``: when it started, and the scheduler's own limit, by the scheduler's clock as Unix times in
      seconds, if it says so.
    - ``reruns``: whether the scheduler may start it again although nobody asked for that.
    """

    job: str = ""
    restart: int | None = 0
    patience: float = _PATIENCE
    starts: float | None = None
    ends: float | None = None
    reruns: bool = False


def find_place(environment: MutableMapping[str, str], array: bool) -> Place:
    """The place that an environment describes. ``array`` says whether the job is run as an element of an array.

    An executor of another kind names its jobs in PERQUEUE_JOB and counts their starts in PERQUEUE_RESTART. Both are
    taken out, so that what the task starts is not taken for that job.
    """
    own, again = environment.pop("PERQUEUE_JOB", ""), environment.pop("PERQUEUE_RESTART", "")
    starts, ends = _number(environment, "SLURM_JOB_START_TIME"), _number(environment, "SLURM_JOB_END_TIME")
    if own:  # in a job that may have started long before it
        return Place(own, int(again) if again.isdecimal() else 0, ends=ends)
    if "SLURM_JOB_ID" in environment:
        job, index = environment["SLURM_JOB_ID"], environment.get("SLURM_ARRAY_TASK_ID", "")
        if array and index and "SLURM_ARRAY_JOB_ID" in environment:
            job = f"{environment['SLURM_ARRAY_JOB_ID']}_{index}"
        return Place(job, _number(environment, "SLURM_RESTART_COUNT") or 0, starts=starts, ends=ends)
    if "PBS_JOBID" in environment:
        job = environment["PBS_JOBID"]
        # PBS has no arrays whose elements may not be started again.
        return Place(job, None, _PBS_PATIENCE, reruns="[" in job)
    return Place()


def job_file(path: str, index: str | None, environment: Mapping[str, str]) -> tuple[str, bool]:
    """The job file that a path means, and whether it is that of an array's element.

    A folder holds one job for each element, ``0.job`` and so on. Without an ``index`` the scheduler's is taken; what
    is no array runs ``0.job``, even if it was submitted from within an array's element and has inherited its index.
    """
    if index is None and not os.path.isdir(path):
        return path, False
    found = index or environment.get("SLURM_ARRAY_TASK_ID") or environment.get("PBS_ARRAY_INDEX") or "0"
    file = f"{path}/{found}.job"
    if index is None and not os.path.exists(f"{path}/1.job") and (found == "0" or not os.path.exists(file)):
        return f"{path}/0.job", False
    return file, True


def _number(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name, "")
    return int(text) if text.isdecimal() else None
