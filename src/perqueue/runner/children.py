"""The processes of a fork server's tasks: how one begins, how one is signalled with all that it started."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from perqueue.runner.deaths import BROKEN, Why
from perqueue.runner.errors import JobError
from perqueue.runner.job import Job
from perqueue.runner.process import session_members
from perqueue.runner.task import run_job

if TYPE_CHECKING:
    from resource import struct_rusage
    from types import FrameType

GRACE: Final = 2.0
"""Seconds between the request to end (SIGTERM) and the end (SIGKILL)."""
_SMALL: Final = 16_384
_HELD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Child:
    """A task's process and what the server must know about it. Times of the monotonic clock except ``started``."""

    __slots__ = ("cores", "ends_at", "header", "kill_at", "oom", "pid", "started", "why")

    def __init__(self, header: Mapping[str, Any], pid: int, cores: int, oom: int) -> None:
        self.header, self.pid, self.cores, self.oom = header, pid, cores, oom
        self.started = time.time()
        walltime = header.get("walltime")
        self.ends_at: float | None = None if walltime is None else time.monotonic() + walltime
        self.kill_at: float | None = None
        self.why: Why | None = None

    def ask_to_end(self, why: Why) -> None:
        """SIGTERM to everything of the task; `next_deadline` then tells when to kill. Only the first call counts."""
        if self.why is None:
            self.why, self.ends_at = why, None
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
        if self.ends_at is not None and now >= self.ends_at:
            self.ask_to_end("walltime")
        if self.kill_at is not None and now >= self.kill_at:
            self.kill()

    def next_deadline(self) -> float:
        """When `keep_time` has something to do."""
        due = self.ends_at if self.kill_at is None else self.kill_at
        return float("inf") if due is None else due

    def _signal(self, number: int) -> None:
        if not _quietly(os.killpg, self.pid, number):
            _quietly(os.kill, self.pid, number)  # it has no session of its own yet


def reap(children: Mapping[int, Child]) -> tuple[int, int, struct_rusage] | None:
    """One child that has ended, as (pid, wait status, use of the machine), and SIGKILL to what it left behind.

    None where none has ended. The group is killed before the child is reaped, while its id is surely its own.
    """
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if pid == 0:
            return None
        _quietly(os.killpg, pid, signal.SIGKILL)
        return pid, status, used
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if ended is None:
        return None
    _quietly(os.killpg, ended.si_pid, signal.SIGKILL)
    child = children.get(ended.si_pid)
    if child is not None and child.why is not None:
        child.kill_session()
    return os.wait4(ended.si_pid, 0)


def _quietly(send: Any, pid: int, number: int) -> bool:
    try:
        send(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def fork_task(header: Mapping[str, Any], body: bytes, descriptors: Iterable[int]) -> int:
    """Fork a process that runs the job; its pid. ``descriptors`` are the server's own, closed in the task.

    Raises OSError where the system refuses another process.
    """
    job = _parsed_early(header, body)
    # Held back until the new process has its own handlers: a signal in between would be lost to the server's.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        pid = os.fork()
        if pid == 0:
            _become_task(job, header, body, descriptors)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


def _parsed_early(header: Mapping[str, Any], body: bytes) -> Job | None:
    """The job, where parsing it costs less than what a new process pays for touching the parser's memory."""
    if len(body) > _SMALL:
        return None
    try:
        return Job.from_parts(header, body)
    except JobError:  # told by the task's own process, in the task's own way
        return None


def _become_task(job: Job | None, header: Mapping[str, Any], body: bytes, descriptors: Iterable[int]) -> NoReturn:
    status = BROKEN
    try:
        server = os.getppid()
        os.setsid()
        signal.set_wakeup_fd(-1)
        for descriptor in descriptors:
            os.close(descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        gc.enable()
        status = run_job(job or Job.from_parts(header, body), server=server)
    except BaseException as exc:
        from perqueue.runner.failures import describe

        os.write(2, describe(exc)[1].encode("utf-8", "backslashreplace"))
    finally:
        os._exit(status)


def ignore(number: int, frame: FrameType | None) -> None:
    """A handler that does nothing but let the signal wake the server up."""
