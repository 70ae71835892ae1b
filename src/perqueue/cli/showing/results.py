"""The end of ``pq run``: what came out, what failed, and what waits because of that."""

from __future__ import annotations

from collections import Counter
from typing import Final

from perqueue.core.states import EntryState
from perqueue.store.protocol import Row, Snapshot
from perqueue.views.instances import children_of
from perqueue.views.progress import Progress
from perqueue.views.values import mapping_items, shown

from ..printing import clipped, coloured, entries, one_line, put, ranges
from .listing import count_line

_MOST: Final = 12
"""Where more entries than this have a result, only those on which nothing depends are shown, at most this many."""
_VALUE: Final = 160
"""Characters of a value. Text and paths are shown whole: they are there to be copied."""
_TROUBLE: Final = (EntryState.failed, EntryState.timeout)


def print_results(queues: list[Progress]) -> int:
    """Print them; the exit status: 1 if something failed, or waits for something that did."""
    total: Counter[EntryState] = Counter()
    for queue in queues:
        if len(queues) > 1:
            put(f"In {queue.folder.folder}:")
        with queue.store.snapshot() as state:
            _print_finished(state, queue)
            _print_trouble(state, queue)
        total += queue.counts
    put(count_line(total))
    return int(any(total[state] for state in (*_TROUBLE, EntryState.waiting)))


def _print_finished(state: Snapshot, queue: Progress) -> None:
    finished = sorted(key for key, at in queue.states.items() if at in (EntryState.succeeded, EntryState.discarded))
    chosen = finished
    if len(finished) > _MOST:
        chosen = _last(state, finished)
    for row in state.rows(chosen):
        _print_result(row)
    left = len(finished) - len(chosen)
    if left:
        put(
            f"{'... and ' if chosen else ''}{entries(left)} {'more ' if chosen else ''}with results: `pq ls` lists them"
        )


def _last(state: Snapshot, keys: list[int]) -> list[int]:
    """The newest of those on which nothing depends."""
    found: list[int] = []
    for key in reversed(keys):
        entry = state.entry(key)
        if entry is not None and not children_of(state, entry):
            found.append(key)
            if len(found) == _MOST:
                break
    return sorted(found)


def _print_result(row: Row) -> None:
    entry = row.entry
    put(f"{entry.key} {one_line(row.task.name)}: {coloured(str(entry.state), entry.state)}")
    outcome = None if row.result is None else row.result.outcome
    if outcome is None or outcome.data is None:
        return
    try:
        values = mapping_items(outcome.data)
    except (ValueError, RecursionError) as error:
        put(f"    can't be read: {error}")
        return
    width = min(max((len(name) for name in values), default=0), 30)
    for name, value in values.items():
        text = one_line(shown(value))
        whole = isinstance(value, str) or (isinstance(value, dict) and "$path" in value)
        put(f"    {one_line(name):<{width}}  {text if whole and len(text) < 4096 else clipped(text, _VALUE)}")


def _print_trouble(state: Snapshot, queue: Progress) -> None:
    troubled = sorted(key for key, at in queue.states.items() if at in _TROUBLE)
    for row in state.rows(troubled[:_MOST]):
        outcome = None if row.result is None else row.result.outcome
        message = row.entry.reason if outcome is None else outcome.message
        at = row.entry.state
        put(f"{row.entry.key} {one_line(row.task.name)}: {coloured(str(at), at)}: {one_line(message)}")
        put(f"    `pq show {row.entry.key}` tells more")
    if len(troubled) > _MOST:
        put(f"... and {len(troubled) - _MOST} more: `pq ls -s ft -e` lists them")
    waiting = sorted(key for key, at in queue.states.items() if at is EntryState.waiting)
    if waiting:
        which = f"{entries(len(waiting))} ({clipped(ranges(waiting), 80)})"
        put(f"{which} can't run before what failed succeeds: `pq resubmit`")
