"""What is known of each attempt that a batch system has, and what follows when the scheduler says something of it.

Theory of operation
===================

An attempt is *held* until its batch was taken, and *submitted* after that. Three things tell of it: its outcome file,
which always wins; the queue; and, where the site keeps it, the accounting. What the queue says of a job becomes a
report at most: that it runs, on which host, and for which time. That a job has *ended* is not the end of the attempt:
its outcome may take a while to be seen from here, and the scheduler may put the job back into its queue. Only after
:data:`LAST_WORDS` seconds without an outcome, and another look, does the scheduler's own reason count. That a job is
*missing* is no fact at all until it has been so, look after look, for as long as the configuration says: a job that
reappears, or a scheduler that can't be asked, starts that time anew. Only what was looked at counts: the time between
two looks that missed it, and of that no more than looks are ever apart. The rest nobody saw: this process may have
been stopped, or there may have been no owner.
"""

from __future__ import annotations

from typing import Final

from attrs import define, evolve, field

from perqueue.core.events import Ended
from perqueue.core.records import Outcome, Verdict
from perqueue.runner.spool import Claim

from ..notes import Note
from .dialect import JobSeen, Phase

LAST_WORDS: Final = 15.0
"""Seconds in which the outcome of a job that has ended must be seen: network file systems show new files late."""
CANCELLED: Final = 60.0
"""Seconds after which a job that was cancelled and is missing counts as gone: that is what was wanted."""
_MESSAGES: Final = {
    "walltime": "the scheduler ended it at its time limit, before it could say so itself",
    "oom": "the scheduler ended it for using more memory than it had asked for",
    "node-failure": "the node that it ran on failed",
    "launch": "the scheduler could not start it",
    "cancelled": "its job was cancelled",
    "preempted": "its job was preempted",
    "deadline": "the scheduler gave it up at its deadline",
}
_OF_ITS_OWN: Final = frozenset({"walltime", "oom", "node-failure", "launch"})
"""Ends that have nothing to do with its being stopped at the same time."""
_ASKED: Final = {
    "cancelled": "a user asked for",
    "superseded": "its inputs are made anew",
    "removed": "its entry was removed",
}


