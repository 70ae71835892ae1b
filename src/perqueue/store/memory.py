"""A store that lives as long as its process: for tests, dry runs and as the plainest reading of the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import define, field

from perqueue.core.decision import Counters, Decision, Stop
from perqueue.core.errors import UnknownEntryError
from perqueue.core.events import Event
from perqueue.core.graph import Graph, Node, Scope
from perqueue.core.records import Attempt, Entry, Frame, Ref, Source, StoredTask
from perqueue.core.states import EntryState
from perqueue.core.view import Json

from .eventlog import describe
from .protocol import Context, Lease, LeaseLostError, LoggedEvent, PendingStop, Row


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
        return self.sources[number]

    def attempt(self, key: int, number: int) -> Attempt | None:
        """One attempt of an entry."""
        return self.tries.get((key, number))

    def data(self, key: int) -> Mapping[str, Json] | None:
        """The encoded result that stands for an entry."""
        attempt = self.tries.get((key, self.entries[key].result))
        if attempt is None or attempt.outcome is None or attempt.outcome.data is None:
            return None
        found: Mapping[str, Json] = json.loads(attempt.outcome.data)
        return found

    def node(self, graph: int, node: int) -> Node:
        """A node of a graph."""
        return self.graphs[graph].nodes[node]

    def scope(self, graph: int, scope: int) -> Scope:
        """A scope of a graph."""
        return self.graphs[graph].scopes[scope]

    def node_task(self, graph: int, node: int) -> int:
        """Number of the stored task that new entries of this node run."""
        return self.node_tasks[graph, node]

    def task(self, number: int) -> StoredTask:
        """A stored task."""
        return self.tasks[number]

    # what listings and ticks ask

    def keys(self, states: Iterable[EntryState] | None = None) -> list[int]:
        """Keys, ascending."""
        wanted = None if states is None else frozenset(states)
        return sorted(key for key, entry in self.entries.items() if wanted is None or entry.state in wanted)

    def rows(self, keys: Sequence[int] | None = None) -> Iterator[Row]:
        """Entries with what listings show."""
        for key in sorted(self.entries if keys is None else set(keys) & self.entries.keys()):
            entry = self.entries[key]
            task = self.tasks[entry.task]
            yield Row(entry, task.name, task, self.tries.get((key, entry.attempt)))

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
        return list(self.pending.values())

    def attempts(self, key: int) -> list[Attempt]:
        """All attempts of an entry, oldest first."""
        return [self.tries[at] for at in sorted(self.tries) if at[0] == key]

    def place_of(self, key: int) -> list[int]:
        """Entries of the same node."""
        entry = self.entries.get(key)
        if entry is None:
            raise UnknownEntryError(key)
        mine = (entry.graph, entry.node)
        return sorted(other.key for other in self.entries.values() if (other.graph, other.node) == mine)

    def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
        """Events in order."""
        found = [event for event in self.events if event.seq > after and (key is None or event.key == key)]
        return found[:limit]

    def context(self, number: int) -> Context:
        """A submission's context."""
        return self.contexts[number]

    def lease(self) -> Lease | None:
        """Who moves the queue."""
        return self.holder

    # changing

    def apply(self, decision: Decision, events: Iterable[Event]) -> None:
        """Store a decision and log the events that it heard."""
        changes = decision.changes
        self.given = decision.counters
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
        for key in changes.dropped_entries:
            dropped = self.entries.pop(key)
            del self.places[dropped.frame, dropped.copy, dropped.node]
            self.tries = {(owner, number): kept for (owner, number), kept in self.tries.items() if owner != key}
        for number in changes.dropped_frames:
            gone = self.frames.pop(number)
            del self.places[gone.frame, gone.copy, gone.node]
        for event in events:
            for at, kind, key, attempt, body in describe(event):
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


class MemoryStore:
    """The protocol over one :class:`State`."""

    def __init__(self) -> None:
        self.state = State()
        self._version = 0

    @contextmanager
    def snapshot(self) -> Iterator[State]:
        """The state itself: nothing else runs meanwhile."""
        yield self.state

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[State]:
        """Work on a copy, which replaces the state if all goes well."""
        held = self.state.holder
        if lease is not None and (held is None or held.epoch != lease.epoch):
            raise LeaseLostError(lease.epoch, 0 if held is None else held.epoch)
        draft = self.state.copy()
        yield draft
        self.state = draft
        self._version += 1

    def version(self) -> int:
        """Rises with each transaction."""
        return self._version

    def close(self) -> None:
        """Nothing to let go of."""
