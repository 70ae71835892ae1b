"""PBS (OpenPBS, PBS Professional): commands and scripts out, text in.

A job is found again by its tag, which is in its name and in a variable of its environment that is shown with it.

PBS differs from other batch systems in ways that show here:

- It counts walltime in seconds and gives no warning: the runner looks at the clock.
- Hosts can't be excluded: ``avoid`` is not passed on.
- Arrays are always allowed to run again after their node failed, and have two elements at least.
- What is over is forgotten at once, unless the site keeps a history.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import (
    Answer,
    Batch,
    Command,
    Down,
    Listing,
    NoHistory,
    Refused,
    Submission,
    Taken,
    Unclear,
)

from . import asking, trying
from .directives import whole_script
from .listing import jobs_seen, split_id, whole
from .rows import read_rows, readable

_TAKEN: Final = re.compile(r"^\s*([0-9]+(?:\[\])?(?:\.[\w.-]+)?)\s*$", re.MULTILINE | re.ASCII)
_UNCLEAR: Final = (162, 163, 183, 185, 186, 208, 212, 255)
"""qsub's exit statuses when talking to the server went wrong: system or internal error, protocol, no connection or none
free, no server, version of the protocol, shutting down, and -1. The job may be there."""
_UNKNOWN: Final = 153
_OVER: Final = 35
_KEEPS_NONE: Final = re.compile(r"job_history_enable|history", re.IGNORECASE)


class PbsDialect:
    """What PBS says and understands."""

    name: Final = "pbs"

    def script(self, batch: Batch) -> str:
        """The whole script of a batch."""
        return whole_script(batch)

    def submit(self, batch: Batch) -> Command:
        """Submit it; the environment of the command becomes that of the job."""
        return asking.submit(batch.folder, whole_script(batch))

    def submitted(self, answer: Answer) -> Submission:
        """What came of that."""
        if answer.status == 0:
            found = _TAKEN.findall(answer.out)
            return Taken(found[-1]) if found else Unclear(answer.said or "qsub printed no job id")
        if answer.status is None:
            return Unclear(answer.said or "qsub took too long")
        if answer.status < 0 or answer.status in _UNCLEAR:
            return Unclear(answer.said or f"qsub ended with {answer.status}")
        return Refused(answer.said or f"qsub exited with {answer.status}")

    def element(self, job: str, index: int, size: int) -> str:
        """``14[2].pbs0`` of ``14[].pbs0``; of a job that is no array its own id."""
        number, of_array, server = split_id(job)
        return f"{number}[{index}]{server}" if size > 1 and of_array is not None else job

    def whole(self, job: str) -> str:
        """``14[].pbs0`` of ``14[2].pbs0``."""
        return whole(job)

    def cluster(self, job: str) -> str:  # noqa: ARG002  # an id says which server it is of, and any server is asked
        """One for all."""
        return ""

    def clusters(self, partition: Partition, resources: Resources | None) -> Sequence[str]:  # noqa: ARG002  # as above
        """One for all."""
        return ("",)

    def look(self, prefix: str, cluster: str = "") -> Command:  # noqa: ARG002  # it finds them by the user
        """Ask for all of the user's jobs."""
        return asking.look()

    def looked(self, answer: Answer, prefix: str, cluster: str = "") -> Listing | Down:  # noqa: ARG002  # one for all
        """What the queue holds."""
        seen = tuple(jobs_seen(read_rows(answer.out), prefix))
        if answer.status == 0 and readable(answer.out):
            return Listing(seen)
        if answer.status is not None and seen:
            return Listing(seen, complete=False)
        return Down(_why_down(answer))

    def history(self, jobs: Sequence[str], since: float, cluster: str = "") -> Command | None:  # noqa: ARG002  # it takes ids
        """Ask what became of jobs. Elements are asked for with their arrays."""
        return asking.history(list(dict.fromkeys(whole(job) for job in jobs)))

    def told(self, answer: Answer, prefix: str) -> Listing | NoHistory | Down:
        """What is known of them."""
        seen = tuple(jobs_seen(read_rows(answer.out), prefix))
        if seen:
            return Listing(seen, complete=answer.status == 0)
        if answer.status == asking.TORQUE or (
            answer.status in (0, _OVER) and _KEEPS_NONE.search(answer.err + answer.out)
        ):
            return NoHistory(answer.said or "qstat has no option -x")
        if answer.status in (0, _UNKNOWN):
            return Listing((), complete=answer.status == 0)
        return Down(_why_down(answer))

    def cancel(self, jobs: Sequence[str]) -> Sequence[Command]:
        """Cancel jobs and elements of arrays. That some are over already is no matter."""
        return [Command(("qdel", *jobs))]

    def limits(self) -> Command | None:
        """Ask how many elements an array may have."""
        return trying.SERVER

    def most(self, answer: Answer) -> int | None:
        """How many elements an array may have."""
        return trying.most_elements(answer)

    def tries(self, partitions: Sequence[Partition]) -> Sequence[tuple[str, Command]]:
        """What to ask to find out whether it can be used here."""
        return trying.tries(partitions)

    def tried(self, title: str, answer: Answer, partitions: Sequence[Partition]) -> Sequence[tuple[str, bool, str]]:
        """What was found."""
        return trying.tried(title, answer, partitions)


def _why_down(answer: Answer) -> str:
    if answer.status is None:
        return answer.said or "qstat took too long"
    return answer.said or f"qstat exited with {answer.status}"
