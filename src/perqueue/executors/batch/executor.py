"""The executor for batch systems: submits attempts as jobs and arrays of jobs, and finds out what becomes of them.

Everything that depends on the kind of batch system is in a dialect. What is on its way to the scheduler is in
``submitting.py``; what is with it is in ``account.py``, and ``watch.py`` asks about it. Commands run one at a time and
are never waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import evolve

from perqueue.config import Config
from perqueue.core.records import PendingStop
from perqueue.runner.spool import Spool

from ..protocol import Assignment, Report, Site
from ..reports import lost
from .account import Account
from .clocks import SYSTEM, Clocks
from .commands import Commands
from .dialect import Dialect
from .folders import BatchFolders, Found
from .submitting import Held, Submitting
from .watch import Watch

TRIED: Final = 50
"""Most attempts of a partition that are held back because the scheduler refuses them."""


class BatchExecutor:
    """Runs attempts as jobs of a batch system.

    Args:
        site: The queue.
        config: Partitions, intervals and limits.
        dialect: How to talk to the scheduler.
        commands: What runs its commands; by default as processes of this machine.
        clocks: The time; by default that of this machine.
        explains: Whether the scheduler says why it ended a job. Then a job that is ended from outside leaves that to
            it: seen from inside, the end of a node looks like that of a job which somebody cancelled.
    """

    def __init__(
        self,
        site: Site,
        config: Config,
        dialect: Dialect,
        commands: Commands | None = None,
        clocks: Clocks = SYSTEM,
        *,
        explains: bool = False,
    ) -> None:
        self.name = dialect.name
        self._config, self._dialect, self._clocks, self._explains = config, dialect, clocks, explains
        self._options = config.options(dialect.name)
        self._folders = BatchFolders(site.root, dialect.name)
        self._commands = Commands(self._options.bin) if commands is None else commands
        spool = Spool(site.root, site.queue)
        self._account = Account(spool, self._folders, clocks.unix)
        prefix = f"pq-{site.queue[:12]}-"
        self._submitting = Submitting(dialect, config, self._folders, self._commands, prefix, self, clocks)
        self._watch = Watch(
            *(dialect, self._options, site.root, spool, self._folders, self._commands),
            *(self._account, self._submitting, clocks),
        )
        self._asked_limits = self._options.max_array is not None

    def room(self, partition: str = "") -> int:
        """Up to the caps on jobs.

        While the scheduler refuses something of that partition, no more than a few: others may ask for what it gives,
        but there is no point in recording attempts for all that wait.
        """
        found = self._config.partition(partition)
        room = self._options.max_jobs - len(self._account.tracked)
        back = self._submitting.held_back(partition)
        if back:
            room = min(room, TRIED - back)
        if found is not None and found.max_jobs is not None:
            room = min(room, found.max_jobs - self._account.number(partition))
        return max(0, room)

    def launch(self, assignments: Sequence[Assignment]) -> None:
        """Submit these, equal ones as arrays."""
        new = [assignment for at, assignment in self._given(assignments).items() if at not in self._account.tracked]
        for assignment in new:
            self._account.track(assignment.at, assignment.partition, assignment.queued)
        self._submit(new)
        self._go_on()

    def recover(self, assignments: Sequence[Assignment]) -> None:
        """Find what an earlier owner left: ended, with the scheduler, perhaps with it, or never submitted."""
        places = self._folders.places() if assignments else {}
        given = self._given(assignments)
        for at in places.keys() - given.keys():
            self._account.keep(places[at].tag, at)  # it may have to be stopped
        fresh = []
        for at, assignment in given.items():
            place = places.get(at)
            if self._account.end(at) or at in self._account.tracked:
                continue
            tracked = self._account.track(at, assignment.partition, assignment.queued)
            if place is not None and place.job:
                self._watch.left(tracked)
                job = self._element(place)
                self._account.adopt(tracked, job, place.tag, place.index, tell=job != assignment.job_id)
            elif assignment.job_id:
                self._watch.left(tracked)
                self._account.adopt(tracked, assignment.job_id, tell=False)
            elif place is not None:
                self._submitting.hold_unclear(place, at, assignment.partition, assignment)
                self._watch.look_now()
            else:
                fresh.append(assignment)
        for tag in {place.tag for place in places.values()} - self._submitting.tags:
            self._account.release(tag)
        self._submit(fresh)
        self._go_on()

    def stop(self, stops: Sequence[PendingStop]) -> None:
        """Cancel jobs; what was not submitted has ended at once, and so has what nobody knows."""
        places: dict[tuple[int, int], Found] | None = None
        for stop in stops:
            at = stop.key, stop.attempt
            tracked = self._account.tracked.get(at)
            if tracked is None:
                if self._account.end(at):
                    continue
                places = self._folders.places() if places is None else places
                if at not in places:
                    told = lost(*at, stop.why, "it was to be stopped, and has no job")
                    self._account.reports.append(told)
                    continue
                self._find(stop, places[at])
                tracked = self._account.tracked[at]
            tracked.stopping = stop.why
            if tracked.job:
                self._watch.cancel(tracked)
            elif self._submitting.drop(at):
                self._account.give_up(tracked)
        self._go_on()

    def poll(self) -> list[Report]:
        """What happened since the last call."""
        self._watch.hear_outcomes()
        self._go_on()
        reports, self._account.reports = self._account.reports, []
        if reports:
            self._watch.wake_up()
        return reports

    def descriptors(self) -> list[int]:
        """None: commands are looked after by :meth:`patience`."""
        return []

    def patience(self) -> float:
        """Seconds until a command may have answered, or a look or a submission is due."""
        due = self._commands.patience(), self._submitting.patience(self._clocks.steady()), self._watch.patience()
        return max(0.001, min(due))

    def saturated(self) -> bool:
        """Never: what many jobs report comes in one look."""
        return False

    def close(self) -> None:
        """Let go; jobs go on. A submission that is under way is waited for, so that its id is not lost."""
        self._watch.closing = True
        until = time.monotonic() + 10.0
        while self._commands.busy and time.monotonic() < until:
            self._commands.go_on()
            time.sleep(min(0.05, self._commands.patience()))
        self._watch.write_notes()
        self._commands.close()

    # what becomes of attempts on their way

    def taken(self, held: Held, job: str) -> None:
        """The scheduler has a batch."""
        for index, at in held.elements.items():
            tracked = self._account.tracked.get(at)
            if tracked is None:  # it has ended: its outcome was there first
                continue
            element = self._dialect.element(job, index, held.size)
            self._account.adopt(tracked, element, held.tag, index)
            if tracked.stopping:
                self._watch.cancel(tracked)
        self._account.release(held.tag)
        self._watch.wake_up()

    def wanted(self, at: tuple[int, int]) -> bool:
        """Whether an attempt that the scheduler doesn't have is to be submitted; what is to be stopped has ended."""
        tracked = self._account.tracked.get(at)
        if tracked is not None and tracked.stopping:
            self._account.give_up(tracked)
            return False
        return tracked is not None

    def _go_on(self) -> None:
        self._commands.go_on()
        self._submitting.go_on(self._clocks.steady())
        self._watch.go_on()
        self._commands.go_on()

    def _submit(self, assignments: Sequence[Assignment]) -> None:
        if assignments and not self._asked_limits:
            self._asked_limits = True
            command = self._dialect.limits()
            if command is not None:
                self._submitting.knows_most = False
                self._watch.ask(command, lambda answer: self._submitting.limit(self._dialect.most(answer)))
        self._submitting.add(assignments)

    def _element(self, place: Found) -> str:
        return self._dialect.element(place.job, place.index, place.size)

    def _find(self, stop: PendingStop, place: Found) -> None:
        """Keep account of an attempt that nobody wants any more, and that only its batch's folder tells of."""
        tracked = self._account.track((stop.key, stop.attempt), stop.executor.partition(":")[2], place.made)
        if place.job:
            self._account.adopt(tracked, self._element(place), place.tag, place.index, tell=False)
        else:
            self._submitting.hold_unclear(place, tracked.at, tracked.partition, None)
            self._watch.look_now()

    def _given(self, assignments: Iterable[Assignment]) -> dict[tuple[int, int], Assignment]:
        """Each attempt once."""
        if not self._explains:
            return {assignment.at: assignment for assignment in assignments}
        return {one.at: evolve(one, job=one.job._replace(requeue=True)) for one in assignments}
