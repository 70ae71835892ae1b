"""``pq ls``: the entries, one line each, and a closing line of counts."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from perqueue.core.states import EntryState
from perqueue.engine.folder import QueueFolder, need_folder
from perqueue.engine.troubles import read_troubles
from perqueue.store.protocol import Snapshot, Store

from ..choice import Damaged, Listed, choose, chosen
from ..printing import moment, note, put, put_json
from ..tables import Line, print_table
from .jobs import job_data, job_notes, job_words, tell_troubles

if TYPE_CHECKING:
    from perqueue.executors.notes import Note
    from perqueue.views.tree import Knot

_JUST_NOW: Final = 5.0
"""Seconds since the last change within which a supervisor may still be starting."""
_START: Final = 2.0
"""Seconds that are allowed for that."""


def show_list(
    ids: str | None,
    jobs: str | None,
    names: str | None,
    states: str | None,
    *,
    count: bool,
    error: bool,
    data: bool,
    tree: bool,
    unfold: bool,
    as_json: bool,
) -> None:
    """List the chosen entries, or with ``tree`` show them under what they stand in."""
    choice = chosen(ids, jobs, names, states)
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.snapshot() as state:
            if count and choice.empty and not as_json:
                counts: Mapping[EntryState, int] = state.counts()
                items: list[Listed | Damaged] = []
            else:
                items = list(choose(state, choice, dependents=True))
                counts = Counter(item.state for item in items if isinstance(item, Listed))
            damaged = sum(isinstance(item, Damaged) for item in items)
            branches = _grown(state, items, everything=choice.empty) if tree and not count else None
        if as_json:
            told: dict[str, Any] = {}
            if branches is not None:
                told = _tree_data(branches, items)
            elif not count:
                noted = _jobs(folder, items)
                told = {"entries": [as_data(item) | {"job": job_data(noted.get(item.key))} for item in items]}
            put_json({**told, "counts": counts_as_data(counts), "total": sum(counts.values()) + damaged})
        else:
            if branches is not None:
                _print_tree(branches, items, unfold=unfold, error=error)
            elif not count:
                _print_list(items, error=error, data=data, jobs=_jobs(folder, items))
            put(count_line(counts, damaged))
        _warn_if_left_alone(folder, store)
        tell_troubles(folder, (item.row.entry for item in items if isinstance(item, Listed)))
        for trouble in read_troubles(folder.root):
            note(str(trouble))
    finally:
        store.close()


def _grown(state: Snapshot, items: list[Listed | Damaged], *, everything: bool) -> list[Knot]:
    from .tree import grow  # only who asks for a tree needs graphs

    return grow(state, items, everything=everything)


def _print_tree(branches: list[Knot], items: list[Listed | Damaged], *, unfold: bool, error: bool) -> None:
    from .tree import print_tree

    print_tree(branches, unfold=unfold, error=error)
    for item in items:
        if isinstance(item, Damaged):
            put(f"{item.key} can't be read: {item.why}")


def _tree_data(branches: list[Knot], items: list[Listed | Damaged]) -> dict[str, Any]:
    from .tree import tree_data

    unreadable = [as_data(item) for item in items if isinstance(item, Damaged)]
    return {"submissions": tree_data(branches), "unreadable": unreadable}


def count_line(counts: Mapping[EntryState, int], unreadable: int = 0) -> str:
    """``failed: 1, succeeded: 43. Total: 44``."""
    parts = [f"{state}: {counts[state]}" for state in EntryState if counts.get(state)]
    parts += [f"unreadable: {unreadable}"] * bool(unreadable)
    return ". ".join([*([", ".join(parts)] if parts else []), f"Total: {sum(counts.values()) + unreadable}"])


def counts_as_data(counts: Mapping[EntryState, int]) -> dict[str, int]:
    """The states that occur, and how often."""
    return {str(state): counts[state] for state in EntryState if counts.get(state)}


def _jobs(folder: QueueFolder, items: list[Listed | Damaged]) -> Mapping[int, Note]:
    return job_notes(folder.root, (item.row.entry for item in items if isinstance(item, Listed)))


def _print_list(items: list[Listed | Damaged], *, error: bool, data: bool, jobs: Mapping[int, Note]) -> None:
    told = {key: job_words(job) for key, job in jobs.items() if job_words(job)}
    titles = ["Key", "MQ ID", "Name", "State", "Arguments"]
    titles += ["Job"] * bool(told) + ["Data"] * data + ["Error"] * error
    lines = []
    for item in items:
        if isinstance(item, Damaged):
            cells = [str(item.key), "", "?", "?", f"can't be read: {item.why}"]
            lines.append(Line((*cells, *[""] * (bool(told) + data + error))))
            continue
        row = item.row
        cells = [str(item.key), _text(item.mq_id), item.name, _state(item), _arguments(item)]
        if told:
            cells.append(told.get(item.key, ""))
        if data:
            cells.append(_shown(None if row.result is None or row.result.outcome is None else row.result.outcome.data))
        if error:
            cells.append(error_of(item))
        lines.append(Line(tuple(cells), item.state))
    print_table(titles, lines, flexible=("Name", "Arguments", "Job", "Data", "Error", "MQ ID"))


def _state(item: Listed) -> str:
    return str(item.state)


def _arguments(item: Listed) -> str:
    """A task's own arguments with those that perqueue adds."""
    entry = item.row.entry
    special = {"pq_index": list(entry.index), "pq_iteration": list(entry.iteration)}
    return _shown(item.row.task.args, {name: numbers for name, numbers in special.items() if numbers})


