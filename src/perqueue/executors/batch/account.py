"""The attempts that an executor was given and has not told the end of, and what it has to report about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from perqueue.core.events import Launched, Started
from perqueue.runner.spool import Spool

from ..protocol import Report
from ..reports import lost, read_end
from .folders import BatchFolders
from .tracking import Tracked


class Account:
    """The attempts of one executor. Counts are kept, not made: they are asked for at every tick.

    Args:
        spool: Where attempts report.
        folders: Where batches lie; a batch's folder goes with its last attempt.
        clock: The Unix time in seconds.
    """

    def __init__(self, spool: Spool, folders: BatchFolders, clock: Callable[[], float]) -> None:
        self._spool, self._folders, self._clock = spool, folders, clock
        self.tracked: dict[tuple[int, int], Tracked] = {}
        """All of them."""
        self.submitted: dict[tuple[int, int], Tracked] = {}
        """Those that the scheduler has, as far as is known."""
        self.reports: list[Report] = []
        self._partitions: Counter[str] = Counter()
        self._batches: Counter[str] = Counter()

    def number(self, partition: str) -> int:
        """How many there are in a partition."""
        return self._partitions[partition]

    def track(self, at: tuple[int, int], partition: str, queued: float) -> Tracked:
        """Keep account of an attempt, which the scheduler doesn't have so far."""
        tracked = self.tracked[at] = Tracked(*at, partition, queued)
        self._partitions[partition] += 1
        return tracked

    def adopt(self, tracked: Tracked, job: str, tag: str = "", index: int = 0, *, tell: bool = True) -> None:
        """The scheduler has it under this id, as an element of a batch if that is known; ``tell``: report that."""
        tracked.submitted(job, tag, index)
        self.submitted[tracked.at] = tracked
        if tag:
            self._batches[tag] += 1
        if tell:
            self.tell_job(tracked)

    def tell_job(self, tracked: Tracked) -> None:
        """Report the id of its job."""
        self.reports.append(Launched(self._clock(), *tracked.at, tracked.job))

    def keep(self, tag: str, at: tuple[int, int]) -> None:
        """Keep a batch's folder for an attempt that is not ours yet, unless it has left an outcome."""
        if not self._spool.has_outcome(*at):
            self._batches[tag] += 1

    def release(self, tag: str) -> None:
        """Delete what is kept of a batch, if none of its attempts is left."""
        if not self._batches[tag]:
            del self._batches[tag]
            self._folders.forget(tag)

    def forget(self, tracked: Tracked) -> None:
        """It is over."""
        if self.tracked.pop(tracked.at, None) is None:
            return
        self.submitted.pop(tracked.at, None)
        self._partitions[tracked.partition] -= 1
        if tracked.tag:
            self._batches[tracked.tag] -= 1
            self.release(tracked.tag)

    def end(self, at: tuple[int, int]) -> bool:
        """Report the end of an attempt that lies in the spool; whether there is one."""
        told = read_end(self._spool, *at)
        if told is None:
            return False
        claim = self._spool.read_claim(*at)
        if claim is not None and claim.restart:  # perhaps too short for any look
            self.reports.append(Started(claim.at, *at, claim.host, claim.pid, claim.restart))
        self.reports.append(told)
        if at in self.tracked:
            self.forget(self.tracked[at])
        return True

    def give_up(self, tracked: Tracked) -> None:
        """It was to be stopped and never got as far as the scheduler."""
        self.reports.append(lost(*tracked.at, tracked.stopping, "it was stopped before it was submitted"))
        self.forget(tracked)
