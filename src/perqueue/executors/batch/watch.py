"""Asks the scheduler about all attempts at once, and judges what it hears.

Outcome files are looked for at every poll. The scheduler is asked at intervals that grow while nothing changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from attrs import define

from perqueue.config import ExecutorOptions
from perqueue.core.events import Started
from perqueue.runner.spool import Spool, parse_name

from ..notes import Note, Notes, read_notes, write_notes
from .account import Account
from .clocks import Clocks
from .commands import Commands, Errand
from .dialect import Answer, Command, Dialect, Down, Listing, NoHistory, Phase
from .folders import BatchFolders
from .seen import Seen
from .submitting import Submitting
from .surroundings import scheduler_env
from .tracking import LAST_WORDS, Tracked

_GROWTH: Final = 1.5
_AT_ONCE: Final = 1000
"""Most ids that one command is given."""
_AGAIN: Final = 60.0
"""Seconds after which a job that still runs is cancelled once more."""
_PAUSE: Final = 0.05
"""Seconds between two looks into the spool: local tasks may have us polled a thousand times in a second."""
_SOON: Final = 1.0
"""Seconds until the first look for a batch that may have been submitted."""
_FIRST_REST, _LONGEST_REST = 30.0, 3600.0
"""Seconds for which the accounting is left alone that isn't there: the first time, and after many."""
_NEVER: Final = float("-inf")


@define
class _Round:
    """One look at all clusters that may have jobs, each of which has its own answer.

    Args:
        asked: When it began.
        left: How many haven't answered.
        news: Whether something has changed.
        down: Why one can't be asked.
    """

    asked: float
    left: int
    news: bool = False
    down: str = ""


@define
class _Rest:
    """Until when a cluster's accounting is not asked, and for how long the next time."""

    until: float = _NEVER
    seconds: float = _FIRST_REST

    def begin(self, now: float) -> None:
        """It isn't there; it may be so for a moment, or for ever."""
        self.until, self.seconds = now + self.seconds, min(_LONGEST_REST, 2 * self.seconds)


