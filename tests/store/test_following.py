"""A handle that stays with its queue when the queue is moved to another store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from perqueue.core.errors import StorageError
from perqueue.store.copying import dump, restore
from perqueue.store.following import FollowingStore
from perqueue.store.memory import MemoryStore, State
from perqueue.store.protocol import Lease, LeaseLostError
from perqueue.testing.contracts.store_case import do, submission, task


class Moved(MemoryStore):
    """A store that is left while somebody waits to write to it."""

    def __init__(self, queue: Queue, *, gone: bool = False) -> None:
        super().__init__()
        self.queue, self.gone = queue, gone

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[State]:
        self.queue.move()
        if self.gone:
            raise StorageError("it does not exist")
        with super().transaction(lease) as transaction:
            yield transaction


class Queue:
    """Two stores, of which one counts."""

    def __init__(self) -> None:
        self.stores = {"one": MemoryStore(), "other": MemoryStore()}
        self.counts: str | None = "one"
        self.opened: list[str] = []

    def open(self, name: str) -> MemoryStore:
        self.opened.append(name)
        return self.stores[name]

    def handle(self) -> FollowingStore:
        return FollowingStore("one", lambda: self.counts, self.open)

    def move(self) -> None:
        if self.counts != "other":
            restore(dump(self.stores["one"].state), self.stores["other"])
            self.counts = "other"


def names(store: FollowingStore) -> list[str]:
    with store.snapshot() as shown:
        return [row.task.name for row in shown.rows()]


def test_it_goes_on_in_the_store_that_counts() -> None:
    """What was open before the move reads and writes the new store afterwards, and never the old one."""
    queue = Queue()
    store = queue.handle()
    do(store, submission(task("a")))
    queue.move()
    assert names(store) == ["a"]
    do(store, submission(task("b")))
    assert names(store) == ["a", "b"]
    assert len(queue.stores["one"].state.entries) == 1
    assert queue.opened == ["one", "other"]


@pytest.mark.parametrize("gone", [False, True], ids=["still there", "put aside"])
def test_a_writer_that_waited_for_the_move_writes_to_the_new_store(*, gone: bool) -> None:
    """Whoever is let in by the old store after the queue was moved, or finds it gone, turns to the new one."""
    queue = Queue()
    queue.stores["one"] = Moved(queue, gone=gone)
    do(queue.handle(), submission(task("a")))
    assert queue.stores["one"].state.entries == {}
    assert len(queue.stores["other"].state.entries) == 1


def test_an_error_of_the_store_that_counts_is_told() -> None:
    """An error is not taken for a move."""
    queue = Queue()
    queue.counts = "other"
    queue.stores["other"] = Moved(queue, gone=True)
    with pytest.raises(StorageError, match="it does not exist"):
        do(queue.handle(), submission(task("a")))


def test_a_lost_lease_is_told() -> None:
    """The lease that was in force before the move is none afterwards."""
    queue = Queue()
    store = queue.handle()
    lease = Lease(1, "host", 1, 2, "boot")
    with store.transaction() as transaction:
        transaction.set_lease(lease)
    queue.move()
    with pytest.raises(LeaseLostError), store.transaction(lease):
        pass


def test_a_snapshot_stays_in_its_store_while_it_is_looked_at() -> None:
    """A move does not change what is being looked at; the next look follows."""
    queue = Queue()
    store = queue.handle()
    do(store, submission(task("a")))
    with store.snapshot() as shown:
        queue.move()
        do(queue.stores["other"], submission(task("b")))
        assert shown.keys() == [1]
        assert store.version() == store.version()
    assert names(store) == ["a", "b"]


def test_a_move_is_another_version() -> None:
    """Whoever waits for news hears of a move, however the two stores count."""
    queue = Queue()
    store = queue.handle()
    before = store.version()
    queue.move()
    assert store.version() != before


def test_nobody_can_tell_which_counts() -> None:
    """Where the queue's folder was moved away, the handle goes on with what it has."""
    queue = Queue()
    store = queue.handle()
    queue.counts = None
    do(store, submission(task("a")))
    assert names(store) == ["a"]
    assert queue.opened == ["one"]


def test_giving_up_is_passed_on() -> None:
    """A transaction that raises is given up, and not tried again."""
    queue = Queue()
    store = queue.handle()
    with suppress(ZeroDivisionError), store.transaction() as transaction:
        transaction.set_lease(Lease(1, "host", 1, 2, "boot"))
        raise ZeroDivisionError
    assert queue.stores["one"].state.holder is None
