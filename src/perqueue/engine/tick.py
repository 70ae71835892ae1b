"""One tick: facts, plan, commit, act. The only place where store, planner and executors meet.

Whoever holds the lease may tick, as often as it likes; every tick is the same code. Facts that were gathered are kept
until a transaction that holds them has been committed, and nothing is launched before its attempt is committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence

from perqueue.config import Config, lane_executor
from perqueue.core.decision import Launch
from perqueue.core.errors import BrokenInvariantError
from perqueue.core.events import Admitted, Ended, Event
from perqueue.core.planner import plan
from perqueue.core.records import PendingStop
from perqueue.executors.protocol import Assignment, Executor, Report
from perqueue.executors.reports import scan
from perqueue.store.protocol import Lease, Store, Transaction

from .folder import QueueFolder
from .launches import Assignments


class Mover:
    """Moves one queue, for as long as its lease holds.

    Args:
        folder: The queue.
        store: Its state.
        executors: Those that may launch here.
        config: The configuration.
        lease: The right to move the queue.
        say: Where to report what should not happen, a line each.
    """

    def __init__(
        self,
        folder: QueueFolder,
        store: Store,
        executors: Sequence[Executor],
        config: Config,
        lease: Lease,
        say: Callable[[str], None],
    ) -> None:
        self.lease = lease
        self._store, self._say, self._folder = store, say, folder
        self._spool = folder.spool()
        self._facts: list[Report] = []
        self._stopping: set[tuple[int, int]] = set()
        self.configure(executors, config)

    def configure(self, executors: Sequence[Executor], config: Config) -> None:
        """Go on with these executors, under this configuration."""
        self._executors = {executor.name: executor for executor in executors}
        self._stopping = set()  # they have not been asked yet
        # One executor has room for several partitions; what several executors have is one lane each.
        self._lanes = [
            (lane, self._executors[name], partition)
            for lane, (name, partition) in config.lanes.items()
            if name in self._executors
        ]
        self._assignments = Assignments(self._folder, config)

    def recover(self, only: Container[str] | None = None) -> None:
        """Give the executors what an earlier owner left with them; ``only``: those of these names."""
        self._facts += scan(self._spool)
        with self._store.transaction(self.lease) as state:
            self._commit_facts(state)
            left: dict[str, list[Assignment]] = {}
            for lane, executor, _ in self._lanes:
                if only is not None and executor.name not in only:
                    continue
                found = [self._assignments.prepare(state, key, attempt) for key, attempt in state.active(lane)]
                left.setdefault(executor.name, []).extend(found)
        self._settle_files()
        for name, assignments in left.items():
            self._executors[name].recover(assignments)

    def tick(self, *, look: bool = False) -> bool:
        """Once round; ``look``: read the whole spool too. Whether anything is left to do or to wait for."""
        for executor in self._executors.values():
            self._facts += executor.poll()
        if look:
            self._facts += scan(self._spool)
        launches: dict[str, list[Assignment]] = {}
        with self._store.transaction(self.lease) as state:
            self._commit_facts(state)
            for lane, executor, partition in self._lanes:
                # Room may be shared between partitions.
                room = executor.room(partition) - len(launches.get(executor.name, ()))
                keys = state.ready(lane, room) if room > 0 else []
                if keys:
                    launches.setdefault(executor.name, []).extend(self._admit(state, keys))
            stops = state.stops()
            busy = state.busy()
        self._settle_files()
        for name, assignments in launches.items():
            self._executors[name].launch(assignments)
        self._stop(stops)
        return busy

    def _commit_facts(self, state: Transaction) -> None:
        if not self._facts:
            return
        try:
            decision = plan(state, self._facts)
            state.apply(decision, decision.heard)
        except BrokenInvariantError:
            # One of them meets something that can't be: the others must still count.
            self._commit_one_by_one(state)
        pending = {(stop.key, stop.attempt) for stop in state.stops()}
        for fact in self._facts:
            if isinstance(fact, Ended) and (fact.key, fact.attempt) in pending:
                state.settle_stop(fact.key, fact.attempt)

    def _commit_one_by_one(self, state: Transaction) -> None:
        for fact in self._facts:
            try:
                decision = plan(state, [fact])
            except BrokenInvariantError as error:
                self._say(f"left out {type(fact).__name__} of entry {fact.key}: {error}")
                continue
            state.apply(decision, decision.heard)

    def _settle_files(self) -> None:
        """What was committed has been read."""
        facts, self._facts = self._facts, []
        for fact in facts:
            if isinstance(fact, Ended):
                self._spool.settle(fact.key, fact.attempt)

    def _admit(self, state: Transaction, keys: list[int]) -> list[Assignment]:
        now = time.time()
        events: list[Event] = [Admitted(now, key) for key in keys]
        decision = plan(state, events)
        state.apply(decision, decision.heard)
        return [
            self._assignments.prepare(state, action.key, action.attempt)
            for action in decision.actions
            if isinstance(action, Launch)
        ]

    def _stop(self, stops: Sequence[PendingStop]) -> None:
        for name, executor in self._executors.items():
            new = [s for s in stops if lane_executor(s.executor) == name and (s.key, s.attempt) not in self._stopping]
            if new:
                executor.stop(new)
        self._stopping = {(stop.key, stop.attempt) for stop in stops}
