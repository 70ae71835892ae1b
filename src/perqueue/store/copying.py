"""Everything that a store keeps, as a stream of records, and the way of such a stream into another store.

Both go through what every store answers and takes, so that a store of any kind can be moved from and to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, zip_longest
from typing import Final, TypeAlias

from attrs import frozen

from perqueue.core.decision import Changes, Counters, Decision, Stop
from perqueue.core.errors import BrokenInvariantError, StorageError
from perqueue.core.graph import Graph, Node, Scope, TaskKind
from perqueue.core.records import Attempt, Context, Entry, Frame, PendingStop, Source, StoredTask

from .protocol import Lease, LoggedEvent, Snapshot, Store, Transaction
from .whole import graph_parts, whole_log

_PAGE: Final = 1000


@frozen
class LastEpoch:
    """The epoch of the newest lease. The lease itself is its owner's, and is not copied."""

    epoch: int


@frozen
class KeptContext:
    """A context and its number."""

    number: int
    context: Context


@frozen
class KeptTask:
    """A stored task and its number."""

    number: int
    task: StoredTask


@frozen
class KeptGraph:
    """A graph, its number, and which stored task new entries of each node run."""

    number: int
    nodes: tuple[Node, ...]
    scopes: tuple[Scope, ...]
    tasks: Mapping[int, int]


Record: TypeAlias = (
    Counters
    | LastEpoch
    | KeptContext
    | KeptTask
    | KeptGraph
    | Source
    | Frame
    | Entry
    | Attempt
    | PendingStop
    | LoggedEvent
)


class UnequalCopyError(StorageError):
    """A copy is not what it was made from."""

    def __init__(self, number: int, found: object, expected: object) -> None:
        super().__init__(
            f"the copy differs in its record number {number}: it has {_short(found)} for {_short(expected)}; nothing "
            "was changed. Please report this"
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}..."


def dump(shown: Snapshot) -> Iterator[Record]:
    """All that a state holds, except who has the lease: kind by kind, in the order of their numbers, events last.

    Numbers stay what they are: whatever names an entry, an attempt or a blob goes on meaning it.
    """
    given = shown.counters()
    yield given
    yield LastEpoch(shown.last_epoch())
    tasks = list(_tasks(shown, given.task))
    yield from _contexts(shown, max((kept.task.context for kept in tasks), default=0))
    yield from tasks
    for number in range(1, given.graph + 1):
        yield _graph(shown, number)
    for number in range(1, given.source + 1):
        try:
            yield shown.source(number)
        except BrokenInvariantError:
            continue  # one that was needed within a single decision
    yield from (frame for frame in map(shown.frame, range(1, given.frame + 1)) if frame is not None)
    yield from (row.entry for row in shown.rows())
    # Also of entries that are gone: attempts are history.
    yield from chain.from_iterable(map(shown.attempts, range(1, given.entry + 1)))
    yield from shown.stops()
    yield from whole_log(shown)


def restore(records: Iterable[Record], store: Store) -> None:
    """Fill an empty store with what :func:`dump` gave, not in one transaction: keep it to yourself until it is done.

    Raises:
        StorageError: The store does not number contexts from 1 upward, or can't be written.
    """
    stream = iter(records)
    with store.transaction() as transaction:
        first = _restore(transaction, stream)
    events = (event for event in chain(() if first is None else (first,), stream) if isinstance(event, LoggedEvent))
    while page := list(islice(events, _PAGE)):
        with store.transaction() as transaction:
            transaction.add_log(page)


def check(copy: Snapshot, original: Snapshot) -> int:
    """Hold a copy against what it was made from, record by record and place by place; how many records there are.

    Raises:
        UnequalCopyError: They differ.
    """
    number = 0
    for number, (found, expected) in enumerate(zip_longest(_asked(copy), _asked(original)), 1):
        if found != expected:
            raise UnequalCopyError(number, found, expected)
    return number


def _asked(shown: Snapshot) -> Iterator[object]:
    """The records, and what a store answers that it may keep in another form than the records."""
    for record in dump(shown):
        yield record
        # Submissions stand nowhere.
        if isinstance(record, Entry | Frame) and record.frame:
            yield shown.at(record.frame, record.copy, record.node)
        if isinstance(record, Entry):
            yield record.key, shown.text(record.key), shown.attempt(record.key, record.attempt)
    yield shown.keys(), shown.counts(), shown.busy()


def _tasks(shown: Snapshot, last: int) -> Iterator[KeptTask]:
    for number in range(1, last + 1):
        yield KeptTask(number, shown.task(number))


def _contexts(shown: Snapshot, known: int) -> Iterator[KeptContext]:
    number = 0
    while True:
        number += 1
        try:
            yield KeptContext(number, shown.context(number))
        except BrokenInvariantError:
            if number > known:
                return


def _graph(shown: Snapshot, number: int) -> KeptGraph:
    nodes, scopes = graph_parts(shown, number)
    tasks = {node.index: shown.node_task(number, node.index) for node in nodes if isinstance(node.kind, TaskKind)}
    return KeptGraph(number, nodes, scopes, tasks)


def _restore(transaction: Transaction, stream: Iterator[Record]) -> LoggedEvent | None:
    """Everything before the events; the first of these, if there is one."""
    changes, given, stops, first = Changes(), Counters(), [], None
    for record in stream:
        match record:
            case Counters():
                given = record
            case LastEpoch():
                if record.epoch:
                    transaction.set_lease(Lease(record.epoch, "", 0, 0, ""))
                    transaction.set_lease(None)
            case KeptContext():
                if (number := transaction.add_context(record.context)) != record.number:
                    raise StorageError(
                        f"the context {record.number} was given the number {number}; nothing was changed"
                    )
            case KeptTask():
                changes.tasks[record.number] = record.task
            case KeptGraph():
                _add_graph(changes, record)
            case Source():
                changes.sources[record.id] = record
            case Frame():
                changes.new_frames[record.id] = record
            case Entry():
                changes.new_entries[record.key] = record
            case Attempt():
                changes.new_attempts[record.key, record.number] = record
            case PendingStop():
                stops.append(Stop(record.key, record.attempt, record.why))
            case LoggedEvent():
                first = record
                break
    transaction.apply(Decision(changes, tuple(stops), given, ()), ())
    return first


def _add_graph(changes: Changes, kept: KeptGraph) -> None:
    places = [node.kind.task for node in kept.nodes if isinstance(node.kind, TaskKind)]
    # What each node runs is said node by node: after edits, nodes of one task may run different ones.
    anything = (next(iter(kept.tasks.values()), 0),) * (max(places, default=-1) + 1)
    changes.graphs[kept.number] = (Graph((), kept.nodes, kept.scopes), anything)
    changes.node_tasks.update({(kept.number, node): task for node, task in kept.tasks.items()})
