"""``pq history``: the event log, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict

from perqueue.core.errors import UnknownEntryError
from perqueue.engine.folder import need_folder
from perqueue.store.protocol import LoggedEvent

from .printing import clipped, moment, on_terminal, one_line, put, put_json

_PAGE = 1000


def show_history(key: int | None, *, as_json: bool) -> None:
    """Print the events of the queue, or those about one entry.

    Raises:
        UnknownEntryError: Nothing is known of such an entry, not even that it was removed.
    """
    store = need_folder().open_store()
    events: list[LoggedEvent] = []
    try:
        with store.snapshot() as state:
            while page := state.log(key, after=events[-1].seq if events else 0, limit=_PAGE):
                events += page
                if not as_json:
                    for event in page:
                        put(_line(event))
            if key is not None and not events and state.entry(key) is None:
                raise UnknownEntryError(key)
    finally:
        store.close()
    if as_json:
        put_json({"events": [asdict(event) for event in events]})


def _line(event: LoggedEvent) -> str:
    about = "" if event.key <= 0 else f"{event.key}.{event.attempt}" if event.attempt else str(event.key)
    line = f"{moment(event.at)}  {about:>8}  {event.kind:<11}  {one_line(_details(event.kind, event.body))}"
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
