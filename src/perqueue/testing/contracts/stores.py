"""The contract of :class:`perqueue.store.protocol.Store`, as tests that any implementation can run.

A package that brings a store subclasses it in its tests::

    class TestMyStore(StoreContract):
        def make_store(self, folder):
            return MyStore.create(folder / "queue")

        def reopen_store(self, folder):
            return MyStore(folder / "queue")

pytest then finds all tests. ``lasting = False`` is for a store that has one handle and dies with it.
"""

from __future__ import annotations

from .store_answers import AnswersContract
from .store_campaigns import CampaignsContract
from .store_copying import CopyingContract
from .store_records import RecordsContract
from .store_replay import ReplayContract
from .store_transactions import TransactionsContract


class StoreContract(
    RecordsContract, AnswersContract, TransactionsContract, ReplayContract, CopyingContract, CampaignsContract
):
    """Everything that a store must keep: records, answers, transactions, history, copies, and all of it at random."""


__all__ = ["StoreContract"]
