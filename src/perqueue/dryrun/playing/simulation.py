"""A campaign played to its end in memory, by the real planner and a virtual clock.

Theory of operation
===================

Time stands still while the planner hears what ended at that moment; what is ready by then is admitted as far as caps on
jobs allow, and jobs begin in the order in which they came, partition by partition, as long as there are nodes for the
first one that waits. How an attempt ends is asked when it starts, and told to the planner when its time has come.
Then the clock goes to the next end. Where nothing is under way and nothing ends any more, it is over.

Nothing is read from a disk or written to one.
"""

from __future__ import annotations

import heapq
from collections import deque

from attrs import define, evolve, field, frozen

from perqueue.core.decision import Decision, Launch
from perqueue.core.events import Admitted, Ended, Submitted
from perqueue.core.planner import plan
from perqueue.core.records import Entry, Outcome, StoredTask, Verdict
from perqueue.core.resources import Resources
from perqueue.core.states import EntryState
from perqueue.engine.requests import growing
from perqueue.store.memory import State

from ..scenarios.spans import PRECISION
from .chains import Chains
from .decisions import Deciders
from .machines import Machines, Place
from .outcomes import Attempted, Ending, Outcomes
from .pool import Pool, Request, Taken
from .submissions import Submission


@frozen
class Run:
    """One attempt that ran.

    Args:
        key: The entry.
        attempt: Which of its attempts.
        turn: The how many-th it was to start.
        place: Where it ran.
        cores: Cores that it held.
        gpus: GPUs that it held.
        queued: When it was admitted. Times are seconds of the virtual clock.
        started: When it started.
        ended: When it ended.
        verdict: How it ended.
        reason: Why, in one word.
    """

    key: int
    attempt: int
    turn: int
    place: Place
    cores: int
    gpus: int
    queued: float
    started: float
    ended: float
    verdict: Verdict
    reason: str


@frozen
class Batch:
    """Attempts that are submitted by one command: a job, or an array of jobs that ask for the same."""

    at: float
    place: Place
    resources: Resources
    attempts: tuple[tuple[int, int], ...]


@define
class _Lane:
    """The entries of a lane that are ready, and its jobs that wait for nodes."""

    place: Place
    pool: Pool
    ready: deque[int] = field(factory=deque)
    waiting: deque[_Job] = field(factory=deque)
    jobs: int = 0


@frozen
class _Job:
    """An admitted attempt."""

    key: int
    attempt: int
    resources: Resources
    request: Request
    queued: float


@frozen
class _Running:
    """A job on its nodes, and how it will end."""

    job: _Job
    turn: int
    lane: _Lane
    taken: Taken
    started: float
    ending: Ending


