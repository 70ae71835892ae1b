"""The store that lives as long as its process."""

from __future__ import annotations

from pathlib import Path

from perqueue.store.memory import MemoryStore
from perqueue.testing.contracts.store_case import do, submission, task
from perqueue.testing.contracts.stores import StoreContract


class TestMemoryStore(StoreContract):
    lasting = False

    def make_store(self, folder: Path) -> MemoryStore:
        return MemoryStore()


def test_each_transaction_is_a_new_version() -> None:
    """The version rises with each transaction that commits."""
    store = MemoryStore()
    before = store.version()
    do(store, submission(task()))
    assert store.version() > before


def test_two_stores_share_nothing() -> None:
    """What one store keeps is not in another."""
    one, other = MemoryStore(), MemoryStore()
    do(one, submission(task()))
    with other.snapshot() as shown:
        assert shown.keys() == []


def test_a_snapshot_is_the_state_as_it_was() -> None:
    """A transaction that commits while a snapshot is held leaves the snapshot alone."""
    store = MemoryStore()
    with store.snapshot() as shown:
        do(store, submission(task()))
        assert shown.keys() == []
