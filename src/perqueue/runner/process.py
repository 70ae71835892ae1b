"""Which process is meant: host, boot and start time tell a live task from a recycled pid."""

from __future__ import annotations

import os
import time
from functools import cache

from perqueue.runner.records import Claim, Usage

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final

_SAME: Final = 300
"""Clock ticks (of 10 ms) by which a claim's start time may miss the kernel's: a fork server notes it before it forks.

That another process got the same number within that time, on the same boot, would take all numbers to be used up.
"""


@cache
def host() -> str:
    """This machine's name, as claims and outcomes carry it."""
    return os.uname().nodename


@cache
def boot_id() -> str:
    """The kernel's id of this boot; '' where the system has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


def _stat(pid: int) -> list[bytes] | None:
    """The fields of /proc/PID/stat from the third (the state) on; None where there is no such process."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        raw = os.read(file, 4096)
    except OSError:  # it ended between the two calls
        return None
    finally:
        os.close(file)
    # The second field is the program's name, with any blanks and parentheses in it: start behind it.
    return raw[raw.rfind(b")") + 2 :].split()


def process_start(pid: int) -> int:
    """The start of the process in clock ticks since boot; 0 where it has ended or there is no /proc."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def session_of(pid: int) -> int:
    """The session of a process; 0 where it has ended or there is no /proc."""
    fields = _stat(pid)
    return int(fields[3]) if fields else 0


def session_members(session: int) -> list[int]:
    """The live processes of a session, whatever process group they moved to; empty where there is no /proc.

    It reads all of /proc, some ten milliseconds: for kills, not for every end of a task.
    """
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return []
    found = []
    for pid in pids:
        fields = _stat(pid)
        if fields and int(fields[3]) == session and fields[0] not in (b"Z", b"X"):
            found.append(pid)
    return found


def alive(claim: Claim) -> bool:
    """Whether the very process that made the claim runs now on this host.

    False also where this can't be seen from here: the claim is of another host, or has no readable owner.
    """
    if claim.pid <= 0 or claim.host != host() or claim.boot != boot_id():
        return False
    if claim.start:
        fields = _stat(claim.pid)
        return fields is not None and fields[0] not in (b"Z", b"X") and abs(int(fields[19]) - claim.start) <= _SAME
    try:
        os.kill(claim.pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def claim_for(
    queue: str, key: int, attempt: int, *, pid: int, walltime: float | None, server: int | None, job: str = ""
) -> Claim:
    """The claim of the process ``pid`` of this host on an attempt, made now. ``walltime`` in seconds."""
    start = process_start(pid)
    return Claim(queue, key, attempt, pid, start, boot_id(), host(), time.time(), walltime, server, job)


def age(pid: int) -> float:
    """Seconds since the process started; 0.0 where the system does not tell."""
    start, clock = process_start(pid), getattr(time, "CLOCK_BOOTTIME", None)
    if not start or clock is None:
        return 0.0
    return max(0.0, time.clock_gettime(clock) - start / os.sysconf("SC_CLK_TCK"))


def usage_so_far() -> Usage | None:
    """What this process and the children it waited for have used; None where the system does not count."""
    try:
        import resource
    except ImportError:
        return None
    me, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        kibibytes(max(me.ru_maxrss, children.ru_maxrss)),
        round(me.ru_utime + children.ru_utime, 6),
        round(me.ru_stime + children.ru_stime, 6),
    )


def kibibytes(maxrss: int) -> int:
    """The kernel's ``ru_maxrss`` in KiB: macOS counts it in bytes, everybody else in KiB."""
    return maxrss // 1024 if os.uname().sysname == "Darwin" else maxrss
