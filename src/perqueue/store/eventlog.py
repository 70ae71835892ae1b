"""How events look in the log: one or more records each, small, with what is kept elsewhere left out.

Together with what never changes (graphs, stored tasks, how attempts ended) the log is enough to plan the whole history
again: see :mod:`perqueue.store.replay`, which reads what is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar, assert_never

from perqueue.core.decision import Changes
from perqueue.core.errors import BrokenInvariantError
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

_T = TypeVar("_T")

Record: TypeAlias = tuple[float, str, int, int, Mapping[str, object]]
"""When, kind, entry key (0: none in particular), attempt (0: none), details."""

TOGETHER: Final = "entries"
"""A request about several entries has one record for each; the first of them says under this name how many."""

_NAMES: Final = 20


def describe(changes: Changes, events: Iterable[Event]) -> Iterator[Record]:
    """The records of events that were heard, in order; ``changes`` are what the planner decided about them.

    A result stays with its attempt, and a submission's graph with the graph. What a group that refused a result made
    of it is left to the attempt: the record has what was reported.

    Raises:
        BrokenInvariantError: The changes don't have a graph or a stored task that an event made.
    """
    graphs = iter(sorted(changes.graphs.items()))
    submitted = {task for _, tasks in changes.graphs.values() for task in tasks}
    edits = iter(sorted(changes.tasks.keys() - submitted))
    for event in events:
        match event:
            case Submitted():
                number, (_, tasks) = _next(graphs, "graph")
                names = [task.name for task in event.tasks[:_NAMES]]
                yield event.at, "submitted", 0, 0, {"tasks": names, "graph": number, "stored": runs(tasks)}
            case Resubmitted():
                yield from _each(event.at, "resubmitted", event.keys)
            case Cancelled():
                yield from _each(event.at, "cancelled", event.keys)
            case Removed():
                yield from _each(event.at, "removed", event.keys)
            case Edited():
                task = event.task
                body = {
                    "code": task.code,
                    "func": task.func,
                    "args": task.args,
                    "resources": str(task.resources),
                    "everywhere": event.everywhere,
                    "stored": _next(edits, "stored task"),
                }
                yield from _each(event.at, "edited", event.keys, body)
            case Admitted():
                yield event.at, "admitted", event.key, 0, {}
            case Launched():
                yield event.at, "launched", event.key, event.attempt, {"job": event.job}
            case Started():
                again = {"restart": event.restart} if event.restart else {}
                yield event.at, "started", event.key, event.attempt, {"host": event.host, "pid": event.pid, **again}
            case Ended():
                outcome = event.outcome
                told = {"verdict": str(outcome.verdict), "reason": outcome.reason, "message": outcome.message}
                yield event.at, "ended", event.key, event.attempt, told
            case _:
                assert_never(event)


def runs(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers as runs [first, last] in which each is one more than the one before: a submission's are one run."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def _each(at: float, kind: str, keys: Sequence[int], body: Mapping[str, object] | None = None) -> Iterator[Record]:
    """One record for each key, or one without a key for a request about nothing."""
    details = body or {}
    first = details if len(keys) == 1 else {**details, TOGETHER: len(keys)}
    yield at, kind, keys[0] if keys else 0, 0, first
    yield from ((at, kind, key, 0, details) for key in keys[1:])


def _next(found: Iterator[_T], what: str) -> _T:
    for one in found:
        return one
    raise BrokenInvariantError(f"an event is to be logged, but the decision has no {what} of it")
