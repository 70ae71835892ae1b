"""What the parts of the executor contract share: how an executor is made, what it is given, and what it reports."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar, TypeVar

from perqueue.config import Config
from perqueue.core.events import Ended, Launched, Started
from perqueue.core.records import Context, PendingStop
from perqueue.engine.context import capture
from perqueue.engine.folder import QueueFolder, create_folder
from perqueue.executors.protocol import Assignment, Executor, Report
from perqueue.runner.job import Job
from perqueue.runner.spool import Spool

from .missing import MissingPartError

_T = TypeVar("_T")

_WAITING = """
import os, time

def main(name, **_):
    with open("began", "a") as file:
        file.write(f"{name}\\n")
    # It ends also with its folder, so that no failing test leaves it behind.
    while not os.path.exists(f"go-{name}") and os.path.exists("began"):
        time.sleep(0.02)
    with open("ended", "a") as file:
        file.write(f"{name}\\n")
    return True, {"name": name}
"""
"""A task that tells when it begins, waits for its file ``go-NAME``, and tells when it ends."""


class ExecutorCase:
    """How to make the executor under test; see :class:`~perqueue.testing.contracts.executors.ExecutorContract`."""

    patience: ClassVar[float] = 60.0
    """Seconds after which a test gives up waiting for a report; set it above the slowest start of a task."""

    cores: ClassVar[int] = 2
    """``[local] cores`` of the configuration that the executor is opened with."""

    at_once: ClassVar[int | None] = None
    """How many tasks of one core it runs at the same time, opened with these cores; None: as many as cores."""

    @property
    def width(self) -> int:
        """How many tasks run at the same time; one more has to wait."""
        return self.cores if self.at_once is None else self.at_once

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:  # noqa: ARG002  # what a subclass is given
        """The executor, opened for a queue. Called again on the same queue, it is the next owner's."""
        raise MissingPartError(
            self,
            "make_executor(self, folder, config)",
            "returns the executor, opened for the queue in `folder`",
            "return MyExecutor(Site(folder.root, folder.id), config)",
        )

    @contextmanager
    def bench(self, folder: Path) -> Iterator[Bench]:
        """A queue in a folder with an open executor; at the end every task may go, and the executor is closed."""
        made = Bench(self, folder)
        try:
            yield made
        finally:
            made.clear()


class Bench:
    """A queue's folder, an executor, the tasks that it is given, and everything that it reported."""

    def __init__(self, case: ExecutorCase, folder: Path) -> None:
        self._case, self.here = case, folder
        self.folder = create_folder(str(folder))
        self.config = Config(cores=case.cores)
        self.spool: Spool = self.folder.spool()
        self.context = capture()
        self.reports: list[Report] = []
        self._given: list[Assignment] = []
        (folder / "began").touch()
        # As a supervisor gives signs of life: who runs attempts elsewhere would else move the queue itself.
        (Path(self.folder.root) / "beat").touch()
        self.executor = case.make_executor(self.folder, self.config)

    # tasks

    def task(self, key: int, body: str = _WAITING, **fields: Any) -> Assignment:
        """An attempt of a script, which is called with ``name``: its key, as a text."""
        context: Context = fields.pop("context", self.context)
        path = self.here / f"task{key}.py"
        path.write_text(dedent(body), encoding="utf-8")
        values: dict[str, Any] = {
            "queue": self.folder.id,
            "root": self.folder.root,
            "key": key,
            "attempt": 1,
            "name": path.name,
            "code": str(path),
            "folder": str(self.here),
            "args": f'{{"name":"{key}"}}',
            "paths": (str(self.here),),
            "walltime": 600.0,
        }
        values |= fields
        values["log"] = self.folder.log(key, values["attempt"])
        assignment = Assignment(Job(**values), context)
        self._given.append(assignment)
        return assignment

    def go(self, *keys: int) -> None:
        """Let waiting tasks end."""
        for key in keys:
            (self.here / f"go-{key}").touch()

    def began(self) -> list[str]:
        """The names of the tasks that began, in their order, each as often as it did."""
        return (self.here / "began").read_text(encoding="utf-8").split()

    def ended(self) -> list[str]:
        """The names of the tasks that came to their own end."""
        path = self.here / "ended"
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    # the executor

    def launch(self, *assignments: Assignment) -> None:
        """Hand attempts out."""
        self.executor.launch(assignments)

    def stop(self, *assignments: Assignment, why: str = "cancelled") -> None:
        """Ask for the end of attempts."""
        self.executor.stop(_stops(self.executor.name, assignments, why))

    def next_owner(self, *left: Assignment) -> None:
        """Close the executor, and have another one recover what it is said to have left."""
        self.executor.close()
        self.executor = self._case.make_executor(self.folder, self.config)
        self.executor.recover(left)

    def poll(self) -> None:
        """Hear what there is to hear."""
        self.reports += self.executor.poll()

    def wait(self, fact: Callable[[], _T], what: str) -> _T:
        """Poll as an engine does, until something is true; its value."""
        deadline = time.monotonic() + self._case.patience
        while time.monotonic() < deadline:
            self.poll()
            if found := fact():
                return found
            poll = select.poll()
            for descriptor in self.executor.descriptors():
                poll.register(descriptor, select.POLLIN)
            # Facts of the file system have no descriptor: look for them often.
            poll.poll(1000 * min(0.02, self.executor.patience()))
        raise AssertionError(f"waited {self._case.patience:g} s in vain for {what}; reported were {self.reports}")

    def until_began(self, *keys: int) -> None:
        """Wait until these tasks run."""
        names = {str(key) for key in keys}
        self.wait(lambda: names <= set(self.began()), f"the beginning of {sorted(names)}")

    def until_ended(self, assignment: Assignment) -> Ended:
        """Wait for the report of an attempt's end."""
        return self.wait(lambda: self.ends(assignment), f"the end of attempt {assignment.at}")[0]

    def ends(self, assignment: Assignment) -> list[Ended]:
        """The reports of an attempt's end."""
        return [one for one in self.about(assignment) if isinstance(one, Ended)]

    def starts(self, assignment: Assignment) -> list[Started]:
        """The reports of an attempt's start."""
        return [one for one in self.about(assignment) if isinstance(one, Started)]

    def about(self, assignment: Assignment) -> list[Started | Ended | Launched]:
        """All reports about an attempt."""
        return [one for one in self.reports if (one.key, one.attempt) == assignment.at]

    def clear(self) -> None:
        """Let all tasks go, stop what still runs, and close the executor."""
        try:
            self.go(*(assignment.job.key for assignment in self._given))
            left = [a for a in self._given if not self.ends(a) and self.spool.read_claim(*a.at) is not None]
            self.stop(*left, why="removed")
            for assignment in left:
                self.until_ended(assignment)
        finally:
            self.executor.close()


def other_environment(context: Context, **more: str) -> Context:
    """The same context with more variables: tasks of both have to find each its own."""
    return Context(context.interpreter, context.folder, tuple(sorted({**dict(context.env), **more}.items())))


def _stops(name: str, assignments: Sequence[Assignment], why: str) -> list[PendingStop]:
    return [PendingStop(*assignment.at, name, why) for assignment in assignments]


def runs_here(pid: int | None) -> bool:
    """Whether a process lives on this host and is no zombie; True where that can't be seen."""
    if pid is None or not sys.platform.startswith("linux"):
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return os.path.exists(f"/proc/{pid}")
    return text[text.rindex(")") + 2] not in "ZX"
