"""What every executor does: take attempts, stop them, and say what became of them.

An executor never touches the store. It is told what to launch after that was recorded, and what it reports may
come late, twice or out of order. An attempt that it was told to launch before a crash is given again through
``recover``: it must find out whether the attempt exists before it launches it, and the claim in the spool keeps a
second launch from running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from attrs import evolve, field, frozen

from perqueue.config import Config
from perqueue.core.events import Ended, Launched, Started
from perqueue.core.records import Context, PendingStop
from perqueue.core.resources import Resources
from perqueue.runner.job import Job

Report: TypeAlias = Launched | Started | Ended


@frozen
class Assignment:
    """One attempt to launch: the job, and what it has to find around it.

    Args:
        job: What runs.
        context: Interpreter, environment and folder of its submission.
        resources: What it asks for.
        partition: The configured partition that it goes to; empty for this machine.
        job_id: The executor's own id for it, where an earlier owner recorded one.
        queued: When the attempt was recorded, as Unix time in seconds.
        never_on: Hosts that its task itself must not use. Of those in ``resources.avoid``, the others are avoided
            because they failed, and only where there are others.
    """

    job: Job
    context: Context
    resources: Resources = field(factory=Resources)
    partition: str = ""
    job_id: str = ""
    queued: float = 0.0
    never_on: tuple[str, ...] = ()

    @property
    def at(self) -> tuple[int, int]:
        """The attempt: entry key and number."""
        return self.job.key, self.job.attempt

    @property
    def anywhere(self) -> Assignment:
        """The same, on hosts that failed too."""
        if self.resources.avoid == self.never_on:
            return self
        return evolve(self, resources=evolve(self.resources, avoid=self.never_on))


class Executor(Protocol):
    """Runs attempts. Nothing in it blocks for longer than a command takes."""

    @property
    def name(self) -> str:
        """What entries call it."""
        ...

    def room(self, partition: str = "") -> int:
        """How many more attempts it takes now for one of its partitions."""
        ...

    def launch(self, assignments: Sequence[Assignment]) -> None:
        """Start these, in this order as far as resources allow."""
        ...

    def recover(self, assignments: Sequence[Assignment]) -> None:
        """These were given to an earlier owner: find them, or launch them if they never began."""
        ...

    def stop(self, stops: Sequence[PendingStop]) -> None:
        """Stop these, and report their end. May be asked again until it is reported."""
        ...

    def poll(self) -> list[Report]:
        """What happened since the last call."""
        ...

    def descriptors(self) -> list[int]:
        """File descriptors that become readable when there is something to poll."""
        ...

    def patience(self) -> float:
        """Seconds after which it wants to be polled although no descriptor became readable."""
        ...

    def saturated(self) -> bool:
        """Whether it has enough to do for a moment, so that its reports may be gathered into one commit."""
        ...

    def close(self) -> None:
        """Let go of everything; what runs goes on."""
        ...


@frozen
class Site:
    """Where an executor works: a queue's folder ``.perqueue``, and the id that tells the queue from any other."""

    root: str
    queue: str


@frozen
class ExecutorPlugin:
    """A kind of executor.

    Args:
        name: What configuration calls it.
        summary: One line for listings.
        open: Start it for a queue, under a configuration.
        resident: Whether it works only while a supervisor lives on the queue's home host.
        check: Try it, for ``pq config check``: whether it can be used here, a line for each thing that was tried.
        scripts: What it would submit for these attempts, without doing so: one script for each job or array of jobs.
    """

    name: str
    summary: str
    open: Callable[[Site, Config], Executor]
    resident: bool = False
    check: Callable[[Config], Iterable[Tried]] | None = None
    scripts: Callable[[Site, Config, Sequence[Assignment]], Sequence[str]] | None = None


@frozen
class Tried:
    """One thing that was tried of an executor: what, whether it works, and what was found."""

    what: str
    works: bool
    found: str = ""
