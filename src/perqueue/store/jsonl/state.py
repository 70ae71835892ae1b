"""The state in memory: that of the plain store, with indexes, and with a note of what a transaction changes.

Every change of a row goes through :meth:`JournalState.put`, whether a transaction makes it, a line of a journal tells
of it, or it is undone. What a transaction changes is noted once per row, as it was before, so that both giving it up
and telling it cost what was changed, whatever the size of the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Any, Protocol, TypeAlias

from attrs import define, field

from perqueue.core.decision import Counters, Decision, Stop
from perqueue.core.events import Event
from perqueue.core.graph import Graph
from perqueue.core.records import Attempt, Context, PendingStop
from perqueue.core.states import EntryState

from ..eventlog import describe
from ..memory import State
from ..protocol import Lease, LoggedEvent
from .indexes import Indexes
from .rows import JsonRow, row_in, row_out
from .tables import (
    ATTEMPTS,
    BY_NAME,
    CONTEXTS,
    ENTRIES,
    FRAMES,
    GRAPHS,
    NODE_TASKS,
    SOURCES,
    STOPS,
    TABLES,
    TASKS,
    Table,
    graph_in,
    graph_out,
)

_Noted: TypeAlias = dict[tuple[Table, Any], Any]


class EventReader(Protocol):
    """Reads the events that were written to files."""

    def events(self, after: int, until: int) -> Iterable[LoggedEvent]:
        """Those with numbers above ``after`` and up to ``until``."""
        ...


class Graphs(dict[int, Graph]):
    """Graphs by number, each read when somebody asks for it: a listing asks for none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: dict[int, JsonRow] = {}

    def __missing__(self, number: int) -> Graph:
        found = self[number] = graph_in(self.raw[number])
        return found


@define
class _Before:
    """What a transaction began with."""

    given: Counters
    holder: Lease | None
    epoch: int
    rows: _Noted = field(factory=dict)


