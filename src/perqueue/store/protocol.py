"""What every store does: show one consistent state, and change it in transactions.

A *snapshot* is a consistent view for reading. A *transaction* sees the newest state, keeps every other writer out,
and takes effect whole or not at all. A transaction may name the *lease* under which its owner moves the queue; if
somebody else holds the lease by then, committing raises :class:`LeaseLostError` and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from perqueue.core.errors import PerQueueError, StorageError
from perqueue.core.records import Attempt, Context, Entry, PendingStop, SourceRef, StoredTask
from perqueue.core.states import EntryState
from perqueue.core.view import View

if TYPE_CHECKING:  # whoever only lists a queue decides nothing
    from perqueue.core.decision import Decision
    from perqueue.core.events import Event


@frozen
class Lease:
    """The right to move the queue: launching, stopping, and hearing executors.

    Args:
        epoch: Rises with each owner, so that a paused one can't commit late.
        host: Host name of the owner.
        pid: Its process.
        start: Kernel start time of that process, in clock ticks; 0 if unknown.
        boot: Boot id of the host; empty if unknown.
        beat: Rises while the owner lives; judged by whether it changes, never by its value.
    """

    epoch: int
    host: str
    pid: int
    start: int
    boot: str
    beat: int = 0


@frozen
class LoggedEvent:
    """An event of the log: when, what, and the entry it was about (0: none in particular)."""

    seq: int
    at: float
    kind: str
    key: int
    attempt: int
    body: Mapping[str, object]


@frozen
class Row:
    """An entry together with what listings show of it: its newest attempt, and the one whose result stands."""

    entry: Entry
    task: StoredTask
    attempt: Attempt | None
    result: Attempt | None


class LeaseLostError(PerQueueError):
    """Somebody else moves the queue now."""

    def __init__(self, epoch: int, now: int) -> None:
        super().__init__(f"the lease {epoch} was lost: lease {now} moves the queue now; nothing was written")


class BusyStoreError(StorageError):
    """The store stayed locked for longer than it ever should."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(f"{path} stayed locked for {seconds:g} s: another process holds it (see `pq info`); try again")


class Snapshot(View, Protocol):
    """A consistent state, for reading: the planner's view, and what listings ask."""

    def keys(self, states: Iterable[EntryState] | None = None) -> list[int]:
        """Keys of all entries, or of those in some states, ascending."""
        ...

    def rows(self, keys: Sequence[int] | None = None) -> Iterator[Row]:
        """Entries with what listings show, ascending; of these keys, or all."""
        ...

    def counts(self) -> dict[EntryState, int]:
        """How many entries are in each state."""
        ...

    def ready(self, executor: str, limit: int) -> list[int]:
        """Entries that have the goahead and no attempt still being stopped, ascending, at most ``limit``."""
        ...

    def active(self, executor: str) -> list[tuple[int, int]]:
        """(key, attempt) of what is with an executor."""
        ...

    def busy(self) -> bool:
        """Whether anything has the goahead, is with an executor, or is being stopped."""
        ...

    def stops(self) -> list[PendingStop]:
        """Attempts that have to be stopped, ascending."""
        ...

    def text(self, source: SourceRef) -> str | None:
        """What a source holds, as the encoded JSON object, unread."""
        ...

    def attempts(self, key: int) -> list[Attempt]:
        """All attempts of an entry, oldest first; attempts are never forgotten, also where the entry is gone."""
        ...

    def keys_of(self, graph: int) -> list[int]:
        """Keys of all entries of a graph, ascending."""
        ...

    def place_of(self, key: int) -> list[int]:
        """Keys of all entries of the same node of the same graph, this one included."""
        ...

    def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
        """Events in order: all, or those about an entry; after a number."""
        ...

    def context(self, number: int) -> Context:
        """A submission's context."""
        ...

    def lease(self) -> Lease | None:
        """Who moves the queue, if anybody does."""
        ...

    def last_epoch(self) -> int:
        """The epoch of the newest lease, also after it was given back; the next owner's must be higher."""
        ...


class Transaction(Snapshot, Protocol):
    """The newest state, with every other writer kept out."""

    def apply(self, decision: Decision, events: Iterable[Event]) -> None:
        """Store a decision and log the events that it heard.

        Rows that are dropped go before new ones come: these may stand at the same places. The log keeps the records
        of :func:`perqueue.store.eventlog.describe`, which :mod:`perqueue.store.replay` has to find as they were.
        """
        ...

    def settle_stop(self, key: int, attempt: int) -> None:
        """An attempt that had to be stopped has ended."""
        ...

    def add_context(self, context: Context) -> int:
        """Keep a context; equal ones are kept once. Its number."""
        ...

    def set_lease(self, lease: Lease | None) -> None:
        """Take, beat or give back the lease."""
        ...

    def add_log(self, events: Sequence[LoggedEvent]) -> None:
        """Keep events of another store's log as they are; their numbers go on from those that are there.

        Everything else of another store can be kept by what is above: see :mod:`perqueue.store.copying`.
        """
        ...


class Store(Protocol):
    """A queue's durable state."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """A consistent state for reading."""
        ...

    def transaction(self, lease: Lease | None = None) -> AbstractContextManager[Transaction]:
        """Exclusive: commits at the end of the block, or changes nothing if it raises.

        Raises:
            LeaseLostError: ``lease`` is given and is not the one in force.
            BusyStoreError: Another writer would not let go.
        """
        ...

    def version(self) -> int:
        """A number that differs whenever another process has changed the state."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


@frozen
class StorePlugin:
    """A kind of store.

    Args:
        name: What ``pq init -b`` calls it.
        summary: One line for listings.
        create: Make an empty store in a queue's folder, given the path of ``.perqueue``.
        open: Open the store of a queue's folder, given the path of ``.perqueue``.
        files: Names in ``.perqueue`` of all that it keeps there. ``pq migrate`` moves them; without names it can't.
        settle: Makes these files complete by themselves before they are moved, where they aren't always; given the
            path of ``.perqueue``. Raises :class:`BusyStoreError` if another process has them open and would do harm.
    """

    name: str
    summary: str
    create: Callable[[str], None]
    open: Callable[[str], Store]
    files: tuple[str, ...] = ()
    settle: Callable[[str], None] | None = None
