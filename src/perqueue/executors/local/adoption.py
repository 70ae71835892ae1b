"""Attempts that an earlier supervisor left running: watched by process id, start time and boot id.

Their fork server, if it lives, keeps their walltime and records their death. If not, both is done here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Final

from attrs import define

from perqueue.core.events import Ended
from perqueue.core.records import Outcome, Verdict
from perqueue.runner.process import alive, boot_id, session_of
from perqueue.runner.spool import Claim, Spool

from ..protocol import Assignment
from ..reports import lost, read_end

_GRACE: Final = 2.0
"""Seconds between the request to end and the end."""
_LAST_WORDS: Final = 3.0
"""Seconds that a dead task's fork server has to record the death."""
_UNFILLED: Final = 1.0
"""Seconds for which an empty claim is left in peace."""
LOOK: Final = 0.2
"""Seconds between two looks at adopted processes."""


@define
class Adopted:
    """An attempt whose process is, or was, somebody else's child. Times of the wall clock, in Unix seconds."""

    claim: Claim
    cores: int
    assignment: Assignment | None
    why: str = ""
    kill_at: float | None = None
    dead_since: float | None = None

    def stop(self, why: str) -> None:
        """Ask it to end; :meth:`look` kills it if it doesn't."""
        if not self.why:
            self.why, self.kill_at = why, time.time() + _GRACE
            self._signal(signal.SIGTERM)

    def look(self, spool: Spool) -> Ended | None:
        """Its end, if it has come."""
        now = time.time()
        if alive(self.claim):
            self._keep_time(now)
            return None
        key, attempt = self.claim.key, self.claim.attempt
        if self.claim.pid == 0:
            # Perhaps it was only being filled.
            self.claim = spool.read_claim(key, attempt) or self.claim
        told = read_end(spool, key, attempt)
        if told is not None:
            return told
        if self.claim.pid == 0:
            return None
        self.dead_since = self.dead_since or now
        if _server_alive(self.claim) and now - self.dead_since < _LAST_WORDS:
            return None
        return self._death(key, attempt)

    def _keep_time(self, now: float) -> None:
        walltime = self.claim.walltime
        if walltime is not None and now > self.claim.at + walltime and not _server_alive(self.claim):
            self.stop("walltime")
        if self.kill_at is not None and now >= self.kill_at:
            self._signal(signal.SIGKILL)

    def _death(self, key: int, attempt: int) -> Ended:
        now = time.time()
        if self.why == "walltime":
            message = f"stopped at its walltime of {self.claim.walltime:g} s"
            outcome = Outcome(Verdict.timeout, "walltime", message, started=self.claim.at, ended=now)
            return Ended(now, key, attempt, outcome)
        if self.why:
            return lost(key, attempt, "cancelled" if self.why == "cancelled" else self.why, "stopped on request")
        if self.claim.boot and self.claim.boot != boot_id():
            return lost(key, attempt, "lost", "the machine was restarted while it ran")
        return lost(
            key,
            attempt,
            "lost",
            f"its process {self.claim.pid} ended without leaving an outcome, while no supervisor watched: "
            "it was killed (kill -9, or the out-of-memory killer)",
        )

    def _signal(self, number: int) -> None:
        # The task leads its own process group; looked at again right before, for process ids come round.
        if alive(self.claim):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.claim.pid, number)


def stillborn(claim: Claim, root: str, ours: Collection[int]) -> bool:
    """Whether nothing has run, nor ever will, under a claim: it names no process, and nobody is left who could fill it.

    A fork server creates the claim, has a process forked, and that fills it before it takes a session of its own and
    anything of the task runs. So whoever could still fill it has the command line and the session of a fork server,
    and of another one than ``ours`` (their process ids), which know what they are doing.
    """
    if claim.pid > 0 or time.time() - claim.at < _UNFILLED:
        return False
    if not os.path.isdir("/proc"):
        return True  # macOS: nobody can be asked; the age of the claim must do
    found = (int(name) for name in os.listdir("/proc") if name.isdecimal())
    return not any(_is_server(pid, root) and session_of(pid) not in (pid, *ours) for pid in found)


def _is_server(pid: int, root: str = "") -> bool:
    """Whether a process has the command line of a fork server (of the queue in ``root``, if given)."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
    except OSError:
        return False
    return b"perqueue.runner.forkserver" in command and os.fsencode(root) in command


def _server_alive(claim: Claim) -> bool:
    """Whether the fork server that the claim names still runs."""
    return claim.server is not None and _is_server(claim.server)
