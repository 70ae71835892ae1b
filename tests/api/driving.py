"""Moving a queue in tests: by its supervisor, or by hand where it stands still."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.queues import wait_until

from perqueue import PersistentQueue
from perqueue.api.entry import Entry
from perqueue.codec import BlobFolder, encode_mapping
from perqueue.core.events import Admitted, Ended, Event
from perqueue.core.planner import plan
from perqueue.core.records import Outcome, Verdict
from perqueue.engine.folder import need_folder
from perqueue.store.protocol import Store

_UNDER_WAY = {"goahead", "queueing", "running"}


def entries() -> dict[int, Entry]:
    """All entries of the current folder's queue, by key."""
    return {entry.key: entry for entry in PersistentQueue().get_entries()}


def states() -> dict[int, str]:
    """The states of all entries."""
    return {key: str(entry.state) for key, entry in entries().items()}


def settle() -> dict[int, Entry]:
    """Wait until nothing is under way; all entries."""
    wait_until(lambda: not _UNDER_WAY & set(states().values()), "the end of what is under way")
    return entries()


def run(tasks: Any) -> dict[int, Entry]:
    """Submit anything and wait until nothing is under way; all entries."""
    with PersistentQueue() as pq:
        pq.submit(tasks)
    return settle()


def one(found: Iterable[Entry], name: str) -> Entry:
    """The one entry of this name."""
    (entry,) = [entry for entry in found if entry.name == name]
    return entry


def tell(*events: Event) -> None:
    """Have a queue that stands still hear events."""
    store: Store = need_folder().open_store()
    try:
        with store.transaction() as state:
            decision = plan(state, events)
            state.apply(decision, decision.heard)
    finally:
        store.close()


def admit(*keys: int) -> None:
    """An executor takes these entries."""
    tell(*(Admitted(2.0, key) for key in keys))


def end(key: int, data: dict[Any, Any] | None = None, verdict: Verdict = Verdict.succeeded, **told: Any) -> None:
    """An entry is admitted, and its attempt ends like this."""
    admit(key)
    text = None
    if data is not None:
        text, refused = encode_mapping(data, BlobFolder(need_folder().blobs))
        assert not refused
    attempt = entries()[key].attempt
    assert attempt is not None
    reason = told.pop("reason", "returned")
    tell(Ended(3.0, key, attempt.number, Outcome(verdict, reason, data=text, **told)))
