"""What must be true of a queue's state after every step; a bug of the planner shows here first."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import LoopKind
from .records import Entry, Frame, FrameState, Ref, Standing
from .standing import blocked, frame_standing, kind_of, opened, standing_of
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
        if item.frame:
            found += _parents(view, items, item)
        found += _entry(view, item) if isinstance(item, Entry) else _frame(view, items, item)
    return found


def _parents(view: View, items: dict[Ref, Entry | Frame], item: Entry | Frame) -> list[str]:
    links = view.node(item.graph, item.node).parents if item.node >= 0 else ()
    around = items[-item.frame]
    assert isinstance(around, Frame)
    before = view.at(item.frame, item.copy - 1, -1) if item.node < 0 and item.copy else None
    if links or before is not None:
        refs = [view.at(item.frame, item.copy, link.parent) for link in links] or [before]
        standings = [standing_of(view, items[ref]) for ref in refs if ref is not None]
        waiting = sum(standing is not Standing.done for standing in standings)
        dead, missed = standings.count(Standing.dead), standings.count(Standing.missed)
    else:
        waiting = int(not opened(around))
        dead, missed = int(blocked(around) is Standing.dead), int(blocked(around) is Standing.missed)
    counters = (("waiting", item.waiting, waiting), ("dead", item.dead, dead), ("missed", item.missed, missed))
    return [f"{_name(item)}: {what} is {kept}, should be {real}" for what, kept, real in counters if kept != real]


def _entry(view: View, entry: Entry) -> list[str]:
    state, found = entry.state, []
    if (state is EntryState.axed) != (blocked(entry) is not None):
        found.append(f"{_name(entry)}: {state} with {entry.dead} dead and {entry.missed} missed parents")
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
    refs: list[Ref | None] = []
    if isinstance(kind_of(view, frame), LoopKind):
        iterations = [view.at(frame.id, copy, -1) for copy in range(frame.copies + 1)]
        if None in iterations[:-1] or iterations[-1] is not None:
            found.append(f"{_name(frame)}: {frame.copies} iterations, but they are {iterations}")
        refs = iterations[-2:-1]
    elif frame.scope >= 0:
        last = view.scope(frame.graph, frame.scope).last
        refs = [view.at(frame.id, copy, node) for copy in range(frame.copies) for node in last]
    ends = [standing_of(view, items[ref]) for ref in refs if ref is not None]
    real = (sum(end is not Standing.done for end in ends), ends.count(Standing.dead), ends.count(Standing.missed))
    if (kept := (frame.open, frame.lost, frame.failed)) != real:
        found.append(f"{_name(frame)}: open, lost, failed are {kept}, should be {real}")
    if opened(frame) != (frame.waiting == 0 and blocked(frame) is None):
        found.append(f"{_name(frame)}: {frame.state} with {frame.waiting} missing, {frame.dead} dead parents")
    if (frame.state is FrameState.done) != (frame.standing is Standing.done):
        found.append(f"{_name(frame)}: {frame.state}, but {frame.standing}")
    if frame.standing is not (real_standing := frame_standing(view, frame)):
        found.append(f"{_name(frame)}: {frame.standing}, should be {real_standing}")
    return found


def _name(item: Entry | Frame) -> str:
    return f"entry {item.key}" if isinstance(item, Entry) else f"frame {item.id}"
