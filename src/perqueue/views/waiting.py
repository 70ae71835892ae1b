"""Why an entry doesn't run: which of the entries before it are not done, and which are dead."""

from __future__ import annotations

from attrs import field, frozen

from perqueue.core.records import Entry
from perqueue.core.states import EntryState
from perqueue.store.protocol import Snapshot

from .instances import parents_of


@frozen
class Waiting:
    """What keeps an entry from running.

    Args:
        parents: Parents that are not done, by state; each ascending.
        stuck: Those among everything before it that failed or timed out: they must run again first.
        dead: Those that were discarded, for which the entry was axed.
    """

    parents: dict[EntryState, list[int]] = field(factory=dict)
    stuck: tuple[int, ...] = ()
    dead: tuple[int, ...] = ()


def why_waiting(state: Snapshot, entry: Entry) -> Waiting:
    """What keeps an entry waiting or axed; nothing for one in another state."""
    if entry.state not in (EntryState.waiting, EntryState.axed):
        return Waiting()
    parents: dict[EntryState, list[int]] = {}
    stuck: set[int] = set()
    dead: set[int] = set()
    seen: set[int] = {entry.key}
    # Each entry's parents are asked for once: wide layers share theirs.
    todo = [entry]
    while todo:
        at = todo.pop()
        for key in parents_of(state, at):
            if at is not entry and key in seen:
                continue
            parent = state.entry(key)
            if parent is None:
                continue
            if at is entry and parent.state is not EntryState.succeeded:
                parents.setdefault(parent.state, []).append(key)
            if key in seen:
                continue
            seen.add(key)
            if parent.state in (EntryState.failed, EntryState.timeout):
                stuck.add(key)
            elif parent.state is EntryState.discarded:
                dead.add(key)
            elif parent.state in (EntryState.waiting, EntryState.axed):
                todo.append(parent)
    return Waiting(parents, tuple(sorted(stuck)), tuple(sorted(dead)))