@define
class JournalState(State):
    """Everything but the events, which stay in their files."""

    graphs: Graphs = field(factory=Graphs)
    logged: int = 0
    """How many events there are in files."""
    reader: EventReader | None = None
    _indexes: Indexes = field(factory=Indexes)
    _numbers: dict[Context, int] = field(factory=dict)
    _rows: dict[str, dict[Any, Any]] = field(init=False)
    _before: _Before | None = None

    def __attrs_post_init__(self) -> None:
        self._rows = {
            CONTEXTS.name: self.contexts,
            TASKS.name: self.tasks,
            GRAPHS.name: self.graphs.raw,
            NODE_TASKS.name: self.node_tasks,
            SOURCES.name: self.sources,
            FRAMES.name: self.frames,
            ENTRIES.name: self.entries,
            ATTEMPTS.name: self.tries,
            STOPS.name: self.pending,
        }

    def put(self, table: Table, key: Any, record: Any) -> None:
        """A row as it is now; None: it is gone."""
        rows = self._rows[table.name]
        old = rows.get(key)
        if self._before is not None:
            self._before.rows.setdefault((table, key), old)
        if record is None:
            rows.pop(key, None)
        else:
            rows[key] = record
        if table is ENTRIES or table is FRAMES:
            if table is ENTRIES:
                self._indexes.entry(old, record)
            if (old is None) is not (record is None):
                item = old or record
                place = (item.frame, item.copy, item.node)
                if record is not None:
                    self.places[place] = item.ref
                elif self.places.get(place) == item.ref:
                    del self.places[place]
        elif table is ATTEMPTS:
            self._indexes.attempt(key, known=old is not None, stays=record is not None)
        elif table is CONTEXTS:
            if old is not None:
                self._numbers.pop(old, None)
            if record is not None:
                self._numbers[record] = key
        elif table is GRAPHS:
            self.graphs.pop(key, None)

    # transactions

    def begin(self) -> None:
        """From now on, note what changes."""
        self._before = _Before(self.given, self.holder, self.epoch)

    def undo(self) -> None:
        """As it was when the transaction began."""
        before, self._before = self._before, None
        if before is None:
            return
        self.given, self.holder, self.epoch = before.given, before.holder, before.epoch
        self.events.clear()
        # What came leaves its place before what went takes it again.
        for (table, key), old in before.rows.items():
            if old is None:
                self.put(table, key, None)
        for (table, key), old in before.rows.items():
            if old is not None:
                self.put(table, key, old)

    def settle(self) -> None:
        """What changed is written: it stays."""
        self._before = None
        self.logged += len(self.events)
        self.events.clear()

    def told(self) -> JsonRow:
        """What the transaction changes, as JSON; empty if nothing."""
        before = self._before
        line: JsonRow = {}
        if before is None:
            return line
        if self.events:
            line["events"] = [event_out(event) for event in self.events]
        if self.given != before.given:
            line["counters"] = row_out(self.given)
        if self.epoch != before.epoch:
            line["epoch"] = self.epoch
        if self.holder != before.holder:
            line["lease"] = None if self.holder is None else row_out(self.holder)
        drop: dict[str, list[Any]] = {}
        put: dict[str, list[JsonRow]] = {}
        for (table, key), old in before.rows.items():
            now = self._rows[table.name].get(key)
            if now is None:
                if old is not None:
                    drop.setdefault(table.name, []).append(key)
            elif now != old:
                put.setdefault(table.name, []).append(now if table.lazy else table.out(key, now))
        line |= {name: rows for name, rows in (("drop", drop), ("put", put)) if rows}
        return line

    def hear(self, line: Mapping[str, Any]) -> None:
        """What somebody's transaction changed, or a snapshot tells."""
        for name, keys in line.get("drop", {}).items():
            for key in keys:
                self.put(BY_NAME[name], tuple(key) if isinstance(key, list) else key, None)
        for name, rows in line.get("put", {}).items():
            table = BY_NAME[name]
            for row in rows:
                self.put(table, *table.back(row))
        if "counters" in line:
            self.given = row_in(Counters, line["counters"])
        self.epoch = line.get("epoch", self.epoch)
        if "lease" in line:
            self.holder = None if line["lease"] is None else row_in(Lease, line["lease"])
        self.logged += len(line.get("events", ()))

    def listed(self) -> Iterable[tuple[str, Iterable[JsonRow]]]:
        """All rows as JSON, table by table, in the order of their keys."""
        for table in TABLES:
            rows = self._rows[table.name]
            yield table.name, (rows[key] if table.lazy else table.out(key, rows[key]) for key in sorted(rows))

    # what is answered in another way than by walking over everything

    def keys(self, states: Iterable[EntryState] | None = None) -> list[int]:
        """Keys, ascending."""
        if states is None:
            return sorted(self.entries)
        found = (self._indexes.by_state.get(state, ()) for state in frozenset(states))
        return sorted(chain.from_iterable(found))

    def counts(self) -> dict[EntryState, int]:
        """How many entries are in each state."""
        return {state: len(keys) for state, keys in self._indexes.by_state.items()}

    def ready(self, executor: str, limit: int) -> list[int]:
        """Entries to launch next."""
        return list(islice((k for k in self._indexes.ready.get(executor, ()) if not self._stopping(k)), limit))

    def active(self, executor: str) -> list[tuple[int, int]]:
        """(key, attempt) of what is with an executor."""
        return [(key, self.entries[key].attempt) for key in self._indexes.active.get(executor, ())]

    def busy(self) -> bool:
        """Whether there is anything to do or to wait for."""
        return bool(self.pending or self._indexes.ready or self._indexes.active)

    def attempts(self, key: int) -> list[Attempt]:
        """All attempts of an entry, also of one that is gone, oldest first."""
        return [self.tries[key, number] for number in self._indexes.attempts.get(key, ())]

    def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
        """Events in order."""
        written = () if self.reader is None else self.reader.events(after, self.logged)
        new = (event for event in self.events if event.seq > after)
        found = (event for event in chain(written, new) if key is None or event.key == key > 0)
        return list(islice(found, limit))

    def _stopping(self, key: int) -> bool:
        return bool(self.pending) and any((key, n) in self.pending for n in self._indexes.attempts.get(key, ()))

    # changing

    def apply(self, decision: Decision, events: Iterable[Event]) -> None:
        """Store a decision and log the events that it heard."""
        changes = decision.changes
        self.given = decision.counters
        # Something new may stand where something is dropped.
        for table, gone in ((ENTRIES, changes.dropped_entries), (FRAMES, changes.dropped_frames)):
            for number in gone:
                self.put(table, number, None)
        for number, (graph, _) in changes.graphs.items():
            self.put(GRAPHS, number, graph_out(number, graph))
        written: tuple[tuple[Table, Mapping[Any, Any]], ...] = (
            (TASKS, changes.tasks),
            (NODE_TASKS, changes.node_tasks),
            (SOURCES, changes.sources),
            (ATTEMPTS, changes.new_attempts),
            (ATTEMPTS, changes.attempts),
            (FRAMES, changes.new_frames),
            (FRAMES, changes.frames),
            (ENTRIES, changes.new_entries),
            (ENTRIES, changes.entries),
        )
        for table, rows in written:
            for key, record in rows.items():
                self.put(table, key, record)
        for action in decision.actions:
            if isinstance(action, Stop):
                executor = self.tries[action.key, action.attempt].executor
                stop = PendingStop(action.key, action.attempt, executor, action.why)
                self.put(STOPS, (stop.key, stop.attempt), stop)
        last = self.logged + len(self.events)
        for seq, (at, kind, about, attempt, body) in enumerate(describe(changes, events), last + 1):
            self.events.append(LoggedEvent(seq, at, kind, about, attempt, body))

    def settle_stop(self, key: int, attempt: int) -> None:
        """An attempt that had to be stopped has ended."""
        self.put(STOPS, (key, attempt), None)

    def add_context(self, context: Context) -> int:
        """Keep a context; its number."""
        number = self._numbers.get(context)
        if number is None:
            number = len(self.contexts) + 1
            self.put(CONTEXTS, number, context)
        return number

    # set_lease() and add_log() are the plain store's: the lease and the new events are no rows.


def event_out(event: LoggedEvent) -> JsonRow:
    """An event as JSON; its number follows from where it stands."""
    row: JsonRow = {"at": event.at, "kind": event.kind}
    if event.key:
        row["key"] = event.key
    if event.attempt:
        row["attempt"] = event.attempt
    if event.body:
        row["body"] = event.body
    return row


def event_in(seq: int, row: Mapping[str, Any]) -> LoggedEvent:
    """An event from its JSON."""
    return LoggedEvent(seq, row["at"], row["kind"], row.get("key", 0), row.get("attempt", 0), row.get("body", {}))
