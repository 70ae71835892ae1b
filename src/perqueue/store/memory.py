"""A store that lives as long as its process: for tests, dry runs and as the plainest reading of the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from attrs import define, field

from perqueue.core.decision import Counters, Decision, Stop
from perqueue.core.errors import BrokenInvariantError, StorageError, UnknownEntryError
from perqueue.core.events import Event
from perqueue.core.graph import Graph, Node, Scope
from perqueue.core.records import Attempt, Context, Entry, Frame, PendingStop, Ref, Source, SourceRef, StoredTask
from perqueue.core.states import EntryState
from perqueue.core.view import Json

from .eventlog import describe
from .protocol import Lease, LeaseLostError, LoggedEvent, Row

_T = TypeVar("_T")


@define
class State:
    """Everything a queue keeps, in plain dictionaries. It is its own snapshot and transaction."""

    given: Counters = field(factory=Counters)
    entries: dict[int, Entry] = field(factory=dict)
    frames: dict[int, Frame] = field(factory=dict)
    places: dict[tuple[int, int, int], Ref] = field(factory=dict)
    sources: dict[int, Source] = field(factory=dict)
    graphs: dict[int, Graph] = field(factory=dict)
    tasks: dict[int, StoredTask] = field(factory=dict)
    node_tasks: dict[tuple[int, int], int] = field(factory=dict)
    tries: dict[tuple[int, int], Attempt] = field(factory=dict)
    pending: dict[tuple[int, int], PendingStop] = field(factory=dict)
    contexts: dict[int, Context] = field(factory=dict)
    events: list[LoggedEvent] = field(factory=list)
    holder: Lease | None = None
    epoch: int = 0

    def copy(self) -> State:
        """Another one that changes by itself; the rows are immutable and shared."""
        return State(
            self.given,
            dict(self.entries),
            dict(self.frames),
            dict(self.places),
            dict(self.sources),
            dict(self.graphs),
            dict(self.tasks),
            dict(self.node_tasks),
            dict(self.tries),
            dict(self.pending),
            dict(self.contexts),
            list(self.events),
            self.holder,
            self.epoch,
        )

    # what the planner asks

    def counters(self) -> Counters:
        """The highest numbers given."""
        return self.given

    def entry(self, key: int) -> Entry | None:
        """The entry, or None."""
        return self.entries.get(key)

    def frame(self, number: int) -> Frame | None:
        """The frame, or None."""
        return self.frames.get(number)

    def at(self, frame: int, copy: int, node: int) -> Ref | None:
        """What stands at a place, or None."""
        return self.places.get((frame, copy, node))

    def source(self, number: int) -> Source:
        """Merged results."""
        return _there(self.sources.get(number), f"source {number}")

    def attempt(self, key: int, number: int) -> Attempt | None:
        """One attempt of an entry."""
        return self.tries.get((key, number))

    def data(self, key: int) -> Mapping[str, Json] | None:
        """The encoded result that stands for an entry."""
        text = self.text(key)
        found: Mapping[str, Json] | None = None if text is None else json.loads(text)
        return found

    def node(self, graph: int, node: int) -> Node:
        """A node of a graph."""
        try:
            return self.graphs[graph].nodes[node]
        except (KeyError, IndexError):
            raise BrokenInvariantError(f"part {node} of graph {graph} is missing") from None

    def scope(self, graph: int, scope: int) -> Scope:
        """A scope of a graph."""
        try:
            return self.graphs[graph].scopes[scope]
        except (KeyError, IndexError):
            raise BrokenInvariantError(f"part {scope} of graph {graph} is missing") from None

    def node_task(self, graph: int, node: int) -> int:
        """Number of the stored task that new entries of this node run."""
        return _there(self.node_tasks.get((graph, node)), f"part {node} of graph {graph}")

    def task(self, number: int) -> StoredTask:
        """A stored task."""
        return _there(self.tasks.get(number), f"task {number}")

    # what listings and ticks ask

    def keys(self, states: Iterable[EntryState] | None = None) -> list[int]:
        """Keys, ascending."""
        wanted = None if states is None else frozenset(states)
        return sorted(key for key, entry in self.entries.items() if wanted is None or entry.state in wanted)

    def rows(self, keys: Sequence[int] | None = None) -> Iterator[Row]:
        """Entries with what listings show."""
        for key in sorted(self.entries if keys is None else set(keys) & self.entries.keys()):
            entry = self.entries[key]
            newest, result = self.tries.get((key, entry.attempt)), self.tries.get((key, entry.result))
            yield Row(entry, self.tasks[entry.task], newest, result)

    def counts(self) -> dict[EntryState, int]:
        """How many entries are in each state."""
        found: dict[EntryState, int] = {}
        for entry in self.entries.values():
            found[entry.state] = found.get(entry.state, 0) + 1
        return found

    def ready(self, executor: str, limit: int) -> list[int]:
        """Entries to launch next."""
        stopping = {key for key, _ in self.pending}
        found = (e for e in self.entries.values() if e.state is EntryState.goahead and e.executor == executor)
        return sorted(entry.key for entry in found if entry.key not in stopping)[:limit]

    def active(self, executor: str) -> list[tuple[int, int]]:
        """(key, attempt) of what is with an executor."""
        found = (e for e in self.entries.values() if e.state.active and e.executor == executor)
        return sorted((entry.key, entry.attempt) for entry in found)

    def busy(self) -> bool:
        """Whether there is anything to do or to wait for."""
        moving = (EntryState.goahead, EntryState.queueing, EntryState.running)
        return bool(self.pending) or any(entry.state in moving for entry in self.entries.values())

    def stops(self) -> list[PendingStop]:
        """Attempts that have to be stopped."""
        return [self.pending[at] for at in sorted(self.pending)]

    def text(self, source: SourceRef) -> str | None:
        """What a source holds, unread."""
        if source < 0:
            return self.source(-source).data
        entry = self.entries.get(source)
        attempt = None if entry is None else self.tries.get((source, entry.result))
        return None if attempt is None or attempt.outcome is None else attempt.outcome.data

    def attempts(self, key: int) -> list[Attempt]:
        """All attempts of an entry, also of one that is gone, oldest first."""
        return [self.tries[at] for at in sorted(self.tries) if at[0] == key]

    def keys_of(self, graph: int) -> list[int]:
        """Keys of a graph's entries."""
        return sorted(entry.key for entry in self.entries.values() if entry.graph == graph)

    def place_of(self, key: int) -> list[int]:
        """Entries of the same node."""
        entry = self.entries.get(key)
        if entry is None:
            raise UnknownEntryError(key)
        mine = (entry.graph, entry.node)
        return sorted(other.key for other in self.entries.values() if (other.graph, other.node) == mine)

    def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
        """Events in order."""
        found = [event for event in self.events if event.seq > after and (key is None or event.key == key > 0)]
        return found[:limit]

    def context(self, number: int) -> Context:
        """A submission's context."""
        return _there(self.contexts.get(number), f"context {number}")

    def lease(self) -> Lease | None:
        """Who moves the queue."""
        return self.holder

    def last_epoch(self) -> int:
        """The epoch of the newest lease, held or not."""
        return self.epoch

    # changing

    def apply(self, decision: Decision, events: Iterable[Event]) -> None:
        """Store a decision and log the events that it heard."""
        changes = decision.changes
        self.given = decision.counters
        # What is dropped leaves its place before something new takes it; one that was made and dropped by the same
        # decision was never here. Attempts stay: they are history.
        gone: list[Entry | Frame | None] = [self.entries.pop(key, None) for key in changes.dropped_entries]
        for item in [*gone, *(self.frames.pop(number, None) for number in changes.dropped_frames)]:
            if item is not None:
                del self.places[item.frame, item.copy, item.node]
        for number, (graph, _) in changes.graphs.items():
            self.graphs[number] = graph
        self.tasks |= changes.tasks
        self.node_tasks |= changes.node_tasks
        self.sources |= changes.sources
        self.tries |= changes.new_attempts | changes.attempts
        new: list[Entry | Frame] = [*changes.new_entries.values(), *changes.new_frames.values()]
        self.places |= {(item.frame, item.copy, item.node): item.ref for item in new}
        self.entries |= changes.new_entries | changes.entries
        self.frames |= changes.new_frames | changes.frames
        for action in decision.actions:
            if isinstance(action, Stop):
                executor = self.tries[action.key, action.attempt].executor
                self.pending[action.key, action.attempt] = PendingStop(action.key, action.attempt, executor, action.why)
        for at, kind, key, attempt, body in describe(changes, events):
            self.events.append(LoggedEvent(len(self.events) + 1, at, kind, key, attempt, body))

    def settle_stop(self, key: int, attempt: int) -> None:
        """An attempt that had to be stopped has ended."""
        self.pending.pop((key, attempt), None)

    def add_context(self, context: Context) -> int:
        """Keep a context; its number."""
        for number, known in self.contexts.items():
            if known == context:
                return number
        self.contexts[len(self.contexts) + 1] = context
        return len(self.contexts)

    def set_lease(self, lease: Lease | None) -> None:
        """Take, beat or give back the lease."""
        self.holder = lease
        if lease is not None:
            self.epoch = lease.epoch

    def add_log(self, events: Sequence[LoggedEvent]) -> None:
        """Keep events of another log."""
        self.events.extend(events)


class MemoryStore:
    """The protocol over one :class:`State`."""

    def __init__(self) -> None:
        self.state = State()
        self._version = 0
        self._writing = False

    @contextmanager
    def snapshot(self) -> Iterator[State]:
        """The state itself: nothing else runs meanwhile."""
        yield self.state

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[State]:
        """Work on a copy, which replaces the state if all goes well."""
        held = self.state.holder
        if lease is not None and (held is None or held.epoch != lease.epoch):
            raise LeaseLostError(lease.epoch, self.state.epoch)
        if self._writing:
            raise StorageError("the queue in memory is being written to: end that transaction before the next begins")
        self._writing = True
        draft = self.state.copy()
        try:
            yield draft
        finally:
            self._writing = False
        self.state = draft
        self._version += 1

    def version(self) -> int:
        """Rises with each transaction."""
        return self._version

    def close(self) -> None:
        """Nothing to let go of."""


def _there(found: _T | None, what: str) -> _T:
    if found is None:
        raise BrokenInvariantError(f"{what} is missing")
    return found
