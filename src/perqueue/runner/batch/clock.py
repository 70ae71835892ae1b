"""When a batch job's task is warned and ended. Times are those of the monotonic clock, in seconds, or are named Unix.

Schedulers are coarse: Slurm rounds the limit up to whole minutes, is up to a minute late with its end, and sends the
signal that was to come N seconds before it up to a minute early. So the seconds are kept here, counted from the start
of the batch shell, and the scheduler's own warning is redundant if it comes about when its limit makes it come: it is
then left to this clock, which warns at the exact time. One that comes much earlier has another cause, such as
preemption, a limit that was lowered, or an operator, and is passed on at once.

The scheduler's own limit may be the shorter one, where a flag asks for that. It is told as two times by the clock of
its controller, which may differ by minutes from that of this node. So only their difference counts, from the start of
the batch shell. That is too late by what the node took to prepare itself; then the scheduler ends the job and says why.
The limit's end alone, compared with the node's clock, could end a task long before its time: it counts only where
nothing else is known.
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
        starts: When the job started by the scheduler's clock, as Unix time in seconds; None if it does not say.
        ends: When it reaches the scheduler's own limit, by the same clock; None if it does not say.
    """

    def __init__(
        self, walltime: float | None, age: float, starts: float | None = None, ends: float | None = None
    ) -> None:
        now, unix = time.monotonic(), time.time()
        self.began = now - age
        self.ends = None if walltime is None else self.began + walltime
        if ends is not None and ends > unix:  # one that has passed is another job's
            if starts is not None and starts < ends:
                theirs = self.began + (ends - starts)
                self.ends = theirs if self.ends is None else min(self.ends, theirs)
            elif self.ends is None:
                self.ends = now + (ends - unix)
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
