"""One tick: facts, plan, commit, act. The only place where store, planner and executors meet.

Whoever holds the lease may tick, as often as it likes; every tick is the same code. Facts that were gathered are kept
until a transaction that holds them has been committed, and nothing is launched before its attempt is committed. What
was recorded and not handed to an executor is kept in mind, too: a commit that raised may stand nevertheless.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence

from perqueue.config import Config, lane_executor
from perqueue.core.decision import Decision, Launch
from perqueue.core.errors import StorageError
from perqueue.core.events import Admitted, Cancelled, Ended
from perqueue.core.planner import plan
from perqueue.core.records import PendingStop
from perqueue.executors.protocol import Assignment, Executor, Report
from perqueue.executors.reports import scan
from perqueue.store.protocol import Lease, Store, Transaction

from .folder import QueueFolder
from .launches import UNUSABLE, Assignments


class UnusableFilesError(StorageError):
    """The operating system refused something that moving a queue takes."""

    def __init__(self, root: str, error: OSError) -> None:
        super().__init__(f"the queue in {root} can't be moved now: {error}; what was committed stands")


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
        self._unadopted: set[str] = set()
        self._unlaunched: set[tuple[int, int]] = set()
        self._stuck: set[int] = set()
        self._gave_up = False
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
        """Have the next tick give executors what an earlier owner left with them; ``only``: those of these names."""
        self._unadopted.update(name for name in self._executors if only is None or name in only)

    def hear(self, executor: Executor) -> None:
        """Take in what an executor has to report, for the next transaction; also before it is let go."""
        self._facts += executor.poll()

    @property
    def restless(self) -> bool:
        """Whether there is something for another tick at once, of which nobody else will tell."""
        return bool(self._facts or self._unadopted) or self._gave_up

    def tick(self, *, look: bool = False) -> bool:
        """Once round; ``look``: read the whole spool too. Whether anything is left to do or to wait for.

        Raises:
            StorageError: The queue's files can't be read or written now. Nothing is lost, and what was committed but
                not handed to executors is handed to them by the next tick that comes so far.
            LeaseLostError: Somebody else moves the queue now.
        """
        try:
            if self._unadopted or self._unlaunched:
                self._catch_up()
            return self._move(look=look)
        except OSError as error:
            raise UnusableFilesError(self._folder.root, error) from error

    def _catch_up(self) -> None:
        """Hand over what was recorded and never handed to these executors, and still stands.

        An earlier owner left it; or a commit raised and nevertheless stands, which shows only now; or something went
        wrong between a commit and the launch.
        """
        self._look()
        left: dict[str, list[Assignment]] = {}
        launches: dict[str, list[Assignment]] = {}
        unfit: list[Ended] = []
        with self._store.transaction(self.lease) as state:
            self._commit_facts(state)
            for lane, executor, _ in self._lanes:
                active = state.active(lane)
                adopted = executor.name in self._unadopted
                mine = active if adopted else [at for at in active if at in self._unlaunched]
                made, ends = self._assignments.prepared(state, mine)
                if made or adopted:
                    (left if adopted else launches).setdefault(executor.name, []).extend(made)
                unfit += ends
        self._settle_files()
        self._fail(unfit)
        for name, assignments in left.items():
            self._executors[name].recover(assignments)
            self._unadopted.discard(name)
            self._unlaunched.difference_update(assignment.at for assignment in assignments)
        self._launch(launches)
        # What is left doesn't stand, or has no lane here.
        self._unadopted.clear()
        self._unlaunched.clear()

    def _move(self, *, look: bool) -> bool:
        for executor in self._executors.values():
            self.hear(executor)
        if look:
            self._look()
        launches: dict[str, list[Assignment]] = {}
        unfit: list[Ended] = []
        with self._store.transaction(self.lease) as state:
            self._gave_up = False
            self._commit_facts(state)
            for lane, executor, partition in self._lanes:
                # Room may be shared between partitions.
                room = executor.room(partition) - len(launches.get(executor.name, ()))
                keys = self._ready(state, lane, room) if room > 0 else []
                if keys:
                    made, ends = self._assignments.prepared(state, self._admit(state, keys))
                    launches.setdefault(executor.name, []).extend(made)
                    unfit += ends
            stops = state.stops()
            busy = state.busy()
        self._settle_files()
        self._fail(unfit)
        self._launch(launches)
        self._stop(stops)
        return busy

    def _look(self) -> None:
        """Read the spool. What was read before and is not committed yet, on a full disk, is not kept twice."""
        known = {(fact.key, fact.attempt) for fact in self._facts if isinstance(fact, Ended)}
        self._facts += [end for end in scan(self._spool) if (end.key, end.attempt) not in known]

    def _commit_facts(self, state: Transaction) -> None:
        if not self._facts:
            return
        try:
            decision = plan(state, self._facts)
        except UNUSABLE:
            # One of them meets something that can't be: the others must still count.
            self._commit_one_by_one(state)
        else:
            state.apply(decision, decision.heard)
        pending = {(stop.key, stop.attempt) for stop in state.stops()}
        for fact in self._facts:
            if isinstance(fact, Ended) and (fact.key, fact.attempt) in pending:
                state.settle_stop(fact.key, fact.attempt)

    def _commit_one_by_one(self, state: Transaction) -> None:
        for fact in self._facts:
            try:
                decision = self._decide(state, fact)
            except UNUSABLE as error:
                self._say(f"left out {type(fact).__name__} of entry {fact.key}: {type(error).__name__}: {error}")
                continue
            state.apply(decision, decision.heard)

    def _decide(self, state: Transaction, fact: Report) -> Decision:
        try:
            return plan(state, [fact])
        except UNUSABLE:
            entry = state.entry(fact.key)
            ours = entry is not None and entry.state.active and entry.attempt == fact.attempt
            if not ours or not isinstance(fact, Ended):
                raise
            # Its task may be what can't be read. Only retries ask for that, and what is given up has none.
            return plan(state, [Cancelled(fact.at, (fact.key,)), fact])

    def _settle_files(self) -> None:
        """What was committed has been read."""
        facts, self._facts = self._facts, []
        for fact in facts:
            if isinstance(fact, Ended):
                self._spool.settle(fact.key, fact.attempt)

    def _ready(self, state: Transaction, lane: str, room: int) -> list[int]:
        """Entries to admit, but for those that can neither be admitted nor given up."""
        found = state.ready(lane, room + len(self._stuck))
        return [key for key in found if key not in self._stuck][:room]

    def _admit(self, state: Transaction, keys: list[int]) -> list[tuple[int, int]]:
        """Record attempts, to be launched once that is committed."""
        now = time.time()
        try:
            decision = plan(state, [Admitted(now, key) for key in keys])
        except UNUSABLE:
            return [at for key in keys for at in self._admit_one(state, Admitted(now, key))]
        return self._record(state, decision)

    def _admit_one(self, state: Transaction, event: Admitted) -> list[tuple[int, int]]:
        try:
            decision = plan(state, [event])
        except UNUSABLE as error:
            self._give_up(state, event, error)
            return []
        return self._record(state, decision)

    def _record(self, state: Transaction, decision: Decision) -> list[tuple[int, int]]:
        state.apply(decision, decision.heard)
        recorded = [(action.key, action.attempt) for action in decision.actions if isinstance(action, Launch)]
        # Until an executor has them; the commit may raise and stand nevertheless.
        self._unlaunched.update(recorded)
        return recorded

    def _give_up(self, state: Transaction, event: Admitted, error: Exception) -> None:
        """No attempt of an entry can be recorded: it must not keep others waiting."""
        self._say(f"entry {event.key} can't be launched, and is given up: {type(error).__name__}: {error}")
        try:
            decision = plan(state, [Cancelled(event.at, (event.key,))])
        except UNUSABLE:
            self._stuck.add(event.key)
        else:
            state.apply(decision, decision.heard)
            self._gave_up = True

    def _fail(self, unfit: Sequence[Ended]) -> None:
        """Attempts for which no job can be made have ended: the next tick commits that."""
        self._facts += unfit
        self._unlaunched.difference_update((end.key, end.attempt) for end in unfit)

    def _launch(self, launches: Mapping[str, Sequence[Assignment]]) -> None:
        for name, assignments in launches.items():
            # Whatever it raises, it has been given them.
            self._unlaunched.difference_update(assignment.at for assignment in assignments)
            self._executors[name].launch(assignments)

    def _stop(self, stops: Sequence[PendingStop]) -> None:
        for name, executor in self._executors.items():
            new = [s for s in stops if lane_executor(s.executor) == name and (s.key, s.attempt) not in self._stopping]
            if new:
                executor.stop(new)
        self._stopping = {(stop.key, stop.attempt) for stop in stops}
