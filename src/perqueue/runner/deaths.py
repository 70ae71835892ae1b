"""Why a process ended that left no outcome, as far as its exit status and the kernel's counters tell."""

from __future__ import annotations

import os
import signal
import time

from perqueue.runner.named import NamedTuple
from perqueue.runner.task import BROKEN, UNWRITTEN

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final, Literal

    from perqueue.runner.records import Reason, Verdict

    Why = Literal["walltime", "cancelled", "removed"]

_FRESH: Final = 0.5


class Explanation(NamedTuple):
    """A verdict on a death and a message for people."""

    verdict: Verdict
    reason: Reason
    message: str


def explain(
    status: int,
    *,
    why: Why | None = None,
    claimed: bool = True,
    out_of_memory: bool = False,
    walltime: float | None = None,
) -> Explanation:
    """What the wait status of a process without an outcome means.

    ``why``: we ended it ourselves, and for this; ``claimed``: it had claimed its attempt; ``out_of_memory``: the
    kernel's out-of-memory killer has been at work since it started; ``walltime``: its limit in seconds.
    """
    if why == "walltime":
        limit = "its walltime" if walltime is None else f"its walltime of {walltime:g} s"
        return Explanation("timeout", "walltime", f"It ran longer than {limit} and was ended. Give it more time.")
    if why is not None:
        return Explanation("failed", "cancelled", f"It was {why} while it ran, and ended.")
    if not claimed:
        return Explanation(
            "failed",
            "launch",
            f"Its process ended ({_how(status)}) before it could start the task. The log of the attempt or of "
            f"the supervisor says why: a full disk, a folder without write access, a signal from outside.",
        )
    if os.WIFEXITED(status):
        return Explanation("failed", "os-exit", _exited(os.WEXITSTATUS(status)))
    number = os.WTERMSIG(status)
    if number != signal.SIGKILL:
        return Explanation("failed", "signal", signal_text(number))
    if out_of_memory:
        return Explanation(
            "failed", "oom", "SIGKILL: killed by the kernel, which had run out of memory. Ask for more or use less."
        )
    return Explanation(
        "failed",
        "signal",
        "SIGKILL: killed from outside (an operator, a scheduler, or the out-of-memory killer)",
    )


def signal_text(number: int) -> str:
    """The name of a signal and what it means, such as 'SIGSEGV: segmentation fault'."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    meaning = (signal.strsignal(number) or "unknown").lower()
    outside = " (sent from outside)" if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) else ""
    return f"{name}: {meaning}{outside}"


def _exited(status: int) -> str:
    if status == UNWRITTEN:
        return f"Its process ended with status {status}: its outcome could not be written (see its log)."
    if status == BROKEN:
        return f"Its process ended with status {status}: perqueue itself failed in it (see its log)."
    return (
        f"Its process ended with status {status} before the function returned: by os._exit(), or by a library "
        f"that ends the process."
    )


def _how(status: int) -> str:
    if os.WIFEXITED(status):
        return f"status {os.WEXITSTATUS(status)}"
    return signal_text(os.WTERMSIG(status))


class OomCounter:
    """Counts the processes that the kernel killed for want of memory in our control group, or else at all.

    ``files`` are tried in turn; each holds lines of a name and a number.
    """

    def __init__(self, files: list[str] | None = None) -> None:
        self._files = _counter_files() if files is None else files
        self._last, self._read_at = 0, float("-inf")

    def now(self) -> int:
        """The count at this moment; 0 where the kernel does not tell."""
        for path in self._files:
            try:
                with open(path, "rb") as file:
                    for line in file:
                        name, _, number = line.partition(b" ")
                        if name == b"oom_kill":
                            self._last, self._read_at = int(number), time.monotonic()
                            return self._last
            except (OSError, ValueError):
                continue
        return 0

    def recent(self) -> int:
        """The count of at most half a second ago: reading it for each of many short tasks would cost too much."""
        return self._last if time.monotonic() - self._read_at < _FRESH else self.now()


def _counter_files() -> list[str]:
    """Our own control group's counter (of either version), then that of the whole machine."""
    files = []
    try:
        with open("/proc/self/cgroup") as file:
            for line in file:
                number, controllers, path = line.rstrip("\n").split(":", 2)
                if number == "0":
                    files += [f"{top}{path}/memory.events" for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")]
                elif "memory" in controllers.split(","):
                    files.append(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
    except (OSError, ValueError):
        pass
    return [*(path for path in files if os.path.exists(path)), "/proc/vmstat"]
