"""What the executor knows of an attempt, and which of them are with which of HyperQueue's jobs."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define

from perqueue.executors.protocol import Assignment
from perqueue.runner.spool import Claim


@define(eq=False)
class Held:
    """An attempt whose end was not reported. Times are Unix seconds.

    Args:
        at: Entry key and number.
        assignment: What runs; None for one that was only asked to stop.
        job: The number of its job with HyperQueue, if it is there.
        task: Its number in that job.
        claim: Who runs it.
        why: Why it has to stop, if it has to.
        stopped: When it was asked to.
        over: What HyperQueue said of its end (empty: nothing in particular), and when.
        gone: When its process was first seen to have ended.
    """

    at: tuple[int, int]
    assignment: Assignment | None = None
    job: int | None = None
    task: int | None = None
    claim: Claim | None = None
    why: str = ""
    stopped: float = 0.0
    over: tuple[str, float] | None = None
    gone: float | None = None

    @property
    def begun(self) -> bool:
        """Whether somebody runs it, or did."""
        return self.claim is not None


class Jobs:
    """The jobs of one server, by number, and the attempts in each that have not ended.

    Args:
        uid: The server.
    """

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.over: set[int] = set()
        """Jobs of which nothing is awaited any more: the server may forget them."""
        self._inside: dict[int, dict[int, Held]] = {}

    def __bool__(self) -> bool:
        return bool(self._inside)

    @property
    def numbers(self) -> set[int]:
        """The jobs that something is awaited of."""
        return set(self._inside)

    def attempts(self) -> Iterator[Held]:
        """All attempts that are with the server."""
        return (held for tasks in self._inside.values() for held in tasks.values())

    def add(self, held: Held, job: int, task: int) -> None:
        """An attempt is with the server."""
        held.job, held.task = job, task
        self._inside.setdefault(job, {})[task] = held

    def remove(self, held: Held) -> None:
        """Nothing more is awaited of an attempt."""
        if held.job is None or held.task is None or held.job not in self._inside:
            return
        tasks = self._inside[held.job]
        tasks.pop(held.task, None)
        if not tasks:
            del self._inside[held.job]
            self.over.add(held.job)
