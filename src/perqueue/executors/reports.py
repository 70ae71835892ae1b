"""What lies in the spool, as events for the planner."""

from __future__ import annotations

import time

from perqueue.core.events import Ended
from perqueue.core.records import Outcome, Verdict
from perqueue.runner import records
from perqueue.runner.spool import Spool


def read_end(spool: Spool, key: int, attempt: int) -> Ended | None:
    """The end of an attempt as its outcome file tells it, or None where there is no readable one.

    A torn or foreign file is set aside, and counts as none.
    """
    found = spool.read_outcome(key, attempt)
    if found is None:
        return None
    if isinstance(found, records.Torn):
        spool.set_aside(found.name)
        return None
    return ended(found)


def scan(spool: Spool) -> list[Ended]:
    """The ends that nobody has committed yet; what is no outcome of this queue is set aside."""
    found: list[Ended] = []
    for name in spool.list_new():
        try:
            outcome = spool.read_new(name)
        except FileNotFoundError:  # another tick committed it
            continue
        if isinstance(outcome, records.Torn):
            spool.set_aside(name)
        else:
            found.append(ended(outcome))
    return found


def ended(outcome: records.Outcome) -> Ended:
    """An outcome file's content as an event."""
    error, usage = outcome.error, outcome.usage
    told = Outcome(
        Verdict(outcome.verdict),
        outcome.reason,
        message="" if error is None else _headline(error),
        traceback="" if error is None else error.traceback,
        data=outcome.data,
        started=outcome.started,
        ended=outcome.ended,
        host=outcome.host,
        pid=outcome.pid,
        maxrss_kb=None if usage is None else usage.maxrss_kb,
        cpu_s=None if usage is None else usage.user_s + usage.system_s,
    )
    return Ended(outcome.ended, outcome.key, outcome.attempt, told)


def lost(key: int, attempt: int, reason: str, message: str) -> Ended:
    """The end of an attempt that left no outcome, noticed now."""
    now = time.time()
    return Ended(now, key, attempt, Outcome(Verdict.failed, reason, message, ended=now))


def _headline(error: records.Failure) -> str:
    return f"{error.type}: {error.message}" if error.traceback else error.message