@define
class Tracked:
    """An attempt with the scheduler. Times are those of the steady clock, in seconds.

    Args:
        key: The entry.
        attempt: Its number.
        partition: The configured partition that it went to.
        queued: When it was recorded, as Unix time.
        job: The scheduler's id for it, empty while it is held.
        tag: The tag of its batch, once that was taken.
        index: Which element of it.
        stopping: Why it has to be stopped, if it has to.
        absent: For how many seconds it was seen to be missing, without a break; None if the last look showed it.
        missed_at: When it was last looked for in vain.
        misses: How many looks of this owner have missed it since it was last seen.
        followed: Its job is another than that of its batch: one that has begun to run it.
        asked: When the accounting was last asked about it.
    """

    key: int
    attempt: int
    partition: str
    queued: float = 0.0
    job: str = ""
    tag: str = ""
    index: int = 0
    stopping: str = ""
    host: str = ""
    restarts: int = -1
    note: Note = field(factory=lambda: Note(state="held back"))
    absent: float | None = None
    missed_at: float = 0.0
    misses: int = 0
    ended_at: float | None = None
    ended: JobSeen | None = None
    asked_to_stop: float = 0.0
    followed: bool = False
    asked: float = 0.0

    @property
    def at(self) -> tuple[int, int]:
        """The attempt: entry key and number."""
        return self.key, self.attempt

    @property
    def name(self) -> str:
        """``KEY.ATTEMPT``."""
        return f"{self.key}.{self.attempt}"

    def submitted(self, job: str, tag: str, index: int) -> None:
        """The scheduler has it. What an earlier owner knew to be missing is so until it is seen."""
        self.job, self.tag, self.index, self.note = job, tag, index, Note(job, "pending")
        if self.absent is not None:
            self.note = self._missing

    def see(self, seen: JobSeen, now: float) -> bool:
        """Take in what the scheduler says. Whether that is news: reasons change all the time, and mean little."""
        before = self.note
        self.absent, self.misses = None, 0
        if seen.index is not None and bare(seen.job) != bare(self.job):
            self.job = seen.job  # a batch whose submission was unclear may be there twice
        match seen.phase:
            case Phase.PENDING:
                self.ended = self.ended_at = None
                self.note = Note(self.job, "pending", seen.reason, seen.start)
            case Phase.RUNNING:
                self.ended = self.ended_at = None
                self.note = Note(self.job, "running", seen.reason)
            case Phase.ENDED:
                self.ended, self.ended_at = seen, self.ended_at or now
                self.note = Note(self.job, "ended", seen.message or seen.reason)
        return self.note.state != before.state

    def starts(self, seen: JobSeen) -> bool:
        """Whether this start was not reported yet."""
        if seen.phase is not Phase.RUNNING or seen.restarts <= self.restarts:
            return False
        self.host, self.restarts = seen.host, seen.restarts
        return True

    def miss(self, now: float, longest: float) -> bool:
        """A look missed it; whether that is news. ``longest``: the most seconds that looks are apart."""
        before = self.note
        self.misses += 1
        if self.absent is None:
            self.absent = 0.0
        else:
            self.absent += min(max(0.0, now - self.missed_at), longest)
        self.missed_at = now
        self.note = self._missing
        return self.note.state != before.state

    @property
    def _missing(self) -> Note:
        return Note(self.job, "missing", "not in the scheduler's queue", absent=self.absent)

    def unknown(self) -> None:
        """The scheduler can't be asked: whatever was missing may be there."""
        self.absent, self.misses = None, 0
        self.note = evolve(self.note, absent=None)

    @property
    def doubtful(self) -> bool:
        """Whether its job is over or missing, so that its end has to be told without an outcome if none comes."""
        return self.ended_at is not None or self.absent is not None

    def over(self, now: float, looked: float) -> bool:
        """Whether it has ended, its last words are due, and a look since then showed nothing else."""
        if self.ended_at is None or self.ended is None:
            return False
        if self.stopping and self.ended.reason == "cancelled":
            return True  # that is what was wanted
        return now - self.ended_at >= LAST_WORDS and looked > self.ended_at

    def gone(self, absence: float) -> bool:
        """Whether it had been missing for too long when the scheduler was last asked, and more than once."""
        if self.stopping:
            absence = min(absence, CANCELLED)
        return self.absent is not None and self.misses > 1 and self.absent >= absence

    def follow(self, claim: Claim | None) -> bool:
        """Whether another job than this one has begun to run it: then that is the one to watch."""
        number, mark, cluster = self.job.partition(";")
        if claim is None or not claim.job or claim.job == number or self.followed:
            return False
        self.job, self.followed = f"{claim.job}{mark}{cluster}", True
        self.ended = self.ended_at = self.absent = None
        self.misses = 0
        self.note = Note(self.job, "running")
        return True

    def end(self, now: float, claim: Claim | None, printed: str) -> Ended:
        """Its end, as far as it can be told without an outcome file.

        Args:
            now: The Unix time.
            claim: Who had begun to run it, if anybody had.
            printed: The last of what its job printed before the task's log.
        """
        reason, message = self._explained(claim)
        if printed and claim is None:
            message = f"{message}. It printed: {printed}"
        verdict = Verdict.timeout if reason == "walltime" else Verdict.failed
        # The scheduler's name for the host goes first: by that one it can be asked to leave the host out.
        told = "" if self.ended is None else self.ended.host
        host = self.host or told or ("" if claim is None else claim.host)
        started = None if claim is None else claim.at
        return Ended(
            now, self.key, self.attempt, Outcome(verdict, reason, message, started=started, ended=now, host=host)
        )

    def _explained(self, claim: Claim | None) -> tuple[str, str]:
        seen = self.ended
        if seen is None:
            if self.stopping:
                return self.stopping, "it was to be stopped, and its job is gone"
            return "vanished", f"job {self.job} is gone from the scheduler, and left no outcome"
        said = f" ({seen.message})" if seen.message else ""
        if self.stopping and seen.reason not in _OF_ITS_OWN:  # PBS doesn't always say that it was cancelled
            return self.stopping, f"its job was cancelled, as {_ASKED.get(self.stopping, 'was asked for')}"
        if seen.reason in _MESSAGES:
            return seen.reason, f"{_MESSAGES[seen.reason]}{said}"
        if claim is None:
            where = "it was deleted, or look at its partition's modules, prologue and python"
            return "launch", f"job {self.job} ended before the task began{said}: {where}"
        return "lost", f"job {self.job} ended without leaving an outcome{said}"


def bare(job: str) -> str:
    """A job's id without the name of its cluster, which not every answer has: ``17`` of ``17;far``."""
    return job.partition(";")[0]
