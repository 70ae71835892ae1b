"""The history of a queue, planned again: law, replaying the event log gives the stored state.

The log has what was heard, in order; :mod:`perqueue.store.eventlog` writes it and leaves out what never changes and is
kept elsewhere. Here both are put together again: graphs from their nodes and scopes, stored tasks by their numbers, and
the ends of attempts from their outcomes, which are never forgotten. Of an outcome, verdict, reason and message are read
from the log, because a group that refuses a result changes them afterwards.

Every state of the past can be had in this way, by stopping early. The planner has to be the one that made the log, or
one that decides the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from attrs import evolve

from perqueue.core.errors import StorageError, UsageError
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
from perqueue.core.graph import Graph
from perqueue.core.planner import plan
from perqueue.core.records import StoredTask, Verdict
from perqueue.core.task import Task

from .eventlog import TOGETHER
from .memory import State
from .protocol import LoggedEvent, Snapshot
from .whole import graph_parts, whole_log


class IncompleteLogError(StorageError):
    """The log doesn't have what a replay needs; earlier perqueues left it out."""

    def __init__(self, seq: int, kind: str, why: str) -> None:
        super().__init__(
            f"the history can't be replayed: event {seq} ({kind}) {why}, as an earlier perqueue, or a store that "
            "doesn't keep its records, writes it; the queue itself and `pq history` work all the same"
        )


class DivergedReplayError(StorageError):
    """Planned again, an event of the log does not do what it did."""

    def __init__(self, event: Event, number: int, why: str) -> None:
        super().__init__(
            f"the history can't be replayed: its event number {number} ({type(event).__name__}) {why} when it is "
            "planned again; replay it with the perqueue that ran the queue"
        )


def replayed(shown: Snapshot) -> State:
    """The state that the log leads to, planned event by event from an empty queue.

    It has everything that the planner decides, and the log. It has no lease, no contexts and no pending stops:
    these are no events.

    Raises:
        IncompleteLogError: The log was written by an earlier perqueue.
        DivergedReplayError: An event is refused, or changes nothing, where it did when it was heard.
    """
    state = State()
    for number, event in enumerate(events(shown), 1):
        try:
            decision = plan(state, [event])
        except UsageError as error:
            raise DivergedReplayError(event, number, f"is refused ({error})") from error
        if not decision.heard:
            raise DivergedReplayError(event, number, "changes nothing")
        state.apply(decision, decision.heard)
    state.pending.clear()
    return state


def events(shown: Snapshot) -> Iterator[Event]:
    """The events that the queue heard, in order, as they were told to the planner.

    The tasks of a submitted graph have their arguments in their encoded form.

    Raises:
        IncompleteLogError: The log was written by an earlier perqueue.
    """
    records = whole_log(shown)
    for record in records:
        try:
            event = _event(shown, record, records)
        except KeyError as error:
            raise IncompleteLogError(record.seq, record.kind, f"does not say {error.args[0]!r}") from error
        yield event


def _event(shown: Snapshot, record: LoggedEvent, others: Iterator[LoggedEvent]) -> Event:
    """The event of a record, and of as many of the others as belong to it."""
    at, key, attempt = record.at, record.key, record.attempt
    body: Mapping[str, Any] = record.body
    match record.kind:
        case "submitted":
            tasks = [shown.task(number) for first, last in body["stored"] for number in range(first, last + 1)]
            return Submitted(at, _graph(shown, body["graph"], tasks), tuple(tasks))
        case "resubmitted":
            return Resubmitted(at, _keys(record, others))
        case "cancelled":
            return Cancelled(at, _keys(record, others))
        case "removed":
            return Removed(at, _keys(record, others))
        case "edited":
            return Edited(at, _keys(record, others), shown.task(body["stored"]), body["everywhere"])
        case "admitted":
            return Admitted(at, key)
        case "launched":
            return Launched(at, key, attempt, body["job"])
        case "started":
            return Started(at, key, attempt, body["host"], body["pid"], body.get("restart", 0))
        case "ended":
            return _ended(shown, record, body)
        case _:
            raise IncompleteLogError(record.seq, record.kind, "is of a kind that is not known")


def _keys(record: LoggedEvent, others: Iterable[LoggedEvent]) -> tuple[int, ...]:
    """The keys of a request, which has a record for each."""
    count: Any = record.body.get(TOGETHER, 1)
    if count == 0:
        return ()
    rest = list(islice(others, count - 1))
    if len(rest) < count - 1 or any(other.kind != record.kind for other in rest):
        raise IncompleteLogError(record.seq, record.kind, f"is the first of {count}, and some of these are missing")
    return (record.key, *(other.key for other in rest))


def _ended(shown: Snapshot, record: LoggedEvent, body: Mapping[str, Any]) -> Ended:
    attempt = shown.attempt(record.key, record.attempt)
    if attempt is None or attempt.outcome is None:
        raise IncompleteLogError(record.seq, record.kind, f"is of attempt {record.attempt}, which is gone")
    verdict, reason, message = Verdict(body["verdict"]), body["reason"], body["message"]
    outcome = evolve(attempt.outcome, verdict=verdict, reason=reason, message=message)
    return Ended(record.at, record.key, record.attempt, outcome)


def _graph(shown: Snapshot, number: int, tasks: Iterable[StoredTask]) -> Graph:
    """A graph, put together from what it consists of."""
    return Graph(tuple(map(_task, tasks)), *graph_parts(shown, number))


def _task(stored: StoredTask) -> Task:
    args = json.loads(stored.args)
    return Task(
        stored.code, args, stored.resources, stored.func, stored.name, stored.folder, stored.module, retry=stored.retry
    )
