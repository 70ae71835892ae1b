"""The watching process: it keeps the times, passes signals on, and sees to it that there is an outcome."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from contextlib import suppress

from perqueue.runner.batch.child import start
from perqueue.runner.checkpoint import warn
from perqueue.runner.children import AGAIN, GRACE, kill_group
from perqueue.runner.deaths import Explanation, OomCounter, explain, signal_text
from perqueue.runner.errors import OutcomeUnwrittenError
from perqueue.runner.process import host, kibibytes
from perqueue.runner.records import Failure, Outcome, Usage
from perqueue.runner.spool import Spool
from perqueue.runner.task import UNWRITTEN

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from perqueue.runner.batch.clock import Clock
    from perqueue.runner.batch.signals import Signals
    from perqueue.runner.job import Job
    from perqueue.runner.records import Claim

_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)
_OURS_TOO: Final = 0.5
"""Seconds for which a signal that killed the task may be on its way to this process too: schedulers send to all."""
_UNKILLABLE: Final = 10.0
"""Seconds after SIGKILL after which a process is given up: it hangs in the kernel, and will never run again."""
_ENDED_FROM_OUTSIDE: Final = 128 + signal.SIGTERM
_LOOK: Final = 5.0
_LINGER: Final = 10.0
"""Seconds that the other ranks of an MPI task have after the outcome is there."""
_ROOM: Final = 60.0
"""Seconds for which an outcome is tried to be written on a full disk."""
_LONG: Final = 60.0


class Watch:
    """One attempt in the batch job that this process is.

    Args:
        job: What runs.
        claim: The claim on it that was made.
        clock: The times of this job.
        signals: Those of this process.
        patience: Seconds that a task has to end when it is asked to from outside.
    """

    def __init__(self, job: Job, claim: Claim, clock: Clock, signals: Signals, patience: float) -> None:
        self._job, self._claim, self._clock, self._signals = job, claim, clock, signals
        self._patience, self._spool = patience, Spool(job.root, job.queue)
        self._started = time.time()
        self._pid = 0
        self._why: Explanation | None = None
        self._warn_at, self._end_at = clock.warns, clock.ends
        self._early_at: float | None = None
        self._kill_at: float | None = None
        self._give_up_at: float | None = None
        self._look_at: float | None = time.monotonic() + _LOOK if job.mpi else None
        self._told_at: float | None = None

    def run(self, work: Callable[[], int]) -> int:
        """Have the work done by a child, to its end, whatever that is; the status to leave with.

        It is 0 once there is an outcome, whatever its verdict, and UNWRITTEN if none could be written. A job that its
        scheduler may start again leaves none when it is ended from outside before its time: a requeue and a
        cancellation look the same from here, and only the scheduler knows which it was.
        """
        oom = OomCounter()
        before = oom.now()
        self._hear(0.0)
        if self._why is not None:
            return self._leave(0, None, False)
        try:
            self._pid = start(work, kept_over_exec=bool(self._job.mpi))
        except OSError as exc:
            return self._write(Explanation("failed", "launch", f"Its process can't be started: {exc}."), None)
        while not self._ended():
            self._hear(min(self._next() - time.monotonic(), _LONG))
            self._keep_time(time.monotonic())
        kill_group(self._pid)
        status, usage = self._reaped()
        if self._spool.has_outcome(self._job.key, self._job.attempt):
            return 0
        if self._why is None and os.WIFSIGNALED(status) and os.WTERMSIG(status) in _ENDING:
            self._hear(_OURS_TOO)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return self._leave(status, usage, killed and oom.now() > before)

    # -- what comes -------------------------------------------------------------------------------------------------

    def _hear(self, seconds: float) -> None:
        for number in self._signals.wait(seconds):
            now = time.monotonic()
            if number == signal.SIGUSR1:
                if self._why is None and not self._clock.is_usual(now):
                    # A launcher is not one yet while its child is about to become it, with signals blocked.
                    self._early_at = now + AGAIN if self._job.mpi else now
            elif number in _ENDING:
                self._end(self._from_outside(number, now), self._patience)

    def _from_outside(self, number: int, now: float) -> Explanation:
        if number == signal.SIGXCPU or self._clock.at_end(now):
            return self._out_of_time()
        name = signal.Signals(number).name
        return Explanation(
            "failed",
            "cancelled",
            f"It was ended from outside, with {name}, after {now - self._clock.began:.0f} s: its job was cancelled or "
            f"preempted, or its node was shut down.",
        )

    def _out_of_time(self) -> Explanation:
        whole = self._job.walltime is not None and time.monotonic() - self._clock.began >= self._job.walltime
        return explain(0, why="walltime", walltime=self._job.walltime if whole else None)

    # -- what is due ------------------------------------------------------------------------------------------------

    def _next(self) -> float:
        due = (self._early_at, self._warn_at, self._end_at, self._kill_at, self._give_up_at, self._look_at)
        return min((at for at in due if at is not None), default=math.inf)

    def _keep_time(self, now: float) -> None:
        if self._early_at is not None and now >= self._early_at:
            self._early_at = None if warn(self._pid, launcher=bool(self._job.mpi)) else now + AGAIN
        if self._warn_at is not None and now >= self._warn_at:
            self._early_at = None
            # A task that is still being loaded may have a checkpoint() soon.
            self._warn_at = None if warn(self._pid, launcher=bool(self._job.mpi)) else now + AGAIN
        if self._end_at is not None and now >= self._end_at:
            self._end(self._out_of_time(), GRACE)
        if self._look_at is not None and now >= self._look_at:
            self._look_at = now + _LOOK
            self._look(now)
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at, self._give_up_at = None, now + _UNKILLABLE
            kill_group(self._pid)

    def _end(self, why: Explanation, patience: float) -> None:
        """Ask all of the task's group to end; only the first reason counts."""
        if self._why is None:
            self._why = why
            self._warn_at = self._early_at = self._end_at = self._look_at = None
            if self._pid:
                self._kill_at = time.monotonic() + patience
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._pid, signal.SIGTERM)

    def _look(self, now: float) -> None:
        """Whether the first rank has written the outcome: then the others have had their time too."""
        if self._told_at is None:
            if self._spool.has_outcome(self._job.key, self._job.attempt):
                self._told_at = now
        elif now >= self._told_at + _LINGER:
            self._end(explain(0, why="cancelled"), GRACE)

    # -- how it ended -----------------------------------------------------------------------------------------------

    def _ended(self) -> bool:
        if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
            return True
        return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def _reaped(self) -> tuple[int, Usage | None]:
        pid, status, used = os.wait4(self._pid, os.WNOHANG)
        if not pid:  # given up
            return int(signal.SIGKILL), None
        return status, Usage(kibibytes(used.ru_maxrss), used.ru_utime, used.ru_stime)

    def _leave(self, status: int, usage: Usage | None, out_of_memory: bool) -> int:
        why = self._why or self._death(status, out_of_memory)
        if self._job.requeue and why.reason == "cancelled":
            sys.stderr.write(f"{why.message} No outcome is written: the scheduler says why, or starts the job again.\n")
            return _ENDED_FROM_OUTSIDE
        return self._write(why, usage)

    def _death(self, status: int, out_of_memory: bool) -> Explanation:
        if not self._job.mpi or (os.WIFSIGNALED(status) and out_of_memory):
            return explain(status, out_of_memory=out_of_memory)
        launcher = self._job.mpi[0]
        if os.WIFSIGNALED(status):
            return Explanation("failed", "signal", f"The MPI launcher {launcher!r}: {signal_text(os.WTERMSIG(status))}")
        return Explanation(
            "failed",
            "os-exit",
            f"The MPI launcher {launcher!r} ended with status {os.WEXITSTATUS(status)} before the first rank had "
            f"written an outcome. The log of the attempt says what it and the ranks printed.",
        )

    def _write(self, why: Explanation, usage: Usage | None) -> int:
        verdict, reason, message = why
        outcome = Outcome(
            queue=self._job.queue,
            key=self._job.key,
            attempt=self._job.attempt,
            verdict=verdict,
            reason=reason,
            error=Failure(reason, message),
            started=self._started,
            ended=time.time(),
            host=host(),
            pid=self._pid or os.getpid(),
            usage=usage,
            data=None,
            restarts=self._claim.restart,
        )
        try:
            self._spool.write_outcome(outcome, fsync=self._job.durable, patience=_ROOM)
        except OutcomeUnwrittenError as exc:
            sys.stderr.write(f"{exc}\n")
            return UNWRITTEN
        return 0
