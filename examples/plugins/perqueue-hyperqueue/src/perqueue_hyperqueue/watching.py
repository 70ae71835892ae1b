"""What the spool says of attempts, and when an attempt that says nothing has ended all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Final

from perqueue.core.events import Ended, Started
from perqueue.core.records import Outcome, Verdict
from perqueue.executors.reports import lost, read_end
from perqueue.runner.process import alive, host
from perqueue.runner.spool import Spool, parse_name

from .held import Held

_ALL: Final = 1.0
"""Seconds between two looks at every attempt."""
_LAST_WORDS: Final = 10.0
"""Seconds for which an outcome may still come after its process ended, or HyperQueue said that its task did."""
_TAKEN: Final = "exit code 75"
"""What HyperQueue says of a task that found its attempt with somebody else."""


class Watching:
    """Looks at the spool for an executor.

    Args:
        spool: Where attempts report.
        absence: Seconds for which an attempt on another machine may be silent after its walltime.
    """

    def __init__(self, spool: Spool, absence: float) -> None:
        self._spool, self._absence = spool, absence
        self._next_all = 0.0

    def begun(self, held: Held) -> bool:
        """Whether somebody has claimed an attempt."""
        if held.claim is None or held.claim.pid == 0:
            held.claim = self._spool.read_claim(*held.at) or held.claim
        return held.claim is not None

    def ended(self, held: Held, error: str) -> bool:
        """HyperQueue says that an attempt's task has ended; whether that is new."""
        if held.over is not None or (_TAKEN in error and self.begun(held)):
            return False
        held.over = error, time.time()
        return True

    def look(self, held: Mapping[tuple[int, int], Held]) -> Iterator[tuple[Held, Started | Ended]]:
        """What is new of these attempts."""
        named = (parse_name(name) for name in self._spool.list_new())
        for at in [at for at in named if at in held]:
            told = read_end(self._spool, *at) if at else None
            if told is not None:
                yield held[told.key, told.attempt], told
        if time.monotonic() >= self._next_all:
            self._next_all = time.monotonic() + _ALL
            for one in list(held.values()):
                yield from self._look_at(one)

    def _look_at(self, held: Held) -> Iterator[tuple[Held, Started | Ended]]:
        before = held.begun
        if self.begun(held):
            told = read_end(self._spool, *held.at)
            if told is not None:
                yield held, told
                return
            if not before and held.claim is not None:
                yield held, Started(held.claim.at, *held.at, held.claim.host, held.claim.pid)
        end = self._silent_end(held, time.time())
        if end is not None:
            # What it left meanwhile counts.
            yield held, read_end(self._spool, *held.at) or end

    def _silent_end(self, held: Held, now: float) -> Ended | None:
        """The end of an attempt that left no outcome, if nothing can come of it any more."""
        claim = held.claim
        if claim is not None and claim.host == host() and claim.pid:
            if alive(claim):
                held.gone = None
                return None
            held.gone = held.gone or now
            if now - held.gone < _LAST_WORDS:
                return None
            return _dead(held, f"its process {claim.pid} ended without leaving an outcome")
        if held.over is not None and now - held.over[1] >= _LAST_WORDS:
            error, _ = held.over
            if claim is None:
                why = error or "HyperQueue has ended its job (`hq job cancel`?)"
                return lost(*held.at, "launch" if error else "cancelled", f"it never began: {why}")
            return _dead(held, f"HyperQueue ended its task and it left no outcome: {error or 'it was cancelled there'}")
        if claim is None:
            return None
        if held.why and now - held.stopped > self._absence:
            return _dead(held, f"nothing was heard of it on {claim.host} after it was asked to stop")
        if claim.pid == 0 and now > claim.at + self._absence:
            return _dead(held, "whoever began it has died before it could say who it is")
        if claim.walltime is not None and now > claim.at + claim.walltime + self._absence:
            message = f"nothing was heard of it on {claim.host} for {self._absence:g} s after its walltime"
            return Ended(now, *held.at, Outcome(Verdict.failed, "lost", message, started=claim.at, ended=now))
        return None


def _dead(held: Held, message: str) -> Ended:
    return lost(*held.at, held.why or "lost", message)
