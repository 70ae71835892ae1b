"""``pq history``: the event log, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict, frozen

from perqueue.core.errors import UnknownEntryError
from perqueue.core.records import Verdict
from perqueue.core.retry import NOT_AGAIN
from perqueue.engine.folder import need_folder
from perqueue.store.protocol import LoggedEvent, Snapshot

from ..printing import clipped, moment, on_terminal, one_line, put, put_json

_PAGE = 1000


def show_history(key: int | None, *, as_json: bool) -> None:
    """Print the events of the queue, or those about one entry.

    Raises:
        UnknownEntryError: Nothing is known of such an entry, not even that it was removed.
    """
    store = need_folder().open_store()
    events: list[LoggedEvent] = []
    afterwards: dict[int, Refusal | str] = {}
    try:
        with store.snapshot() as state:
            while page := state.log(key, after=events[-1].seq if events else 0, limit=_PAGE):
                events += page
                afterwards |= {event.seq: found for event in page if (found := _afterwards(state, event))}
                if not as_json:
                    for event in page:
                        put(_line(event, afterwards.get(event.seq, "")))
            if key is not None and not events and state.entry(key) is None:
                raise UnknownEntryError(key)
    finally:
        store.close()
    if as_json:
        put_json({"events": [_as_data(event, afterwards.get(event.seq, "")) for event in events]})


@frozen
class Refusal:
    """What a group made of a result that it could not go on with: one word, and what it needs."""

    reason: str
    message: str


def _afterwards(state: Snapshot, event: LoggedEvent) -> Refusal | str:
    """What the planner made of an end that the log tells as it was reported: the refusal of what was returned, or why
    no retry followed; empty if nothing.
    """
    if event.kind != "ended":
        return ""
    try:
        attempt = state.attempt(event.key, event.attempt)
    except Exception:  # whatever a damaged attempt makes the reader raise: the log itself can still be told
        return ""
    outcome = None if attempt is None else attempt.outcome
    if outcome is None or outcome.verdict in (Verdict.succeeded, Verdict.discarded):
        return ""
    added = outcome.message.removeprefix(str(event.body.get("message") or "")).lstrip()
    if event.body.get("verdict") == Verdict.succeeded:
        return Refusal(outcome.reason, added)
    return added.removeprefix("; ").removeprefix(NOT_AGAIN) if NOT_AGAIN in added else ""


def _as_data(event: LoggedEvent, afterwards: Refusal | str) -> dict[str, Any]:
    match afterwards:
        case Refusal():
            return {**asdict(event), "refused": asdict(afterwards)}
        case "":
            return asdict(event)
        case _:
            return {**asdict(event), "not_tried_again": afterwards}


def _line(event: LoggedEvent, afterwards: Refusal | str) -> str:
    about = "" if event.key <= 0 else f"{event.key}.{event.attempt}" if event.attempt else str(event.key)
    told = _details(event.kind, event.body)
    if isinstance(afterwards, Refusal):
        told += f", but refused ({afterwards.reason}): {afterwards.message}"
    elif afterwards:
        told += f"; {NOT_AGAIN}{afterwards}"
    line = f"{moment(event.at)}  {about:>8}  {event.kind:<11}  {one_line(told)}"
    return clipped(line.rstrip(), 300 if on_terminal() else 1000)


def _details(kind: str, body: Mapping[str, Any]) -> str:
    match kind:
        case "submitted":
            tasks = body.get("tasks")
            return ", ".join(map(str, tasks)) if isinstance(tasks, list) else ""
        case "edited":
            everywhere = ", every entry of the task" if body.get("everywhere") else ""
            return f"{body.get('code')}:{body.get('func')}, {body.get('resources')}{everywhere}, {body.get('args')}"
        case "launched":
            return f"job {body['job']}" if body.get("job") else ""
        case "started":
            pid = body.get("pid")
            return f"on {body.get('host')}" + (f", process {pid}" if pid else "")
        case "ended":
            reason = body.get("reason")
            word = f" ({reason})" if reason not in ("returned", body.get("verdict"), "") else ""
            message = f": {body['message']}" if body.get("message") else ""
            return f"{body.get('verdict')}{word}{message}"
    return ", ".join(f"{name}: {value}" for name, value in body.items())
