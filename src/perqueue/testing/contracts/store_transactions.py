"""The store contract: transactions take effect whole or not at all, one after another, under the lease."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from perqueue.core.errors import StateError, StorageError
from perqueue.core.events import Admitted, Cancelled, Ended, Removed, Resubmitted
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup
from perqueue.core.planner import plan
from perqueue.core.records import Context
from perqueue.store.protocol import BusyStoreError, Lease, LeaseLostError, Store, Transaction

from .store_case import Abandoned, StoreCase, do, ended, give_up, refused, run, same, submission, task
from .whole_state import answers, differences

_CONTEXT = Context("/python", "/folder", (("A", "1"),))


class TransactionsContract(StoreCase):
    """Atomicity, isolation, leases and durability."""

    def test_a_transaction_that_raises_changes_nothing(self, tmp_path: Path) -> None:
        """Whatever was written before an exception is gone, and the handle stays usable."""
        with self.made(tmp_path) as store:
            _fill(store)
            for error in (ValueError("x"), Abandoned(), KeyboardInterrupt()):
                with _unchanged(store), refused(type(error)), store.transaction() as transaction:
                    _write_everything(transaction)
                    raise error
            run(store, 4)

    def test_a_request_that_is_refused_changes_nothing(self, tmp_path: Path) -> None:
        """When the planner refuses an event, those before it in the batch are not kept either."""
        with self.made(tmp_path) as store:
            _fill(store)
            with _unchanged(store), refused(StateError):
                do(store, submission(task("x")), Cancelled(9.0, (1,)))

    def test_a_transaction_reads_its_own_writes(self, tmp_path: Path) -> None:
        """Inside a transaction the state is as written so far."""
        with self.made(tmp_path) as store, store.transaction() as transaction:
            decision = plan(transaction, [submission(task("a") >> task("b"))])
            transaction.apply(decision, decision.heard)
            same(transaction.ready("local", 9), [1], "ready")
            second = plan(transaction, [Admitted(2.0, 1)])
            transaction.apply(second, second.heard)
            same(transaction.active("local"), [(1, 1)], "active")
            same([event.kind for event in transaction.log()], ["submitted", "admitted"], "the log")

    def test_no_transaction_inside_another(self, tmp_path: Path) -> None:
        """A handle that writes can't begin another transaction, and the first one stands."""
        with self.made(tmp_path) as store:
            with store.transaction() as transaction:
                number = transaction.add_context(_CONTEXT)
                with refused(StorageError), store.transaction():
                    pass
            with store.snapshot() as shown:
                same(shown.context(number), _CONTEXT, "what the first transaction wrote")

    def test_a_snapshot_stays_as_it_is(self, tmp_path: Path) -> None:
        """While it is looked at, a snapshot does not change, whoever writes; the next one shows what was written."""
        with self.made(tmp_path) as store, self._another(tmp_path, store) as other:
            _fill(store)
            with store.snapshot() as shown:
                before = answers(shown)
                # A store may also make the writer wait until nobody looks.
                with suppress(BusyStoreError):
                    do(other, submission(task("late")), Resubmitted(9.0, (1,)))
                same(differences(answers(shown), before), {}, "changes of a snapshot")
            do(other, submission(task("later")))
            with store.snapshot() as shown:
                same(
                    "later" in {row.task.name for row in shown.rows()}, True, "the next snapshot shows what was written"
                )

    def test_what_a_rolled_back_transaction_read_is_forgotten(self, tmp_path: Path) -> None:
        """A graph that takes the number of one that was given up is read as it is itself."""
        with self.made(tmp_path) as store:
            with refused(Abandoned), store.transaction() as transaction:
                decision = plan(transaction, [submission(task("a") >> task("b") >> task("c"))])
                transaction.apply(decision, decision.heard)
                for node in range(3):
                    transaction.node(1, node)
                transaction.scope(1, 0)
                give_up()
            event = submission(StaticWidthGroup(task("d") | task("e"), 2))
            do(store, event)
            with store.snapshot() as shown:
                same(shown.node(1, 0), event.graph.nodes[0], "the first node")
                same(shown.scope(1, 0), event.graph.scopes[0], "the first scope")
            run(store, 1, 2, 3, 4)

    def test_numbers_are_never_given_twice(self, tmp_path: Path) -> None:
        """Keys of removed entries are not given again, also not after everything was removed."""
        with self.made(tmp_path) as store:
            given: list[int] = []
            for _ in range(3):
                do(store, submission((task("a") | task("b")) >> (task("c") | task("d"))))
                with store.snapshot() as shown:
                    keys, counters = shown.keys(), shown.counters()
                given += keys
                run(store, *keys[:2], data='{"x":1}')
                do(store, Removed(4.0, tuple(keys)))
                with store.snapshot() as shown:
                    same(shown.keys(), [], "keys after removing all")
                    same(shown.counters().entry, counters.entry, "the highest key after removing all")
        same(given, list(range(1, 13)), "all keys that were given")

    def test_made_and_removed_at_once(self, tmp_path: Path) -> None:
        """What one batch submits, admits and removes leaves its number, its stop and its attempt, and nothing else."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") >> StaticWidthGroup(task("b"), 2)), Admitted(1.0, 1), Removed(1.0, (1,)))
            with store.snapshot() as shown:
                same((shown.keys(), shown.entry(1), list(shown.rows([1]))), ([], None, []), "entries")
                same([attempt.number for attempt in shown.attempts(1)], [1], "attempts")
                same([(stop.key, stop.attempt) for stop in shown.stops()], [(1, 1)], "stops")
                same(shown.counters().entry, 3, "the highest key")

    def test_dropped_and_made_anew_at_once(self, tmp_path: Path) -> None:
        """In one batch a group becomes narrower and wide again: what is new stands where the dropped stood."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") >> DynamicWidthGroup(task("b") >> CyclicalGroup(task("c"))) >> task("d")))
            do(store, Admitted(1.0, 1), ended(1, data='{"pq_dwg_width":3}'))
            with store.snapshot() as shown:
                before = [row.entry for row in shown.rows()]
            again = [(Resubmitted(4.0, (1,)), Admitted(4.0, 1), _wide(1, n, width)) for n, width in ((2, 1), (3, 3))]
            do(store, *(event for events in again for event in events))
            with store.snapshot() as shown:
                after = [row.entry for row in shown.rows()]
                places = [(entry.frame, entry.copy, entry.node) for entry in after]
                same([shown.at(*place) for place in places], [entry.key for entry in after], "what stands there")
                groups = {(e.frame, e.copy, e.node) for e in before if e.index and not e.iteration}
                same(groups <= set(places), True, "whether the group's places are taken again")
                same(len({e.key for e in after} - {e.key for e in before}), 4, "how many entries are new")
                same(len(after), len(before), "how many entries there are")

    def test_the_holder_of_the_lease_writes(self, tmp_path: Path) -> None:
        """The lease in force admits its owner, also after it beat."""
        with self.made(tmp_path) as store:
            lease = _take(store, 1)
            with store.transaction(lease) as transaction:
                transaction.set_lease(Lease(1, "host", 10, 20, "boot", beat=7))
            with store.transaction(lease) as transaction:
                number = transaction.add_context(_CONTEXT)
            with store.snapshot() as shown:
                same(shown.context(number), _CONTEXT, "what the owner wrote")
                same(shown.lease(), Lease(1, "host", 10, 20, "boot", beat=7), "the lease")

    def test_a_lost_lease_writes_nothing(self, tmp_path: Path) -> None:
        """An owner whose lease was taken over, given back or never held is told so, and nothing is written."""
        with self.made(tmp_path) as store:
            _fill(store)
            never = Lease(1, "host", 10, 20, "boot")
            _refuse(store, never)
            first = _take(store, 1)
            second = _take(store, 2)
            _refuse(store, first)
            with store.transaction(second) as transaction:
                transaction.set_lease(None)
            _refuse(store, second)
            _take(store, 3)
            _refuse(store, first)
            _refuse(store, second)

    def test_work_without_the_lease_goes_on(self, tmp_path: Path) -> None:
        """A transaction that names no lease, as a submission does, is never refused for one."""
        with self.made(tmp_path) as store:
            lease = _take(store, 1)
            do(store, submission(task("a")))
            with store.snapshot() as shown:
                same((shown.keys(), shown.lease()), ([1], lease), "what was submitted, and the lease")

    def test_the_last_epoch_outlives_its_lease(self, tmp_path: Path) -> None:
        """The newest epoch is known after the lease was given back, so that the next owner's can be higher."""
        with self.made(tmp_path) as store:
            seen = []
            for lease in (None, Lease(4, "host", 1, 2, "boot"), None, Lease(5, "host", 1, 2, "boot"), None):
                with store.transaction() as transaction:
                    transaction.set_lease(lease)
                with store.snapshot() as shown:
                    seen.append((shown.lease(), shown.last_epoch()))
        same([epoch for _, epoch in seen], [0, 4, 4, 5, 5], "the last epochs")
        same([lease is None for lease, _ in seen], [True, False, True, False, True], "whether nobody holds it")

    def test_opened_again_it_is_as_it_was(self, tmp_path: Path) -> None:
        """Everything is there when the store is opened again, and it goes on from there."""
        with self.made(tmp_path) as store:
            _fill(store)
            with store.snapshot() as shown:
                before = answers(shown)
        with self.opened(tmp_path) as store:
            with store.snapshot() as shown:
                same(differences(answers(shown), before), {}, "changes by opening again")
            highest = before["counters"]
            do(store, submission(task("z")))
            with store.snapshot() as shown:
                same(shown.keys()[-1], getattr(highest, "entry", 0) + 1, "the next key")

    def test_the_version_tells_of_others_commits(self, tmp_path: Path) -> None:
        """The version differs after another handle committed, and only then."""
        with self.made(tmp_path) as store, self.opened(tmp_path) as other:
            seen = [store.version()]
            for _ in range(2):
                do(other, submission(task("a")))
                seen.append(store.version())
            same(len(set(seen)), 3, "how many versions three states have")
            with other.snapshot() as shown:
                shown.keys()
            with suppress(Abandoned), other.transaction() as transaction:
                transaction.add_context(_CONTEXT)
                raise Abandoned
            same(store.version(), seen[-1], "the version after reading and giving up")

    def test_two_handles_take_turns(self, tmp_path: Path) -> None:
        """Each handle goes on from what the other one committed."""
        with self.made(tmp_path) as store, self.opened(tmp_path) as other:
            do(store, submission(task("a") >> task("b") >> task("c")))
            do(other, Admitted(2.0, 1))
            do(store, ended(1))
            do(other, Admitted(2.0, 2))
            do(store, ended(2, data='{"x":1}'))
            for handle in (store, other):
                with handle.snapshot() as shown:
                    same((shown.ready("local", 9), shown.data(2)), ([3], {"x": 1}), "what either handle shows")

    @contextmanager
    def _another(self, folder: Path, store: Store) -> Iterator[Store]:
        if not self.lasting:
            yield store
            return
        with self.opened(folder) as other:
            yield other