class Watch:
    """Keeps an eye on the attempts that are with a scheduler, or held back from it.

    Args:
        dialect: How to talk to it.
        options: Intervals and limits.
        root: The queue's folder.
        spool: Where attempts report.
        folders: Where batches lie.
        commands: What runs commands.
        account: The attempts.
        submitting: Those that the scheduler doesn't have.
        clocks: The time. Whatever is waited for goes by the steady one: arguments called ``now`` and ``asked``.
    """

    def __init__(
        self,
        dialect: Dialect,
        options: ExecutorOptions,
        root: str,
        spool: Spool,
        folders: BatchFolders,
        commands: Commands,
        account: Account,
        submitting: Submitting,
        clocks: Clocks,
    ) -> None:
        self._dialect, self._options, self._root, self._spool = dialect, options, root, spool
        self._folders, self._commands, self._account, self._submitting = folders, commands, account, submitting
        self._clocks = clocks
        self._cancelling: list[str] = []
        notes = read_notes(root, dialect.name)
        self._absent = notes.absences()
        # Who moves the queue may change often: all of them together look once in an interval.
        self._interval, self._soon = min(max(options.interval, notes.interval), options.max_interval), _SOON
        self._looked = min(clocks.unix(), notes.looked)
        """When somebody last looked, as Unix time."""
        self._before = clocks.steady() - clocks.age(notes.looked)
        """When an earlier owner did."""
        self._next_look = self._before + self._interval
        self._listed: dict[str, float] = {}
        """When each cluster last answered."""
        self._looking = False
        self._rests: dict[str, _Rest] = {}
        self._down = ""
        self._written, self._reasons = notes, dict[tuple[int, int], str]()
        self._heard = _NEVER
        self.closing = False
        """Whether nobody hears reports any more: whoever is the next to ask finds these ends again."""

    # the account

    def left(self, tracked: Tracked) -> None:
        """It was an earlier owner's, who may have missed it already."""
        tracked.absent, tracked.missed_at = self._absent.pop(tracked.name, None), self._before

    def cancel(self, tracked: Tracked) -> None:
        """Have its job cancelled; the end is reported when it comes."""
        tracked.asked_to_stop = self._clocks.steady()
        self._cancelling.append(tracked.job)

    # asking

    def go_on(self) -> None:
        """Cancel what is to be cancelled, and look if it is time to."""
        now = self._clocks.steady()
        while self._cancelling:
            ids, self._cancelling = self._cancelling[:_AT_ONCE], self._cancelling[_AT_ONCE:]
            for command in self._dialect.cancel(ids):
                self.ask(command, _nothing)  # whether it worked, the next look tells
        if not self._looking and self._wanted and self._patience(now) <= 0:
            self._look(now)
        if self._reasons or self._submitting.reasons:
            self._tell_reasons()

    def patience(self) -> float:
        """Seconds until a look is due."""
        return 3600.0 if self._looking or not self._wanted else max(0.0, self._patience(self._clocks.steady()))

    def look_now(self) -> None:
        """Don't wait for the end of the interval."""
        self._next_look = self._clocks.steady()

    def wake_up(self) -> None:
        """Something changes: look more often again."""
        self._interval = self._options.interval
        self._look_within(self._interval)

    def _look_within(self, seconds: float) -> None:
        self._next_look = min(self._next_look, self._clocks.steady() + seconds)

    @property
    def _wanted(self) -> bool:
        return bool(self._account.submitted or self._submitting.unclear)

    def _patience(self, now: float) -> float:
        if self._submitting.unclear:
            sure = self._submitting.sure_in(now)
            self._look_within(min(self._soon, sure) if sure > 0 else self._soon)
        return self._next_look - now

    def ask(self, command: Command, heard: Callable[[Answer], None]) -> None:
        """Run a command after those that wait."""
        self._commands.send(Errand(command, heard, scheduler_env(os.environ)))

    def _look(self, now: float) -> None:
        """Ask each cluster for all jobs that it has: one command, however many there are."""
        known: dict[str, list[Tracked]] = {}
        for tracked in self._account.submitted.values():
            known.setdefault(self._dialect.cluster(tracked.job), []).append(tracked)
        for held in self._submitting.unclear:
            for cluster in self._submitting.clusters(held):
                known.setdefault(cluster, [])
        self._looking = True
        this = _Round(now, len(known))
        for cluster, jobs in known.items():
            command = self._dialect.look(self._submitting.prefix, cluster)
            self.ask(command, partial(self._hear, cluster, jobs, this))

    def _hear(self, cluster: str, known: Sequence[Tracked], this: _Round, answer: Answer) -> None:
        """Take in what a cluster says; after the last of them, plan the next look."""
        now = self._clocks.steady()
        listing = self._dialect.looked(answer, self._submitting.prefix, cluster)
        if isinstance(listing, Down):
            this.down = f"{cluster}: {listing.why}" if cluster else listing.why
            for tracked in self._of(cluster):
                tracked.unknown()
        else:
            self._listed[cluster] = now
            this.news |= self._looked_at(cluster, listing, known, now, this.asked)
        this.left -= 1
        if this.left:
            return
        self._looking, self._down, self._looked = False, this.down, self._clocks.unix()
        longest = self._options.max_interval
        self._interval = self._options.interval if this.news else min(longest, self._interval * _GROWTH)
        self._next_look = now + self._interval
        self._soon = min(longest, self._soon * _GROWTH) if self._submitting.unclear else _SOON
        self._judge(now)
        self.write_notes()

    def _looked_at(self, cluster: str, listing: Listing, known: Sequence[Tracked], now: float, asked: float) -> bool:
        seen = Seen(listing.jobs, self._dialect.whole)
        for held in self._submitting.unclear:
            if held.tag in seen.tags:
                self._submitting.found(held.tag, self._dialect.whole(seen.tags[held.tag]))
        news = self._take_in(seen, self._of(cluster), now)
        if listing.complete:
            self._submitting.not_found(cluster, asked)
            missing = [one for one in known if one.at in self._account.submitted and not seen.of(one)]
            news |= sum(tracked.miss(now, self._options.max_interval) for tracked in missing) > 0
            self._ask_history(cluster, [tracked for tracked in missing if tracked.ended is None], now)
        return news

    def _of(self, cluster: str) -> list[Tracked]:
        """The attempts whose jobs are with a cluster: those of others may have the same numbers."""
        return [one for one in self._account.submitted.values() if self._dialect.cluster(one.job) == cluster]

    def _ask_history(self, cluster: str, missing: Sequence[Tracked], now: float) -> None:
        rest = self._rests.setdefault(cluster, _Rest())
        if not missing or now < rest.until:
            return
        wanted = sorted(missing, key=lambda tracked: tracked.asked)[:_AT_ONCE]
        since = min(self._clocks.unix(), *(one.queued for one in wanted))
        command = self._dialect.history([tracked.job for tracked in wanted], since, cluster)
        if command is None:
            return
        for tracked in wanted:
            tracked.asked = now
        self.ask(command, partial(self._told, rest, wanted))

    def _told(self, rest: _Rest, wanted: Sequence[Tracked], answer: Answer) -> None:
        now = self._clocks.steady()
        listing = self._dialect.told(answer, self._submitting.prefix)
        if isinstance(listing, NoHistory):
            rest.begin(now)
        elif isinstance(listing, Listing):
            rest.seconds = _FIRST_REST
            asked = [one for one in wanted if self._account.submitted.get(one.at) is one]
            if self._take_in(Seen(listing.jobs, self._dialect.whole), asked, now):
                self.wake_up()
                self._judge(now)

    def _take_in(self, seen: Seen, about: Iterable[Tracked], now: float) -> bool:
        news = False
        for tracked in about:
            job, before = seen.of(tracked), tracked.job
            if job is None:
                continue
            news |= tracked.see(job, now)
            if tracked.job != before:
                self._account.tell_job(tracked)
            if tracked.starts(job):
                self._account.reports.append(Started(self._clocks.unix(), *tracked.at, job.host, None, job.restarts))
            if tracked.stopping and job.phase is not Phase.ENDED and now - tracked.asked_to_stop > _AGAIN:
                self.cancel(tracked)
        return news

    # judging

    def hear_outcomes(self) -> None:
        """Report the ends that lie in the spool."""
        now = self._clocks.steady()
        if not self._account.tracked or now - self._heard < _PAUSE:
            return
        self._heard = now
        for name in self._spool.list_new():
            at = parse_name(name)
            if at is not None and at in self._account.tracked:
                self._account.end(at)

    def _judge(self, now: float) -> None:
        """Something was heard: report the ends of those that left no outcome, if their time is up."""
        if self.closing:
            return
        for tracked in [tracked for tracked in self._account.submitted.values() if tracked.doubtful]:
            # It may have been committed already, by who read the spool without us.
            if self._account.end(tracked.at):
                continue
            looked, ended_at = self._listed.get(self._dialect.cluster(tracked.job), _NEVER), tracked.ended_at
            if tracked.over(now, looked) or tracked.gone(self._options.absence):
                self._settle(tracked)
            elif ended_at is not None and now < ended_at + LAST_WORDS:
                self._look_within(ended_at + LAST_WORDS - now)

    def _settle(self, tracked: Tracked) -> None:
        claim = self._spool.read_claim(*tracked.at)
        if tracked.follow(claim):
            self._account.tell_job(tracked)
            return
        printed = self._folders.printed(tracked.tag) if tracked.tag else ""
        self._account.reports.append(tracked.end(self._clocks.unix(), claim, printed))
        self._account.forget(tracked)

    # telling

    def _tell_reasons(self) -> None:
        reasons = self._submitting.reasons
        if reasons != self._reasons:
            self._reasons = reasons
            self.write_notes()

    def write_notes(self) -> None:
        """Write down what listings and the next owner may want to know."""
        reasons = self._submitting.reasons
        jobs = {
            one.name: one.note if one.job else Note(state="held back", reason=reasons.get(one.at, ""))
            for one in self._account.tracked.values()
        }
        trouble = self._down or next(iter(reasons.values()), "")
        notes = Notes(self._looked, self._interval, trouble, jobs)
        if notes != self._written:
            write_notes(self._root, self._dialect.name, notes)
            self._written = notes


def _nothing(answer: Answer) -> None:
    pass
