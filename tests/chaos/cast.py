"""Who is who among the processes of a queue, and their end by kill -9."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from attrs import Factory, frozen
from tests.queues import processes_of, wait_until


@frozen
class Cast:
    """The live processes of a queue by their part; process ids."""

    supervisors: list[int] = Factory(list)
    servers: list[int] = Factory(list)
    zygotes: list[int] = Factory(list)
    tasks: list[int] = Factory(list)

    @property
    def drivers(self) -> list[int]:
        """All but the tasks."""
        return self.supervisors + self.servers + self.zygotes

    @property
    def everybody(self) -> list[int]:
        """All of them, tasks last."""
        return self.drivers + self.tasks


def cast(folder: Path) -> Cast:
    """Who lives now."""
    found = Cast()
    for pid in processes_of(folder):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            _place(found, pid)
    return found


def kill(pids: Iterable[int]) -> None:
    """SIGKILL, and wait until they are gone, with all that they held open."""
    victims = list(pids)
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in victims:
        wait_gone(pid)


def wait_gone(pid: int) -> None:
    """Wait until a process has ended, whether or not somebody has waited for it."""
    wait_until(lambda: gone(pid), f"the end of process {pid}")


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return _fields(pid)[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _place(found: Cast, pid: int) -> None:
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    if b"perqueue.supervisor" in command:
        found.supervisors.append(pid)
    elif b"perqueue.runner.forkserver" in command:
        _, parent, _, session, *_ = _fields(pid)
        if int(session) == pid:
            # Server and tasks lead sessions of their own; the server writes to the supervisor's log, as does a task of
            # the zygote's for a moment.
            output = os.readlink(f"/proc/{pid}/fd/1")
            forked = b"perqueue.runner.forkserver" in Path(f"/proc/{parent}/cmdline").read_bytes()
            (found.servers if output.endswith("/supervisor.log") and not forked else found.tasks).append(pid)
        elif parent == session:
            found.zygotes.append(pid)
        else:  # just forked, or a zygote about to follow its server
            found.tasks.append(pid)


def _fields(pid: int) -> list[str]:
    """/proc/PID/stat from the third field on: state, parent, group, session."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text[text.rindex(")") + 2 :].split()
