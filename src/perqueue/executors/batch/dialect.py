"""What a batch system must be able to say and understand: text out, text in. Nothing here runs anything.

The *shell* around it (:mod:`perqueue.executors.batch.executor`) runs the commands and keeps account of jobs. A dialect
is a handful of pure functions, so that all that is known of a scheduler can be tested on captured text.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias

from attrs import frozen

from perqueue.config import Partition
from perqueue.core.resources import Resources

SEARCH: Final = "SCHEDULER_PATH"
"""The variable that tells a small program for ``/bin/sh`` where the scheduler's commands are."""

NOT_THERE: Final = 127
"""The status of a command that isn't there, as a shell tells it."""


@frozen
class Command:
    """A command to run.

    Args:
        words: Its name and its arguments. A name with a path is no command of the scheduler's own.
        stdin: What it reads.
        enough: What it complains of when it goes on trying by itself for long; that is not waited for.
    """

    words: tuple[str, ...]
    stdin: str = ""
    enough: str = ""


@frozen
class Answer:
    """What a command answered; ``status`` is its exit status, or None if it was ended for taking too long."""

    status: int | None
    out: str
    err: str

    @property
    def said(self) -> str:
        """Its complaint, or what it printed, in one line."""
        return " ".join((self.err.strip() or self.out.strip()).split())


@frozen
class Batch:
    """A job to submit, or an array of equal jobs.

    Args:
        tag: Names it among all jobs of the user: letters, digits, ``-`` and ``.``; it carries queue and attempt.
        name: For people, in the scheduler's listings.
        folder: Folder with the job files ``0.job``, ``1.job``, ... of its elements.
        size: How many elements it has; 1 is no array.
        resources: What each element asks for.
        partition: What the configuration says of where it goes.
        python: The interpreter to run it with.
        work: The folder that the jobs start in.
        output: File for what is printed before the task's own log is opened.
    """

    tag: str
    name: str
    folder: str
    size: int
    resources: Resources
    partition: Partition
    python: str
    work: str
    output: str


class Phase(Enum):
    """What a scheduler says of a job."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    """It is over; what became of the task is told by its outcome file, and by ``reason`` where there is none."""


@frozen
class JobSeen:
    """What a scheduler says of one job, or of one element of an array.

    Args:
        job: Its id, as ``cancel`` takes it: ``17``, or for an element ``17_3`` (Slurm), ``17[3].server`` (PBS).
        tag: The tag of its batch, if it is one of ours; empty where the answer has no names.
        index: Which element it is; 0 for what is no array. None: all elements of the batch that the answer doesn't
            list themselves (an array that is pending as one).
        phase: What it is doing.
        reason: Pending: the scheduler's own words for why. Ended: one of walltime, oom, node-failure, launch,
            cancelled, preempted, deadline, exit (with a status other than 0), done.
        start: When it is expected to start, if pending and if the scheduler says so; Unix time in seconds.
        host: The first host that it runs on.
        restarts: How often the scheduler itself started it again, as far as the answer tells.
        message: For people: state and exit code in the scheduler's words.
    """

    job: str
    tag: str
    index: int | None
    phase: Phase
    reason: str = ""
    start: float | None = None
    host: str = ""
    restarts: int = 0
    message: str = ""


@frozen
class Taken:
    """The scheduler took a batch; ``job`` is its id."""

    job: str


@frozen
class Refused:
    """The scheduler did not take it, and said why. It is tried again later.

    ``nodes``: it has no nodes for that, which may be due to those that are to be avoided.
    """

    why: str
    nodes: bool = False


@frozen
class Unclear:
    """It may have been taken or not: it has to be looked for before it is submitted again."""

    why: str


@frozen
class Listing:
    """What a look at the queue showed: all jobs of the user that the scheduler still tells of.

    Args:
        jobs: Each of them that carries a tag of ours.
        complete: Whether a job that is not among them is not there.
    """

    jobs: tuple[JobSeen, ...]
    complete: bool = True


@frozen
class Down:
    """The scheduler can't be asked now: nothing is known, and nothing follows from that."""

    why: str


@frozen
class NoHistory:
    """This site keeps no account of jobs that are over, or what asks for it isn't there."""

    why: str


Submission: TypeAlias = Taken | Refused | Unclear


class Dialect(Protocol):
    """One kind of batch system."""

    @property
    def name(self) -> str:
        """Of the executor: ``slurm``."""
        ...

    def script(self, batch: Batch) -> str:
        """The whole script of a batch: directives, modules, prologue, and the runner."""
        ...

    def submit(self, batch: Batch) -> Command:
        """Submit it; the script is read from standard input."""
        ...

    def submitted(self, answer: Answer) -> Submission:
        """What came of that."""
        ...

    def element(self, job: str, index: int, size: int) -> str:
        """The id of one element of a batch that has the id ``job``; the job's own where it is no array."""
        ...

    def whole(self, job: str) -> str:
        """The id of the batch that an element with the id ``job`` belongs to; ``element`` the other way round."""
        ...

    def cluster(self, job: str) -> str:
        """Which of several clusters a job is with, each of which is asked by itself; empty for the usual one."""
        ...

    def clusters(self, partition: Partition, resources: Resources | None) -> Sequence[str]:
        """The clusters that a batch may be with whose id is not known; ``resources``: None if neither is what it asked
        for."""
        ...

    def look(self, prefix: str, cluster: str = "") -> Command:
        """Ask a cluster for all of the user's jobs whose tag starts with ``prefix``, in one command."""
        ...

    def looked(self, answer: Answer, prefix: str, cluster: str = "") -> Listing | Down:
        """What the cluster's queue holds. Ids carry its name as those do that submissions gave."""
        ...

    def history(self, jobs: Sequence[str], since: float, cluster: str = "") -> Command | None:
        """Ask what became of jobs of a cluster that are no longer in its queue; None where a scheduler keeps no account
        of them. ``since`` is the Unix time before which none of them was submitted."""
        ...

    def told(self, answer: Answer, prefix: str) -> Listing | NoHistory | Down:
        """What is known of them. Jobs that it leaves out may be told of later."""
        ...

    def cancel(self, jobs: Sequence[str]) -> Sequence[Command]:
        """Cancel jobs and elements of arrays, at most a thousand at once: a command for each of their clusters."""
        ...

    def limits(self) -> Command | None:
        """Ask how many elements an array may have, if that can be asked."""
        ...

    def most(self, answer: Answer) -> int | None:
        """How many elements an array may have; None if that was not said."""
        ...

    def tries(self, partitions: Sequence[Partition]) -> Sequence[tuple[str, Command]]:
        """What to ask to find out whether it can be used here, for ``pq config check``: a title and a command each."""
        ...

    def tried(self, title: str, answer: Answer, partitions: Sequence[Partition]) -> Sequence[tuple[str, bool, str]]:
        """What was found: for each thing its name, whether it works, and what to know or to do about it."""
        ...
