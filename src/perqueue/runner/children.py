"""The processes of a fork server's tasks: when one is to end, and how it is signalled with all that it started."""

from __future__ import annotations

import math
import os
import select
import signal
import sys
import time
from collections.abc import Mapping

from perqueue.runner.checkpoint import warn
from perqueue.runner.deadline import lead
from perqueue.runner.process import session_members

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, Final

    from perqueue.runner.deaths import Why

GRACE: Final = 2.0
"""Seconds between the request to end (SIGTERM) and the end (SIGKILL)."""
AGAIN: Final = 1.0
"""Seconds between two looks at whether a task that is to be warned catches warnings by now."""


class Child:
    """A task's process and what the server must know about it. Times of the monotonic clock except ``started``."""

    __slots__ = ("cores", "ends_at", "header", "kill_at", "oom", "pid", "started", "warn_at", "why")

    def __init__(self, header: Mapping[str, Any], pid: int, cores: int, oom: int) -> None:
        self.header, self.pid, self.cores, self.oom = header, pid, cores, oom
        self.started = time.time()
        walltime = header.get("walltime")
        now = time.monotonic()
        self.ends_at: float | None = None if walltime is None else now + walltime
        self.warn_at: float | None = None if walltime is None else now + walltime - lead(walltime)
        self.kill_at: float | None = None
        self.why: Why | None = None

    def ask_to_end(self, why: Why) -> None:
        """SIGTERM to everything of the task; `next_deadline` then tells when to kill. Only the first call counts."""
        if self.why is None:
            self.why, self.ends_at, self.warn_at = why, None, None
            self.kill_at = time.monotonic() + GRACE
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to everything of the task, in whatever process group of its session."""
        self.kill_at = None
        self._signal(signal.SIGKILL)
        self.kill_session()

    def kill_session(self) -> None:
        """SIGKILL to what the task started and what then left its process group."""
        for pid in session_members(self.pid):
            _quietly(os.kill, pid, signal.SIGKILL)

    def keep_time(self, now: float) -> None:
        """Do what is due at this time."""
        if self.warn_at is not None and now >= self.warn_at:
            # A task that is still being loaded may have a checkpoint() soon.
            self.warn_at = None if warn(self.pid) else now + AGAIN
        if self.ends_at is not None and now >= self.ends_at:
            self.ask_to_end("walltime")
        if self.kill_at is not None and now >= self.kill_at:
            self.kill()

    def next_deadline(self) -> float:
        """When `keep_time` has something to do."""
        due = [at for at in (self.warn_at, self.ends_at, self.kill_at) if at is not None]
        return min(due, default=math.inf)

    def _signal(self, number: int) -> None:
        if not _quietly(os.killpg, self.pid, number):
            _quietly(os.kill, self.pid, number)  # it has no session of its own yet


def watch_exit(pid: int) -> int:
    """A descriptor that becomes readable when the process ends, whoever its parent is. Raises OSError."""
    if sys.platform == "darwin":
        queue = select.kqueue()
        queue.control([select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)], 0)
        descriptor = os.dup(queue.fileno())
    else:
        descriptor = os.pidfd_open(pid)
    return descriptor


def kill_group(pid: int) -> None:
    """SIGKILL to what a task that has ended left behind; before it is reaped, while its id is surely its own."""
    _quietly(os.killpg, pid, signal.SIGKILL)


def _quietly(send: Any, pid: int, number: int) -> bool:
    try:
        send(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