class Simulation:
    """One queue in memory.

    Args:
        machines: Where tasks run.
        outcomes: How attempts end.
    """

    def __init__(self, machines: Machines, outcomes: Outcomes) -> None:
        self.state = State()
        self.now = 0.0
        self.runs: list[Run] = []
        self.batches: list[Batch] = []
        self.impossible: dict[int, str] = {}
        """Entries whose job can never start, and why."""
        self.chains = Chains()
        self.jobs_at_most = 0
        """Most jobs that schedulers had at once."""
        self.deciders: dict[int, Deciders] = {}
        self._machines, self._outcomes = machines, outcomes
        self._lanes: dict[str, _Lane] = {}
        self._ends: list[tuple[float, int, _Running]] = []
        self._started = 0
        self._by_executor: dict[str, int] = {}

    def submit(self, given: Submission) -> list[int]:
        """Make the entries of a submission; their keys.

        Raises:
            RefusedGroupError: A group can't go on before anything has run.
        """
        context = self.state.add_context(given.context)
        tasks = tuple(self._stored(task, context) for task in given.tasks)
        decision = plan(self.state, [Submitted(self.now, given.graph, tasks)])
        (number,) = decision.changes.graphs
        self.deciders[number] = Deciders(given.graph, number, tuple(task.name for task in tasks))
        self._store(decision)
        self.chains.begin(decision.changes, self.chains.latest if self.now else (0.0, 0))
        return list(decision.changes.new_entries)

    def run(self) -> None:
        """Let the clock go on until nothing happens any more."""
        self._begin()
        while self._ends:
            self.now = self._ends[0][0]
            while self._ends and self._ends[0][0] == self.now:
                self._end(heapq.heappop(self._ends)[2])
            self._begin()

    # what is ready

    def _stored(self, task: StoredTask, context: int) -> StoredTask:
        partition = self._machines.partition(task.resources)
        retry = partition.retry if task.retry is None else task.retry
        resources = growing(task.resources, partition, retry)
        return evolve(task, resources=resources, executor=partition.lane, context=context, retry=retry)

    def _store(self, decision: Decision) -> None:
        # The log would only take memory: nobody reads the history of what never was.
        self.state.apply(decision, ())
        for rows in (decision.changes.entries, decision.changes.new_entries):
            for key in sorted(key for key, entry in rows.items() if entry.state is EntryState.goahead):
                self._lane(rows[key]).ready.append(key)

    def _lane(self, entry: Entry) -> _Lane:
        found = self._lanes.get(entry.executor)
        if found is None:
            place = self._machines.place(self.state.task(entry.task).resources)
            found = self._lanes[entry.executor] = _Lane(place, Pool(place.size))
        return found

    def _begin(self) -> None:
        """Admit what is ready and start what fits."""
        for lane in self._lanes.values():
            if lane.ready:
                self._admit(lane)
            self._start(lane)

    def _room(self, lane: _Lane) -> int:
        room = len(lane.ready)
        if lane.place.size.max_jobs is not None:
            room = min(room, lane.place.size.max_jobs - lane.jobs)
        if lane.place.executor_jobs is not None:
            room = min(room, lane.place.executor_jobs - self._by_executor.get(lane.place.executor, 0))
        return max(0, room)

    def _admit(self, lane: _Lane) -> None:
        keys = [lane.ready.popleft() for _ in range(self._room(lane))]
        if not keys:
            return
        decision = plan(self.state, [Admitted(self.now, key) for key in keys])
        self._store(decision)
        alike: dict[Resources, list[tuple[int, int]]] = {}
        for action in decision.actions:
            if isinstance(action, Launch):
                job = self._job(lane, action)
                alike.setdefault(job.resources, []).append((job.key, job.attempt))
                if why := lane.pool.never(job.request):
                    self.impossible[job.key] = why
                else:
                    lane.waiting.append(job)
        self._count(lane, len(keys))
        if lane.place.max_array:
            self._submit_jobs(lane.place, alike)

    def _job(self, lane: _Lane, launch: Launch) -> _Job:
        attempt = self.state.tries[launch.key, launch.attempt]
        task = self.state.task(self.state.entries[launch.key].task)
        resources = attempt.resources or task.resources
        request = lane.pool.request(self._machines.occupied(resources, lane.place))
        if lane.pool.never(request):  # as where it is refused: a node that failed is better than none
            resources = evolve(resources, avoid=task.resources.avoid)
            request = lane.pool.request(self._machines.occupied(resources, lane.place))
        return _Job(launch.key, launch.attempt, resources, request, self.now)

    def _submit_jobs(self, place: Place, alike: dict[Resources, list[tuple[int, int]]]) -> None:
        for resources, attempts in alike.items():
            for first in range(0, len(attempts), place.max_array):
                together = tuple(attempts[first : first + place.max_array])
                self.batches.append(Batch(self.now, place, resources, together))

    def _count(self, lane: _Lane, more: int) -> None:
        lane.jobs += more
        if lane.place.max_array:
            executor = lane.place.executor
            self._by_executor[executor] = self._by_executor.get(executor, 0) + more
            self.jobs_at_most = max(self.jobs_at_most, sum(self._by_executor.values()))

    # what runs

    def _start(self, lane: _Lane) -> None:
        while lane.waiting and (taken := lane.pool.take(lane.waiting[0].request)) is not None:
            job = lane.waiting.popleft()
            entry = self.state.entries[job.key]
            ending = self._outcomes.ending(
                Attempted(
                    entry,
                    self.state.task(entry.task),
                    job.attempt,
                    job.resources,
                    self.deciders[entry.graph],
                    self.state,
                )
            )
            self._started += 1
            at = round(self.now + ending.seconds, PRECISION)
            heapq.heappush(self._ends, (at, self._started, _Running(job, self._started, lane, taken, self.now, ending)))

    def _end(self, running: _Running) -> None:
        job, ending, lane = running.job, running.ending, running.lane
        host = lane.pool.host(running.taken)
        lane.pool.give_back(running.taken)
        self._count(lane, -1)
        request = running.taken.request
        self.runs.append(
            Run(
                job.key,
                job.attempt,
                running.turn,
                lane.place,
                request.all_cores,
                request.all_gpus,
                job.queued,
                running.started,
                self.now,
                ending.verdict,
                ending.reason,
            )
        )
        outcome = Outcome(
            ending.verdict,
            ending.reason,
            ending.message,
            ending.traceback,
            ending.data,
            started=running.started,
            ended=self.now,
            host=host,
        )
        decision = plan(self.state, [Ended(self.now, job.key, job.attempt, outcome)])
        self.chains.attempted(job.key, self.now - running.started)
        self.chains.ended(job.key, decision.changes)
        self._store(decision)