def _shown(text: str | None, added: Mapping[str, Any] | None = None) -> str:
    from perqueue.views.values import mapping_items, shown_mapping  # an empty queue has nothing to show

    if text is None:
        return ""
    try:
        return shown_mapping({**mapping_items(text), **(added or {})})
    except (ValueError, RecursionError) as error:
        return f"<can't be read: {error}>"


def error_of(item: Listed) -> str:
    """What went wrong with an entry, in a line."""
    result = item.row.result
    if result is None or result.outcome is None:
        return item.row.entry.reason
    return result.outcome.message


def _text(value: object) -> str:
    return "" if value is None else str(value)


def as_data(item: Listed | Damaged) -> dict[str, Any]:
    """An entry for programs; arguments and data as they are stored."""
    if isinstance(item, Damaged):
        return {"key": item.key, "unreadable": item.why}
    entry, task, attempt, result = item.row.entry, item.row.task, item.row.attempt, item.row.result
    outcome = None if result is None else result.outcome
    return {
        "key": entry.key,
        "mq_id": item.mq_id,
        "name": task.name,
        "state": str(entry.state),
        "reason": entry.reason,
        "code": task.code,
        "func": task.func,
        "resources": task.resources.described,
        "executor": entry.executor,
        "args": stored(task.args),
        "pq_index": list(entry.index),
        "pq_iteration": list(entry.iteration),
        "attempt": 0 if attempt is None else attempt.number,
        "data": None if outcome is None else stored(outcome.data),
        "error": None if outcome is None or not outcome.message else outcome.message,
    }


def stored(text: str | None) -> Any:
    """A stored text as JSON; the text itself where it is none."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _warn_if_left_alone(folder: QueueFolder, store: Store) -> None:
    """Say so when there is work, and nobody who does it."""
    with store.snapshot() as state:
        if not state.busy() or _driven(folder, state):
            return
    deadline = time.monotonic() + (_START if _changed_just_now(folder) else 0.0)
    while time.monotonic() < deadline:
        time.sleep(0.05)
        with store.snapshot() as state:
            if not state.busy() or _driven(folder, state):
                return
    how = "`pq tick` starts it again" if folder.at_home else f"run `pq tick` on its home, {folder.home}"
    note(f"nobody drives this queue, though there is work (since {moment(_last_change(folder))}): {how}")


def _driven(folder: QueueFolder, state: Snapshot) -> bool:
    from perqueue.engine.driver import driver  # only where there is work to be driven

    return driver(folder, state).alive


def _last_change(folder: QueueFolder) -> float:
    with os.scandir(folder.root) as found:
        return max((entry.stat().st_mtime for entry in found if entry.is_file()), default=0.0)


def _changed_just_now(folder: QueueFolder) -> bool:
    return abs(time.time() - _last_change(folder)) < _JUST_NOW
