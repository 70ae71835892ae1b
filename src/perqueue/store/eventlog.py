"""How events look in the log: one or more records each, small, with what is kept elsewhere left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, assert_never

from perqueue.core.events import (
    Admitted,
    Cancelled,
    Edited,
    Ended,
    Event,
    Launched,
    Removed,
    Resubmitted,
    Started,
    Submitted,
)

Record: TypeAlias = tuple[float, str, int, int, Mapping[str, object]]
"""When, kind, entry key (0: none in particular), attempt (0: none), details."""


def describe(event: Event) -> Iterator[Record]:
    """The records of an event. An end's data stay with its attempt, a submission's graph with the graph."""
    match event:
        case Submitted():
            yield event.at, "submitted", 0, 0, {"tasks": [task.name for task in event.tasks][:20]}
        case Resubmitted():
            yield from ((event.at, "resubmitted", key, 0, {}) for key in event.keys)
        case Cancelled():
            yield from ((event.at, "cancelled", key, 0, {}) for key in event.keys)
        case Removed():
            yield from ((event.at, "removed", key, 0, {}) for key in event.keys)
        case Edited():
            task = event.task
            body = {
                "code": task.code,
                "func": task.func,
                "args": task.args,
                "resources": str(task.resources),
                "everywhere": event.everywhere,
            }
            yield from ((event.at, "edited", key, 0, body) for key in event.keys)
        case Admitted():
            yield event.at, "admitted", event.key, 0, {}
        case Launched():
            yield event.at, "launched", event.key, event.attempt, {"job": event.job}
        case Started():
            yield event.at, "started", event.key, event.attempt, {"host": event.host, "pid": event.pid}
        case Ended():
            outcome = event.outcome
            yield (
                event.at,
                "ended",
                event.key,
                event.attempt,
                {"verdict": str(outcome.verdict), "reason": outcome.reason, "message": outcome.message},
            )
        case _:
            assert_never(event)
