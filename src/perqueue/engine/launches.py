"""From a recorded attempt to the job that an executor runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from perqueue.config import Config, scaled
from perqueue.core.errors import BrokenInvariantError, UsageError
from perqueue.core.events import Ended
from perqueue.core.keys import INDEX_KW, ITER_KW
from perqueue.core.records import Context, Entry, StoredTask
from perqueue.core.resources import LOCAL
from perqueue.executors.protocol import Assignment
from perqueue.executors.reports import lost
from perqueue.runner.job import Job
from perqueue.store.protocol import Snapshot

from .folder import QueueFolder

UNUSABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BrokenInvariantError,
    LookupError,
    RuntimeError,
    TypeError,
    UsageError,
    ValueError,
)
"""What is raised where something that was stored or configured can't be used, as against a store in trouble."""

_T = TypeVar("_T")
_MOST_KEPT: Final = 1024
_INLINE: Final = 1 << 16
"""Inputs of more characters than this travel as a file, which all that read the same inputs share."""


class Assignments:
    """Prepares jobs for one queue under one configuration."""

    def __init__(self, folder: QueueFolder, config: Config) -> None:
        self._folder, self._config = folder, config
        self._tasks: dict[int, StoredTask] = {}
        self._contexts: dict[int, Context] = {}

    def prepared(self, state: Snapshot, attempts: Iterable[tuple[int, int]]) -> tuple[list[Assignment], list[Ended]]:
        """Assignments for recorded attempts, and the ends of those for which none can be made.

        Raises:
            StorageError: The store is in trouble.
            OSError: Inputs can't be written.
        """
        made: list[Assignment] = []
        unfit: list[Ended] = []
        for key, attempt in attempts:
            try:
                made.append(self.prepare(state, key, attempt))
            except UNUSABLE as error:
                unfit.append(lost(key, attempt, "launch", _unprepared(key, error)))
        return made, unfit

    def prepare(self, state: Snapshot, key: int, attempt: int) -> Assignment:
        """The assignment for a recorded attempt.

        Raises:
            StorageError: The store is in trouble.
            OSError: Its inputs can't be written.
            Exception: One of :data:`UNUSABLE`, if no job can be made of it.
        """
        entry, recorded = state.entry(key), state.attempt(key, attempt)
        if entry is None or recorded is None:
            raise BrokenInvariantError(f"entry {key} or its attempt {attempt} is missing")
        # Both never change, and many entries share them.
        task = _kept(self._tasks, entry.task, state.task)
        context = _kept(self._contexts, task.context, state.context)
        text = None if entry.source == 0 else state.text(entry.source)
        path = None
        if text is not None and len(text) > _INLINE:
            path = self._shared(text)
        resources = recorded.resources or task.resources
        executor, _, partition = recorded.executor.partition(":")
        here = executor == LOCAL
        where = self._config.known(partition)
        special: dict[str, list[int]] = {}
        if entry.index:
            special[INDEX_KW] = list(entry.index)
        if entry.iteration:
            special[ITER_KW] = list(entry.iteration)
        job = Job(
            queue=self._folder.id,
            root=self._folder.root,
            key=key,
            attempt=attempt,
            name=task.name,
            code=task.code,
            func=task.func,
            args=task.args,
            input=text if path is None else None,
            input_file=path,
            special=special,
            folder=working_folder(task, entry, attempt, context.folder),
            make_folder=task.folder is not None,
            paths=import_paths(task.module, task.code, context.folder),
            walltime=float(resources.seconds),
            cores=scaled(resources, self._config) if here else resources.cores,
            durable=not here,
            mpi=() if here else where.starter(resources),
            requeue=not here and where.requeue,
            # What a typed function is given has the types that it declares, whatever scripts are used to.
            shapes="json" if self._config.shapes == "json" and not task.module else "typed",
            module=task.module,
        )
        if self._config.logs == "perqueue":
            printed = f"{context.folder}/perqueue.local.{key}"
            job = job._replace(out=f"{printed}.out", err=f"{printed}.err")
        else:
            job = job._replace(log=self._folder.log(key, attempt))
        return Assignment(job, context, resources, partition, recorded.job, recorded.queued, task.resources.avoid)

    def _shared(self, text: str) -> str:
        raw = text.encode("utf-8", "surrogatepass")
        folder = f"{self._folder.root}/spool/inputs"
        path = f"{folder}/{hashlib.sha256(raw).hexdigest()}.json"
        if not os.path.exists(path):
            os.makedirs(folder, exist_ok=True)
            making = f"{path}.{os.getpid()}.new"
            with open(making, "wb") as file:
                file.write(raw)
                # Whoever finds the name later trusts what it names, after a power cut too.
                file.flush()
                os.fsync(file.fileno())
            os.rename(making, path)
        return path


def _unprepared(key: int, error: Exception) -> str:
    return (
        f"its job can't be made: {type(error).__name__}: {error}; `pq show {key}` shows what it asks for: mend that or "
        f"the configuration, and run `pq resubmit -i {key}`"
    )


def _kept(known: dict[int, _T], number: int, read: Callable[[int], _T]) -> _T:
    found = known.get(number)
    if found is None:
        if len(known) >= _MOST_KEPT:
            known.clear()
        found = known[number] = read(number)
    return found


def import_paths(module: str, code: str, submitted_from: str) -> tuple[str, ...]:
    """The front of a task's sys.path: the submission's folder and the script's own.

    The module of a typed function is the one that the submission had imported, so the folder from which its name
    leads to its file comes first, unless that is where packages are installed, which Python searches anyway.
    """
    here = os.path.dirname(code)
    if not module:
        return submitted_from, here
    home = here
    if module != "__main__":
        *packages, last = module.split(".")
        if os.path.splitext(os.path.basename(code))[0] == "__init__":
            packages.append(last)
        for package in reversed(packages):
            if os.path.basename(home) != package:  # it has its name from elsewhere
                return submitted_from, here
            home = os.path.dirname(home)
    if {"site-packages", "dist-packages"}.intersection(home.split(os.sep)):
        return (submitted_from,)
    return (home,) if home == submitted_from else (home, submitted_from)


def working_folder(task: StoredTask, entry: Entry, attempt: int, submitted_from: str) -> str:
    """The folder in which an attempt works; relative ones are below the submission's."""
    if task.folder is None:
        return submitted_from
    filled = task.folder.format(
        key=entry.key,
        name=task.name,
        attempt=attempt,
        index="-".join(map(str, entry.index)),
        iteration="-".join(map(str, entry.iteration)),
    )
    return os.path.normpath(os.path.join(submitted_from, filled))
