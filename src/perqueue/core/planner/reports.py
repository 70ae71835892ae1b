"""What executors say of attempts.

A report counts only if it names the entry's present attempt and that attempt is still with its executor. Anything
else (late, doubled, out of order, contradictory, of an entry that was removed) changes nothing: the first report
of an end is the one that stands.
"""

from __future__ import annotations

from typing import assert_never

from attrs import evolve

from ..decision import Launch
from ..errors import BrokenInvariantError
from ..events import Admitted, Ended, Launched, Started
from ..records import Attempt, Entry, Outcome, Standing, Verdict
from ..resources import Resources
from ..retry import NOT_AGAIN
from ..standing import entry_standing
from ..states import EntryState, Trigger, move
from .again import follows, grown, hopeless
from .draft import Draft
from .flow import Flow


def admitted(draft: Draft, event: Admitted) -> None:
    """Record an attempt, to be launched once that is stored."""
    entry = draft.entry(event.key)
    if entry is None or entry.state is not EntryState.goahead:
        return
    number = entry.attempt + 1
    draft.put(evolve(entry, state=move(entry.state, Trigger.ADMIT), attempt=number, reason=""))
    draft.add_attempt(Attempt(entry.key, number, entry.executor, event.at, resources=_asked(draft, entry)))
    draft.act(Launch(entry.key, number))
    draft.hear(event)


def launched(draft: Draft, event: Launched) -> None:
    """Remember the scheduler's id of the attempt."""
    entry = _active(draft, event)
    attempt = draft.attempt(event.key, event.attempt)
    if entry is None or attempt is None or attempt.job == event.job:
        return
    draft.put_attempt(evolve(attempt, job=event.job))
    draft.hear(event)


def started(draft: Draft, event: Started) -> None:
    """The attempt runs."""
    entry = _active(draft, event)
    attempt = draft.attempt(event.key, event.attempt)
    if entry is None or attempt is None:
        return
    if entry.state is EntryState.queueing:
        draft.put(evolve(entry, state=move(entry.state, Trigger.START)))
    elif event.restart <= attempt.restarts:
        return
    draft.put_attempt(
        evolve(attempt, started=event.at, host=event.host, pid=event.pid, restarts=max(event.restart, attempt.restarts))
    )
    draft.hear(event)


def ended(draft: Draft, event: Ended) -> None:
    """The attempt is over: settle the entry and tell what depends on it."""
    entry = _active(draft, event)
    attempt = draft.attempt(event.key, event.attempt)
    if entry is None or attempt is None:
        return
    again, outcome = _again(draft, entry, attempt, event.outcome)
    draft.put_attempt(
        evolve(
            attempt,
            outcome=outcome,
            started=attempt.started if outcome.started is None else outcome.started,
            ended=event.at if outcome.ended is None else outcome.ended,
            host=outcome.host or attempt.host,
            pid=outcome.pid or attempt.pid,
        )
    )
    draft.hear(event)
    if again is not None:
        draft.put(
            evolve(
                entry,
                state=move(entry.state, Trigger.RETRY),
                reason=outcome.reason,
                retries=entry.retries + again,
                continued=entry.continued + (not again),
            )
        )
        return
    trigger = _trigger(outcome.verdict)
    reason = "" if trigger is Trigger.SUCCEED else outcome.reason
    entry = evolve(entry, state=move(entry.state, trigger), result=attempt.number, reason=reason)
    draft.put(entry)
    Flow(draft, event.at, entry.key).changed(entry.key, Standing.pending, entry_standing(draft, entry))


def _again(draft: Draft, entry: Entry, attempt: Attempt, outcome: Outcome) -> tuple[bool | None, Outcome]:
    """Whether another attempt follows, as :func:`follows` says it, and the end with what is to be said about that."""
    if entry.reason == "cancelled":
        return None, outcome
    task = draft.task(entry.task)
    again = follows(task.retry, outcome, entry.retries, entry.continued)
    if not again or task.retry is None:
        return again, outcome
    why = hopeless(attempt.resources or task.resources, task.retry, outcome)
    if not why:
        return again, outcome
    return None, evolve(outcome, message="; ".join(filter(None, (outcome.message, f"{NOT_AGAIN}{why}"))))


def _asked(draft: Draft, entry: Entry) -> Resources | None:
    """What the next attempt asks for, if not what its task does: it follows others by itself, and may need more."""
    if not entry.retries and not entry.continued:
        return None
    last = draft.attempt(entry.key, entry.attempt)
    if last is None or last.outcome is None:
        raise BrokenInvariantError(f"attempt {entry.attempt} of entry {entry.key} is missing or has no end")
    task = draft.task(entry.task)
    had = last.resources or task.resources
    asks = grown(had, task.retry, last.outcome)
    return None if asks == task.resources else asks


def _active(draft: Draft, event: Launched | Started | Ended) -> Entry | None:
    entry = draft.entry(event.key)
    if entry is None or entry.attempt != event.attempt or not entry.state.active:
        return None
    return entry


def _trigger(verdict: Verdict) -> Trigger:
    match verdict:
        case Verdict.succeeded:
            return Trigger.SUCCEED
        case Verdict.discarded:
            return Trigger.DISCARD
        case Verdict.failed:
            return Trigger.FAIL
        case Verdict.timeout:
            return Trigger.TIME_OUT
        case _:
            assert_never(verdict)
