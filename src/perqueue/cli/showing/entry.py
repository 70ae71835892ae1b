"""``pq show``: everything about one entry."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import asdict

from perqueue.core.errors import StorageError, UnknownEntryError
from perqueue.core.graph import SwitchKind
from perqueue.core.records import Attempt, Context, Entry
from perqueue.core.states import EntryState
from perqueue.engine.folder import QueueFolder, need_folder
from perqueue.store.protocol import Row, Snapshot
from perqueue.views.instances import children_of, parents_of
from perqueue.views.rules import name as group_name
from perqueue.views.rules import policy_data, policy_words
from perqueue.views.surroundings import Surrounding, surroundings
from perqueue.views.values import mapping_items, shown
from perqueue.views.waiting import Waiting, why_waiting

from ..choice import Damaged, Listed, read_rows
from ..printing import clipped, coloured, counted, entries, indented_line, one_line, put, put_json, ranges
from .attempts import attempt_data, attempt_words
from .jobs import job_data, job_notes, job_words
from .listing import as_data, stored
from .logs import log_files, tail

_LOG_LINES: Final = 10
_MOST: Final = 5
"""Groups and refusals that are named where an entry waits for several."""
_VALUE: Final = 500
"""Characters of a value."""


class UnreadableEntryError(StorageError):
    """An entry whose record is damaged."""

    def __init__(self, entry: Damaged) -> None:
        super().__init__(f"entry {entry.key} can't be read: {entry.why}; `pq history {entry.key}` tells what happened")


def show_entry(key: int, *, as_json: bool) -> None:
    """Show an entry.

    Raises:
        UnknownEntryError: There is none with this key.
        UnreadableEntryError: It is damaged.
    """
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.snapshot() as state:
            found = next(read_rows(state, [key]), None)
            if found is None:
                raise UnknownEntryError(key)
            if isinstance(found, Damaged):
                raise UnreadableEntryError(found)
            facts = _Facts(folder, state, found.row)
    finally:
        store.close()
    if as_json:
        put_json(facts.as_data())
        return
    for line in facts.lines():
        put(line)


class _Facts:
    """What is known of an entry, read in one snapshot."""

    def __init__(self, folder: QueueFolder, state: Snapshot, row: Row) -> None:
        self.row, entry = row, row.entry
        self.context: Context = state.context(row.task.context)
        self.folder = _works_in(row, self.context)
        self.attempts: list[Attempt] = state.attempts(entry.key)
        self.parents: list[int] = parents_of(state, entry)
        self.children: list[int] = children_of(state, entry)
        self.waiting: Waiting = why_waiting(state, entry)
        self.groups: list[Surrounding] = surroundings(state, entry)
        self.inputs = None if entry.source == 0 else state.text(entry.source)
        self.given_by = _given_by(state, entry)
        self.job = job_notes(folder.root, [entry]).get(entry.key)
        number = entry.attempt
        self.logs = log_files(folder, self.context.folder, entry.key, number) if number else []

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        waiting = {
            "parents": {str(state): keys for state, keys in self.waiting.parents.items()},
            "failed_before": list(self.waiting.stuck),
            "enough_of_them": list(self.waiting.enough),
            "discarded_before": list(self.waiting.dead),
            "refused_before": {str(key): message for key, message in self.waiting.refused.items()},
            "undecided_before": list(self.waiting.undecided),
        }
        return {
            **as_data(Listed(self.row)),
            "retry": None if self.row.task.retry is None else asdict(self.row.task.retry),
            "retries": self.row.entry.retries,
            "continued": self.row.entry.continued,
            "job": job_data(self.job),
            "folder": self.folder,
            "interpreter": self.context.interpreter,
            "parents": self.parents,
            "inputs": stored(self.inputs),
            "inputs_from": self.given_by,
            "dependents": self.children,
            "groups": [_group_data(group) for group in self.groups],
            "waiting": waiting,
            "attempts": [attempt_data(attempt) for attempt in self.attempts],
            "traceback": self._traceback() or None,
            "logs": self.logs,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        entry, task = self.row.entry, self.row.task
        reason = f" ({entry.reason})" if entry.reason and entry.reason != str(entry.state) else ""
        yield f"Entry {entry.key}: {one_line(task.name)}, {coloured(str(entry.state), entry.state)}{reason}"
        yield f"  script      {task.code}"
        yield f"  function    {task.func}"
        yield f"  resources   {task.resources.described} (executor {entry.executor})"
        if task.retry is not None:
            done = f"; {entry.retries} so far" if entry.retries else ""
            yield f"  retries     {task.retry}{done}"
        if entry.continued:
            yield f"  went on     {counted(entry.continued, 'time')} from a checkpoint"
        yield f"  folder      {self.folder}"
        yield f"  python      {self.context.interpreter}"
        if entry.index:
            yield f"  pq_index    {list(entry.index)}"
        if entry.iteration:
            yield f"  pq_iteration  {list(entry.iteration)}"
        yield from self._groups()
        yield from _section("Arguments", task.args)
        yield from self._why()
        if self.inputs is not None:
            where = f" from {_named(self.given_by)}" if self.given_by else ""
            yield from _section(f"Inputs{where}", self.inputs)
        elif self.parents:
            yield f"Inputs: none yet; they come from {_named(self.parents)}"
        yield from self._result()
        yield from self._attempts()
        if self.children:
            yield f"What depends on it: {_named(self.children)}"
        yield from self._log()

    def _groups(self) -> Iterator[str]:
        if self.groups:
            yield "Groups around it" if len(self.groups) == 1 else "Groups around it, from the inner to the outer"
        for group in self.groups:
            yield f"  {group.place} in {clipped(one_line(group.text), _VALUE)}, {group.state}"
            if group.policy is not None:
                yield f"    policy: {policy_words(group.policy)}"
            if group.consequence:
                yield f"    {group.consequence}"

    def _why(self) -> Iterator[str]:
        entry, why = self.row.entry, self.waiting
        if entry.state is EntryState.waiting:
            parts = [f"{_named(keys)} ({state})" for state, keys in why.parents.items()]
            nothing = "a group before it" if why.undecided else "nothing: `pq tick` gets it going"
            yield f"Why it waits: for {', '.join(parts) if parts else nothing}"
            for group in why.undecided[:_MOST]:
                yield f"  before it, {clipped(one_line(group), _VALUE)} is not decided yet"
            if why.stuck:
                does = "succeeds" if len(why.stuck) == 1 else "succeed"
                which = _named(why.stuck) if why.enough == why.stuck else f"more of {_named(why.stuck)}"
                such = "" if why.enough == why.stuck else ", which is enough"
                yield f"  it can't run before {which} {does}: `pq resubmit -i {ranges(why.enough)}`{such}"
        elif entry.state is EntryState.axed:
            parts = [f"{_named(why.dead)} {_was(why.dead)} discarded"] if why.dead else []
            parts += [f"{_named(why.stuck)} failed"] if why.stuck else []
            yield f"Why it is axed: {' and '.join(parts) or 'something that it depends on was discarded'}"
        for key, message in list(why.refused.items())[:_MOST]:
            yield from _message(f"  what entry {key} returned was refused", message, "    ")

    def _result(self) -> Iterator[str]:
        outcome = None if self.row.result is None else self.row.result.outcome
        if outcome is None:
            return
        old = self.row.result is not None and self.row.result.number != self.row.entry.attempt
        earlier = " (of an earlier attempt)" if old else ""
        if outcome.data is not None:
            yield from _section(f"Result{earlier}", outcome.data)
        if outcome.message:
            yield from _message(f"Error{earlier}", outcome.message, "  ")
        for line in self._traceback().splitlines():
            yield f"  {line}"

    def _traceback(self) -> str:
        result = self.row.result
        return "" if result is None or result.outcome is None else result.outcome.traceback.rstrip()

    def _attempts(self) -> Iterator[str]:
        if self.attempts:
            yield "Attempts"
        for attempt in self.attempts:
            yield f"  {attempt.number}. {'; '.join(attempt_words(attempt))}"
        if job_words(self.job):
            yield f"     its job is {job_words(self.job)}"

    def _log(self) -> Iterator[str]:
        for path in self.logs:
            lines = tail(path, _LOG_LINES + 1)
            yield f"Log: {path}" if lines else f"Log: {path} (empty)"
            if len(lines) > _LOG_LINES:
                yield f"  ... (all of it: `pq logs {self.row.entry.key}`)"
            yield from (f"  {clipped(indented_line(line), _VALUE)}" for line in lines[-_LOG_LINES:])


def _section(title: str, text: str) -> Iterator[str]:
    try:
        values = mapping_items(text)
    except (ValueError, RecursionError) as error:
        yield f"{title}: can't be read: {error}"
        return
    yield title if values else f"{title}: none"
    width = min(max((len(name) for name in values), default=0), 24)
    for name, value in values.items():
        yield f"  {one_line(name):<{width}}  {clipped(one_line(shown(value)), _VALUE)}"


def _message(title: str, message: str, pad: str) -> Iterator[str]:
    """A message in full: what a group says of a result stands on a line of its own below what the task said."""
    first, *rest = message.splitlines() or [""]
    yield f"{title}: {one_line(first)}"
    yield from (f"{pad}{indented_line(line)}" for line in rest)


def _was(keys: Sequence[int]) -> str:
    return "was" if len(keys) == 1 else "were"


def _group_data(group: Surrounding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "group": group_name(group.kind),
        "label": group.text,
        "state": str(group.state),
        "place": group.place,
        "number": group.number,
        "total": group.total,
    }
    if isinstance(group.kind, SwitchKind):
        told["branch"] = group.branch
    if group.policy is not None:
        left_out = group.lost is not None and group.goes_on
        told |= {"policy": policy_data(group.policy), "lost": group.lost, "left_out": left_out}
        told |= {"consequence": group.consequence or None}
    return told


def _named(keys: Iterable[int]) -> str:
    found = sorted(keys)
    text = f"{'entry' if len(found) == 1 else 'entries'} {ranges(found)}"
    return text if len(text) < 120 else f"{entries(len(found))} {clipped(ranges(found), 60)}"


def _given_by(state: Snapshot, entry: Entry) -> list[int]:
    """Keys of the entries whose results an entry was given."""
    if entry.source > 0:
        return [entry.source]
    return list(state.source(-entry.source).keys) if entry.source < 0 else []


def _works_in(row: Row, context: Context) -> str:
    if row.task.folder is None:
        return context.folder
    if row.entry.attempt == 0:
        return os.path.join(context.folder, row.task.folder)
    from perqueue.engine.launches import working_folder

    return working_folder(row.task, row.entry, row.entry.attempt, context.folder)
