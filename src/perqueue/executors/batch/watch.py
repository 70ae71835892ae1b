"""Asks the scheduler about all attempts at once, and judges what it hears.

Outcome files are looked for at every poll. The scheduler is asked at intervals that grow while nothing changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

from perqueue.config import ExecutorOptions
from perqueue.core.events import Started
from perqueue.runner.spool import Spool, parse_name

from ..notes import Note, Notes, read_notes, write_notes
from .account import Account
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
        clock: The Unix time in seconds.
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
        clock: Callable[[], float],
    ) -> None:
        self._dialect, self._options, self._root, self._spool = dialect, options, root, spool
        self._folders, self._commands, self._account, self._submitting = folders, commands, account, submitting
        self._clock = clock
        self._cancelling: list[str] = []
        notes = read_notes(root, dialect.name)
        self._absent = {at: note.since for at, note in notes.jobs.items() if note.since is not None}
        # Who moves the queue may change often: all of them together look once in an interval.
        self._interval, self._soon = min(max(options.interval, notes.interval), options.max_interval), _SOON
        self._looked = min(clock(), notes.looked)
        self._next_look = self._looked + self._interval
        self._last_listing = 0.0
        self._looking = False
        self._history = True
        self._down = ""
        self._written, self._reasons = notes, dict[tuple[int, int], str]()
        self._heard = 0.0

    # the account

    def left(self, tracked: Tracked) -> None:
        """It was an earlier owner's, who may have missed it already."""
        tracked.missing_since = self._absent.pop(tracked.name, None)

    def cancel(self, tracked: Tracked) -> None:
        """Have its job cancelled; the end is reported when it comes."""
        tracked.asked_to_stop = self._clock()
        self._cancelling.append(tracked.job)

    # asking

    def go_on(self) -> None:
        """Cancel what is to be cancelled, and look if it is time to."""
        now = self._clock()
        while self._cancelling:
            ids, self._cancelling = self._cancelling[:_AT_ONCE], self._cancelling[_AT_ONCE:]
            self.ask(self._dialect.cancel(ids), _nothing)  # whether it worked, the next look tells
        if not self._looking and self._wanted and self._patience(now) <= 0:
            self._looking = True
            known = list(self._account.submitted.values())
            command = self._dialect.look(self._submitting.prefix, [tracked.job for tracked in known])
            self.ask(command, lambda answer: self._hear(answer, known, now))
        if self._reasons or self._submitting.reasons:
            self._tell_reasons()

    def patience(self) -> float:
        """Seconds until a look is due."""
        return 3600.0 if self._looking or not self._wanted else max(0.0, self._patience(self._clock()))

    def look_now(self) -> None:
        """Don't wait for the end of the interval."""
        self._next_look = 0.0

    def wake_up(self) -> None:
        """Something changes: look more often again."""
        self._interval = self._options.interval
        self._look_within(self._interval)

    def _look_within(self, seconds: float) -> None:
        self._next_look = min(self._next_look, self._clock() + seconds)

    @property
    def _wanted(self) -> bool:
        return bool(self._account.submitted or self._submitting.unclear)

    def _patience(self, now: float) -> float:
        if self._submitting.unclear:
            sure = self._submitting.sure_in(now)
            self._look_within(min(self._soon, sure) if sure > 0 else self._soon)
        due = self._next_look - now
        # The clock may have been put back.
        return due if due <= self._options.max_interval else 0.0

    def ask(self, command: Command, heard: Callable[[Answer], None]) -> None:
        """Run a command after those that wait."""
        self._commands.send(Errand(command, heard, scheduler_env(os.environ)))

    def _hear(self, answer: Answer, known: Sequence[Tracked], asked: float) -> None:
        """Take in a look, and plan the next one."""
        self._looking = False
        now = self._looked = self._clock()
        listing = self._dialect.looked(answer, self._submitting.prefix)
        news = False
        if isinstance(listing, Down):
            self._down = listing.why
            for tracked in self._account.submitted.values():
                tracked.unknown()
        else:
            self._down, self._last_listing = "", now
            news = self._looked_at(listing, known, now, asked)
        self._interval = self._options.interval if news else min(self._options.max_interval, self._interval * _GROWTH)
        self._next_look = now + self._interval
        self._soon = min(self._options.max_interval, self._soon * _GROWTH) if self._submitting.unclear else _SOON
        self._judge(now)
        self.write_notes()

    def _looked_at(self, listing: Listing, known: Sequence[Tracked], now: float, asked: float) -> bool:
        seen = Seen(listing.jobs, self._dialect.whole)
        for held in self._submitting.unclear:
            if held.tag in seen.tags:
                self._submitting.found(held.tag, self._dialect.whole(seen.tags[held.tag]))
        news = self._take_in(seen, now)
        if listing.complete:
            self._submitting.not_found(asked)
            missing = [one for one in known if one.at in self._account.submitted and not seen.of(one)]
            news |= sum(tracked.miss(now) for tracked in missing) > 0
            self._ask_history([tracked for tracked in missing if tracked.ended is None], now)
        return news

    def _ask_history(self, missing: Sequence[Tracked], now: float) -> None:
        if not missing or not self._history:
            return
        wanted = sorted(missing, key=lambda tracked: tracked.asked)[:_AT_ONCE]
        command = self._dialect.history([tracked.job for tracked in wanted], min(one.queued for one in wanted))
        if command is None:
            self._history = False
            return
        for tracked in wanted:
            tracked.asked = now
        self.ask(command, self._told)

    def _told(self, answer: Answer) -> None:
        listing = self._dialect.told(answer, self._submitting.prefix)
        if isinstance(listing, NoHistory):
            self._history = False
        elif isinstance(listing, Listing) and self._take_in(Seen(listing.jobs, self._dialect.whole), self._clock()):
            self.wake_up()
            self._judge(self._clock())

    def _take_in(self, seen: Seen, now: float) -> bool:
        news = False
        for tracked in self._account.submitted.values():
            job, before = seen.of(tracked), tracked.job
            if job is None:
                continue
            news |= tracked.see(job, now)
            if tracked.job != before:
                self._account.tell_job(tracked)
            if tracked.starts(job):
                self._account.reports.append(Started(now, *tracked.at, job.host, None, job.restarts))
            if tracked.stopping and job.phase is not Phase.ENDED and now - tracked.asked_to_stop > _AGAIN:
                self.cancel(tracked)
        return news

    # judging

    def hear_outcomes(self) -> None:
        """Report the ends that lie in the spool."""
        now = self._clock()
        if not self._account.tracked or 0.0 <= now - self._heard < _PAUSE:
            return
        self._heard = now
        for name in self._spool.list_new():
            at = parse_name(name)
            if at is not None and at in self._account.tracked:
                self._account.end(at)

    def _judge(self, now: float) -> None:
        """Something was heard: report the ends of those that left no outcome, if their time is up."""
        for tracked in [tracked for tracked in self._account.submitted.values() if tracked.doubtful]:
            # It may have been committed already, by who read the spool without us.
            if self._account.end(tracked.at):
                continue
            looked, ended_at = self._last_listing, tracked.ended_at
            if tracked.over(now, looked) or tracked.gone(looked, self._options.absence):
                self._settle(tracked, now)
            elif ended_at is not None and now < ended_at + LAST_WORDS:
                self._look_within(ended_at + LAST_WORDS - now)

    def _settle(self, tracked: Tracked, now: float) -> None:
        claim = self._spool.read_claim(*tracked.at)
        if tracked.follow(claim):
            self._account.tell_job(tracked)
            return
        printed = self._folders.printed(tracked.tag) if tracked.tag else ""
        self._account.reports.append(tracked.end(now, claim, printed))
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
