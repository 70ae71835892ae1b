"""The attempts of an entry: what each of them asked for, where it ran, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perqueue.core.records import Attempt

from ..printing import counted, duration, moment


def attempt_words(attempt: Attempt) -> Iterator[str]:
    """What is to be told of an attempt, in parts of a line."""
    outcome = attempt.outcome
    if outcome is None:
        yield "running" if attempt.started else "not started"
    else:
        differs = outcome.reason not in ("returned", str(outcome.verdict))
        yield f"{outcome.verdict}{f' ({outcome.reason})' if differs else ''}"
    yield f"queued {moment(attempt.queued)}"
    started = attempt.started or (outcome.started if outcome else None)
    ended = attempt.ended or (outcome.ended if outcome else None)
    if started is not None:
        yield f"started {moment(started)}"
        if ended is not None:
            yield f"took {duration(ended - started)}"
    where = attempt.host or (outcome.host if outcome else "")
    pid = attempt.pid or (outcome.pid if outcome else None)
    if where:
        yield f"on {where}" + (f", process {pid}" if pid else "")
    if attempt.job:
        yield f"job {attempt.job}"
    if attempt.restarts:
        yield f"started again {counted(attempt.restarts, 'time')} by the scheduler"
    if attempt.resources is not None:
        yield f"asked for {attempt.resources.described}"
    if outcome is not None and outcome.cpu_s is not None:
        yield f"CPU time {duration(outcome.cpu_s)}"
    if outcome is not None and outcome.maxrss_kb is not None:
        yield f"peak memory {outcome.maxrss_kb / 1024:.0f} MiB"


def attempt_data(attempt: Attempt) -> dict[str, Any]:
    """The same for programs."""
    outcome = attempt.outcome
    told: dict[str, Any] = {
        "number": attempt.number,
        "executor": attempt.executor,
        "queued": attempt.queued,
        "started": attempt.started,
        "ended": attempt.ended,
        "host": attempt.host,
        "pid": attempt.pid,
        "job": attempt.job,
        "restarts": attempt.restarts,
        "resources": None if attempt.resources is None else attempt.resources.described,
        "verdict": None,
    }
    if outcome is not None:
        told |= {
            "verdict": str(outcome.verdict),
            "reason": outcome.reason,
            "message": outcome.message,
            "started": attempt.started or outcome.started,
            "ended": attempt.ended or outcome.ended,
            "host": attempt.host or outcome.host,
            "pid": attempt.pid or outcome.pid,
            "maxrss_kb": outcome.maxrss_kb,
            "cpu_s": outcome.cpu_s,
        }
    return told
