"""The store contract: everything it keeps can be taken out of it, and everything of another store put into it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

from perqueue.core.errors import UsageError
from perqueue.core.events import Admitted, Edited, Removed, Resubmitted
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.planner import plan
from perqueue.core.records import Context
from perqueue.store.copying import UnequalCopyError, check, dump, restore
from perqueue.store.memory import MemoryStore, State
from perqueue.store.protocol import Lease, Store

from .random_campaigns import batch
from .store_case import StoreCase, do, ended, refused, run, same, stored, submission, task
from .store_records import TEXTS
from .whole_state import answers, differences


class CopyingContract(StoreCase):
    """What ``pq migrate`` does: to this store, from it, and there and back."""

    def test_a_queue_is_taken_over_from_another_store(self, tmp_path: Path) -> None:
        """What the plain store keeps of a random campaign is in this one afterwards, under the same numbers."""
        for seed in range(min(self.walks, 4)):
            plain = _campaign(Random(seed))
            with self.made(tmp_path / str(seed)) as store:
                restore(dump(plain.state), store)
                self._same(store, plain)

    def test_a_queue_is_handed_over_to_another_store(self, tmp_path: Path) -> None:
        """What this store keeps of a random campaign is in the plain one afterwards, and in another of its kind."""
        plain = _campaign(Random(7))
        with self.made(tmp_path / "one") as store, self.made(tmp_path / "other") as other:
            restore(dump(plain.state), store)
            back = MemoryStore()
            with store.snapshot() as shown:
                restore(dump(shown), back)
                restore(dump(shown), other)
            self._same(other, back)

    def test_a_store_that_took_over_goes_on(self, tmp_path: Path) -> None:
        """Keys, events, contexts and epochs go on from those that were taken over."""
        plain = MemoryStore()
        _fill(plain)
        with self.made(tmp_path) as store:
            restore(dump(plain.state), store)
            for each in (store, plain):
                with each.transaction() as transaction:
                    same(transaction.lease(), None, "the lease, which is not copied")
                    same(transaction.add_context(Context("/new", "/f", ())), 3, "the next context")
                    transaction.set_lease(Lease(transaction.last_epoch() + 1, "host", 1, 2, "boot"))
                do(each, submission(task("later")))
                run(each, 3)
            self._same(store, plain)
            with store.snapshot() as shown:
                same(shown.last_epoch(), 6, "the epoch")

    def test_an_empty_queue_is_taken_over(self, tmp_path: Path) -> None:
        """A queue in which nothing happened is a copy of another one."""
        with self.made(tmp_path) as store:
            restore(dump(State()), store)
            self._same(store, MemoryStore())

    def test_a_copy_that_differs_is_noticed(self, tmp_path: Path) -> None:
        """A row or an event that is not as it was is told apart."""
        plain = MemoryStore()
        _fill(plain)
        with self.made(tmp_path) as store:
            restore(dump(plain.state), store)
            do(store, Admitted(9.0, 3))
            with store.snapshot() as shown, refused(UnequalCopyError):
                check(shown, plain.state)

    def _same(self, store: Store, plain: MemoryStore) -> None:
        """Equal in what is copied, and in what is answered; also to a handle that is opened afterwards."""
        with store.snapshot() as shown:
            check(shown, plain.state)
            found, expected = answers(shown), answers(plain.state)
        same(differences(found, expected), {}, "what differs")


def _campaign(random: Random) -> MemoryStore:
    """What a random campaign leaves in the plain store."""
    plain = MemoryStore()
    for _ in range(40):
        with suppress(UsageError), plain.transaction() as transaction:
            decision = plan(transaction, batch(random, plain.state))
            transaction.apply(decision, decision.heard)
    with plain.transaction() as transaction:
        for text in TEXTS:
            transaction.add_context(Context(text, text, (("A", text),)))
    return plain


def _fill(store: Store) -> None:
    """A queue with an edit, attempts of a removed entry, a pending stop, contexts and an epoch."""
    with store.transaction() as transaction:
        transaction.add_context(Context("/python", "/folder", (("A", "1"),)))
        transaction.add_context(Context("/python", "/other", ()))
        transaction.set_lease(Lease(5, "host", 1, 2, "boot"))
        transaction.set_lease(None)
    do(store, submission(task("a") >> task("b")))
    do(store, submission(StaticWidthGroup(task("c"), 3)))
    run(store, 1, data='{"x":1}')
    do(store, Admitted(4.0, 2), Resubmitted(5.0, (1,)), Admitted(6.0, 1), ended(1, 2))
    do(store, Edited(7.0, (4,), stored(task("d"), "slurm"), everywhere=True))
    do(store, Admitted(7.0, 5), Removed(8.0, (5,)))
