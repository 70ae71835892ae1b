"""The store contract: led through random campaigns, a store answers as the plainest one does after every step.

At the end, its log leads to its state once more, although batches were planned at once and are replayed one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from perqueue.core.errors import UsageError
from perqueue.core.events import Event
from perqueue.core.planner import plan
from perqueue.core.records import Context
from perqueue.store.memory import State
from perqueue.store.protocol import Lease, Store
from perqueue.store.replay import replayed

from .random_campaigns import batch, submitted
from .store_case import Abandoned, StoreCase, same
from .whole_state import answers, differences, history

_STEPS = 50


class CampaignsContract(StoreCase):
    """The differential test: two stores, one story."""

    def test_random_campaigns_side_by_side(self, tmp_path: Path) -> None:
        """After each step of a random campaign every answer is that of the plain state; at the end the log replays."""
        for seed in range(self.walks):
            _Walk(self, tmp_path / str(seed), seed).go()


class _Walk:
    """One campaign, planned twice: on what the store shows, and on the plain state."""

    def __init__(self, case: StoreCase, folder: Path, seed: int) -> None:
        self.case = case
        self.folder = folder
        self.seed = seed
        self.random = Random(seed)
        self.plain = State()

    def go(self) -> None:
        """All steps, with the store closed and opened again now and then."""
        with self.case.made(self.folder) as store:
            taken = self._steps(store, 0)
            self._replay(store)
        while taken < _STEPS:
            with self.case.opened(self.folder) as store:
                self._check(store, taken, "after opening again")
                taken = self._steps(store, taken)
                self._replay(store)

    def _steps(self, store: Store, taken: int) -> int:
        while taken < _STEPS:
            taken += 1
            what = self._step(store)
            self._check(store, taken, what)
            if self.case.lasting and self.random.random() < 0.1:
                break
        return taken

    def _step(self, store: Store) -> str:
        choice = self.random.random()
        if choice < 0.08:
            self._give_up(store)
            return "a transaction was given up"
        if choice < 0.2 and self.plain.pending:
            at = self.random.choice(sorted(self.plain.pending))
            with store.transaction() as transaction:
                transaction.settle_stop(*at)
            self.plain.settle_stop(*at)
            return f"the stop of {at} was settled"
        if choice < 0.26:
            self._mark(store)
            return "a context and a lease were set"
        events = batch(self.random, self.plain)
        self._hear(store, events)
        return f"hearing {events!r}"

    def _hear(self, store: Store, events: Sequence[Event]) -> None:
        """Plan on both sides; both decide the same or refuse the same."""
        refusal = ""
        try:
            decision = plan(self.plain, events)
        except UsageError as error:
            refusal = str(error)
        try:
            with store.transaction() as transaction:
                found = plan(transaction, events)
                transaction.apply(found, found.heard)
        except UsageError as error:
            same(str(error), refusal, f"seed {self.seed}: the refusal of {events!r}")
            return
        same(refusal, "", f"seed {self.seed}: no refusal of {events!r}")
        same(found, decision, f"seed {self.seed}: the decision about {events!r}")
        self.plain.apply(decision, decision.heard)

    def _give_up(self, store: Store) -> None:
        """Write and read a lot, then raise: the plain state hears nothing of it."""
        with suppress(Abandoned, UsageError), store.transaction() as transaction:
            for events in ([submitted(self.random)], batch(self.random, self.plain), [submitted(self.random)]):
                decision = plan(transaction, events)
                transaction.apply(decision, decision.heard)
                answers(transaction)
            raise Abandoned

    def _mark(self, store: Store) -> None:
        context = Context("/python", f"/folder {self.random.randrange(4)} \udcff", (("A", "ü"),))
        epoch = self.plain.epoch + 1
        lease = self.random.choice([None, Lease(epoch, "host", 1, 2, "boot", self.random.randrange(9))])
        with store.transaction() as transaction:
            number = transaction.add_context(context)
            transaction.set_lease(lease)
        same(number, self.plain.add_context(context), f"seed {self.seed}: the number of {context!r}")
        self.plain.set_lease(lease)

    def _check(self, store: Store, step: int, what: str) -> None:
        with store.snapshot() as shown:
            found = answers(shown)
            contexts = {number: shown.context(number) for number in self.plain.contexts}
        different = differences(found, answers(self.plain)) | differences(_named(contexts), _named(self.plain.contexts))
        assert not different, (
            f"seed {self.seed}, step {step}, {what}: answers differ from those of the plain state: "
            + "; ".join(f"{name}: {got!r}, should be {right!r}" for name, (got, right) in list(different.items())[:5])
        )

    def _replay(self, store: Store) -> None:
        with store.snapshot() as shown:
            kept, again = history(shown), history(replayed(shown))
        different = differences(again, kept)
        assert not different, f"seed {self.seed}: replaying the log does not give the stored state: " + "; ".join(
            f"{name}: {got!r}, stored is {right!r}" for name, (got, right) in list(different.items())[:5]
        )


def _named(contexts: dict[int, Context]) -> dict[str, object]:
    return {f"context {number}": context for number, context in contexts.items()}
