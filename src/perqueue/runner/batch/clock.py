"""When a batch job's task is warned and ended. Times are those of the monotonic clock, in seconds, or are named Unix.

Schedulers are coarse: Slurm rounds the limit up to whole minutes, is up to a minute late with its end, and sends the
signal that was to come N seconds before it up to a minute early. So the seconds are kept here, counted from the start
of the batch shell, and the scheduler's own warning is redundant if it comes about when its limit makes it come: it is
then left to this clock, which warns at the exact time. One that comes much earlier has another cause, such as
preemption, a limit that was lowered, or an operator, and is passed on at once.
"""

from __future__ import annotations

import time

from perqueue.runner.deadline import lead

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final

_USUAL: Final = 120.0 + 60.0 + 15.0
"""Seconds before the end from which on a scheduler's warning is the usual one: the longest lead, what Slurm is early,
and some more. Slurm is asked to signal in time for this end, not for the later one of its whole minutes."""
_CLOSE: Final = 5.0
"""Seconds before the end within which a request to end is taken for the scheduler's own limit, whose clock may have
started before ours."""


class Clock:
    """The times of one start of a job.

    Args:
        walltime: Seconds that the task may take; None: any number.
        age: Seconds since the start of the batch shell.
        limit: The scheduler's own limit, as Unix time in seconds; None if it does not say.
    """

    def __init__(self, walltime: float | None, age: float, limit: float | None) -> None:
        now, unix = time.monotonic(), time.time()
        self.began = now - age
        self.ends = None if walltime is None else self.began + walltime
        if limit is not None and limit > unix:  # one that has passed is another job's
            theirs = now + (limit - unix)
            self.ends = theirs if self.ends is None else min(self.ends, theirs)
        self._lead = 0.0 if self.ends is None else lead(self.ends - self.began)
        self.warns = None if self.ends is None else self.ends - self._lead
        self.deadline = None if self.ends is None else unix + (self.ends - now)
        """The end as Unix time."""

    def is_usual(self, now: float) -> bool:
        """Whether a scheduler's warning comes about when the limit makes it come, so that it says nothing new."""
        return self.ends is not None and now >= self.ends - _USUAL

    def at_end(self, now: float) -> bool:
        """Whether a request to end that comes now is that of the limit."""
        return self.ends is not None and now >= self.ends - min(_CLOSE, self._lead / 2)
