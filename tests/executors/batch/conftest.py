"""A batch executor on a batch system in memory, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.executors.batch.toy import At, Element, Toy, ToyCommands, ToyDialect

from perqueue.config import Config, ExecutorOptions, Partition
from perqueue.core.events import Ended, Launched, Started
from perqueue.core.records import Context, PendingStop
from perqueue.core.resources import Resources
from perqueue.executors.batch.clocks import Clocks
from perqueue.executors.batch.executor import BatchExecutor
from perqueue.executors.notes import Note, Notes, read_notes
from perqueue.executors.protocol import Assignment, Report, Site
from perqueue.runner.job import Job
from perqueue.runner.spool import Spool

QUEUE = "0123456789abcdef0123456789abcdef"


class Rig:
    """An executor, what it was given, what it reported, and the batch system around it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.root = str(folder)
        self.now = 1_000_000.0
        """The Unix time, which a test may put back and forward; ``sleep`` lets time pass."""
        self.passed = 0.0
        """By the clock that only rises."""
        self.spool = Spool(self.root, QUEUE)
        self.spool.make()
        self.toy = Toy(self.spool, lambda: self.now)
        self.commands = ToyCommands(self.toy)
        self.options = ExecutorOptions("toy", **{"interval": 5.0, "max_interval": 120.0, "absence": 300.0, **options})
        parts = (
            *(Partition("default", "toy"), Partition("big", "toy", max_jobs=3), Partition("gpu", "toy")),
            *(Partition("far", "toy", flags=("far",)), Partition("either", "toy", flags=("far", "near"))),
        )
        self.config = Config(cores=2, partitions={one.name: one for one in parts})
        self.reports: list[Report] = []
        self.given: dict[At, Assignment] = {}
        self.executor = self.open()

    def open(self) -> BatchExecutor:
        """The executor of a next owner."""
        config = evolve(self.config, executors={"toy": self.options})
        return BatchExecutor(Site(self.root, QUEUE), config, ToyDialect(), self.commands, self.clocks)

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.now, lambda: self.passed)

    # attempts

    def task(self, key: int, partition: str = "default", attempt: int = 1, **fields: Any) -> Assignment:
        job = Job(QUEUE, self.root, key, attempt, f"task{key}", "/task.py", "/", mpi=fields.pop("mpi", ()))
        values = {"resources": Resources(), "queued": self.now, **fields}
        return Assignment(job, Context("/python", "/", ()), partition=partition, **values)

    def launch(self, *keys: int, partition: str = "default", **fields: Any) -> list[Assignment]:
        tasks = [self.task(key, partition, **fields) for key in keys]
        self.give(*tasks)
        return tasks

    def give(self, *tasks: Assignment) -> None:
        self.given.update((task.at, task) for task in tasks)
        self.executor.launch(tasks)
        self.settle()

    def stop(self, *keys: int, why: str = "cancelled") -> None:
        lanes = {key: f"toy:{self.given[key, 1].partition if (key, 1) in self.given else 'default'}" for key in keys}
        self.executor.stop([PendingStop(key, 1, lanes[key], why) for key in keys])
        self.settle()

    def next_owner(self, *keys: int) -> None:
        """The owner dies; the next one recovers attempts of these keys, by default all that have not ended."""
        self.commands = ToyCommands(self.toy)
        self.executor = self.open()
        left = [task for task in self.given.values() if not self.ends(task.job.key)]
        jobs = {(one.key, one.attempt): one.job for one in self.reports if isinstance(one, Launched)}
        known = [evolve(task, job_id=jobs.get(task.at, "")) for task in left if not keys or task.job.key in keys]
        self.executor.recover(known)
        self.settle()

    # time

    def settle(self) -> None:
        """Poll for as long as there is something to do at once."""
        before = -1
        while before != len(self.commands.log):
            before = len(self.commands.log)
            self.poll()

    def poll(self) -> None:
        self.reports += self.executor.poll()

    def sleep(self, seconds: float) -> None:
        """Let time pass in which nobody polls."""
        self.now, self.passed = self.now + seconds, self.passed + seconds

    def run(self, seconds: float, step: Callable[[], object] = lambda: None, pause: float = 1.0) -> None:
        """Let time pass, polling when the executor wants that, and once in a second as a supervisor does at least."""
        until = self.passed + seconds
        while self.passed < until:
            step()
            self.poll()
            self.sleep(min(until - self.passed, max(0.001, min(pause, self.executor.patience()))))
        self.poll()

    # the batch system

    def job(self, key: int) -> Element:
        """The newest job of a key."""
        return self.jobs(key)[-1]

    def jobs(self, key: int) -> list[Element]:
        return [one for one in self.toy.elements if (found := self.toy.at(one)) is not None and found[0] == key]

    def start(self, *keys: int) -> None:
        for key in keys:
            self.toy.start(self.job(key))

    # reports

    def ends(self, key: int) -> list[Ended]:
        return [one for one in self.reports if isinstance(one, Ended) and one.key == key]

    def end(self, key: int) -> tuple[str, str]:
        """Verdict and reason of the only end of a key."""
        (one,) = self.ends(key)
        return one.outcome.verdict.value, one.outcome.reason

    def starts(self, key: int) -> list[int]:
        """Which starts of a key were reported."""
        return [one.restart for one in self.reports if isinstance(one, Started) and one.key == key]

    def ids(self, key: int) -> list[str]:
        """The job ids that were reported of a key."""
        return [one.job for one in self.reports if isinstance(one, Launched) and one.key == key]

    @property
    def notes(self) -> Notes:
        return read_notes(self.root, "toy")

    def note(self, key: int) -> Note:
        return self.notes.jobs[f"{key}.1"]

    def folders(self) -> list[Path]:
        """The batches that are kept."""
        return sorted(Path(self.root, "scheduler", "toy").glob("pq-*"))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)
