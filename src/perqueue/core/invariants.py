"""What must be true of a queue's state after every step; a bug of the planner shows here first."""

from __future__ import annotations

from collections.abc import Iterable

from .records import Entry, Frame, FrameState, Ref
from .states import EntryState
from .view import View


def broken(view: View, entries: Iterable[Entry], frames: Iterable[Frame]) -> list[str]:
    """Everything that contradicts itself in a state, in words; empty if all is well.

    Each counter is worked out anew from the states of the things it counts. Not for removed entries' graphs: what
    was removed no longer counts.
    """
    items: dict[Ref, Entry | Frame] = {entry.ref: entry for entry in entries}
    items |= {frame.ref: frame for frame in frames}
    found: list[str] = []
    for item in items.values():
        if item.node >= 0:
            found += _parents(view, items, item)
        found += _entry(view, item) if isinstance(item, Entry) else _frame(view, items, item)
    return found


def _parents(view: View, items: dict[Ref, Entry | Frame], item: Entry | Frame) -> list[str]:
    links = view.node(item.graph, item.node).parents
    around = items[-item.frame]
    assert isinstance(around, Frame)
    if links:
        parents = [items[ref] for link in links if (ref := view.at(item.frame, item.copy, link.parent)) is not None]
        waiting = sum(not _done(parent) for parent in parents)
        dead = sum(_dead(parent) for parent in parents)
    else:
        waiting = int(around.state not in (FrameState.open, FrameState.done))
        dead = int(around.state is FrameState.axed)
    return [
        f"{_name(item)}: {what} is {kept}, should be {real}"
        for what, kept, real in (("waiting", item.waiting, waiting), ("dead", item.dead, dead))
        if kept != real
    ]


def _entry(view: View, entry: Entry) -> list[str]:
    state, found = entry.state, []
    if (state is EntryState.axed) != (entry.dead > 0):
        found.append(f"{_name(entry)}: {state} with {entry.dead} dead parents")
    cancelled = state is EntryState.failed and entry.reason == "cancelled"
    if state is not EntryState.axed and not cancelled and (state is EntryState.waiting) != (entry.waiting > 0):
        found.append(f"{_name(entry)}: {state} with {entry.waiting} parents missing")
    attempt = view.attempt(entry.key, entry.attempt) if entry.attempt else None
    if state.active and (attempt is None or attempt.outcome is not None):
        found.append(f"{_name(entry)}: {state} without an open attempt")
    if not state.active and attempt is not None and attempt.outcome is None:
        found.append(f"{_name(entry)}: {state} with an open attempt {entry.attempt}")
    return found


def _frame(view: View, items: dict[Ref, Entry | Frame], frame: Frame) -> list[str]:
    found = []
    if frame.scope >= 0:
        last = view.scope(frame.graph, frame.scope).last
        refs = [view.at(frame.id, copy, node) for copy in range(frame.copies) for node in last]
        ends = [items[ref] for ref in refs if ref is not None]
        missing, lost = sum(not _done(end) for end in ends), sum(_dead(end) for end in ends)
        if (frame.open, frame.lost) != (missing, lost):
            found.append(f"{_name(frame)}: open, lost are {frame.open}, {frame.lost}, should be {missing}, {lost}")
    opened = frame.state in (FrameState.open, FrameState.done)
    if opened != (frame.waiting == 0 and frame.dead == 0):
        found.append(f"{_name(frame)}: {frame.state} with {frame.waiting} parents missing, {frame.dead} dead")
    if opened and (frame.state is FrameState.done) != (frame.open == 0):
        found.append(f"{_name(frame)}: {frame.state} with {frame.open} ends missing")
    return found


def _done(item: Entry | Frame) -> bool:
    return item.state in (EntryState.succeeded, FrameState.done)


def _dead(item: Entry | Frame) -> bool:
    if isinstance(item, Entry):
        return item.state.dead
    return item.lost > 0 or (item.state is FrameState.axed and item.open == 0)


def _name(item: Entry | Frame) -> str:
    return f"entry {item.key}" if isinstance(item, Entry) else f"frame {item.id}"