def _fill(store: Store) -> None:
    """A queue with something of everything; 1 to 3 have succeeded, 4 is ready."""
    do(store, submission((task("a") | task("b")) >> StaticWidthGroup(task("c"), 1) >> (task("d") | task("e"))))
    run(store, 1, 2, data='{"x":1}')
    run(store, 3, data='{"y":2}')
    with store.transaction() as transaction:
        transaction.add_context(_CONTEXT)


def _write_everything(transaction: Transaction) -> None:
    changed = Context("/other", "/folder", ())
    transaction.add_context(changed)
    transaction.set_lease(Lease(9, "host", 1, 2, "boot"))
    for events in ([submission(task("x") >> task("y"))], [Admitted(8.0, 4)], [Resubmitted(9.0, (1,))]):
        decision = plan(transaction, events)
        transaction.apply(decision, decision.heard)
    decision = plan(transaction, [Removed(9.0, (2,))])
    transaction.apply(decision, decision.heard)
    transaction.settle_stop(4, 1)


def _wide(key: int, attempt: int, width: int) -> Ended:
    return ended(key, attempt, data=f'{{"pq_dwg_width":{width}}}')


@contextmanager
def _unchanged(store: Store) -> Iterator[None]:
    with store.snapshot() as shown:
        before = answers(shown)
    yield
    with store.snapshot() as shown:
        same(differences(answers(shown), before), {}, "what changed")


def _take(store: Store, epoch: int) -> Lease:
    lease = Lease(epoch, "host", 10, 20, "boot")
    with store.transaction() as transaction:
        transaction.set_lease(lease)
    return lease


def _refuse(store: Store, lease: Lease) -> None:
    with _unchanged(store), refused(LeaseLostError), store.transaction(lease) as transaction:
        _write_everything(transaction)
