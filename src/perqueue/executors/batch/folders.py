"""The folders of batches: the job files of their elements, which attempt each is, and the job id once there is one.

``.perqueue/scheduler/slurm/TAG/`` holds ``0.job``, ``1.job``, ..., ``attempts`` (one ``KEY.ATTEMPT`` in a line),
``job`` (the scheduler's id, once it said so) and ``output``. It is complete before the batch is submitted. So whoever
finds it after a crash knows what to look for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from perqueue.runner.spool import parse_name

from ..notes import FOLDER
from ..protocol import Assignment

_TAIL: Final = 400


@frozen
class Found:
    """Where an attempt stands: in which batch, as which element, and with which job id if that is known.

    ``made`` is when the batch was made, as Unix time in seconds by the file server's clock.
    """

    tag: str
    index: int
    size: int
    job: str
    made: float


class BatchFolders:
    """The batches of one executor in one queue."""

    def __init__(self, root: str, executor: str) -> None:
        self._root = f"{root}/{FOLDER}/{executor}"

    def path(self, tag: str) -> str:
        """The folder of a batch."""
        return f"{self._root}/{tag}"

    def output(self, tag: str) -> str:
        """What its jobs print before the tasks' own logs are opened."""
        return f"{self._root}/{tag}/output"

    def make(self, tag: str, assignments: Sequence[Assignment]) -> None:
        """Make the folder of a batch, which appears complete or not at all.

        Raises:
            OSError: It can't be written; nothing of it is left then.
        """
        making = f"{self._root}/.{tag}"
        try:
            os.makedirs(making)
            for index, assignment in enumerate(assignments):
                with open(f"{making}/{index}.job", "wb") as file:
                    file.write(assignment.job.to_bytes())
            with open(f"{making}/attempts", "w", encoding="utf-8") as file:
                file.writelines(f"{assignment.job.key}.{assignment.job.attempt}\n" for assignment in assignments)
                file.flush()
                os.fsync(file.fileno())
            os.rename(making, self.path(tag))
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise

    def taken(self, tag: str, job: str) -> None:
        """Keep the id that the scheduler gave: the queue records it only with its next commit.

        Raises:
            OSError: It can't be written.
        """
        making = f"{self.path(tag)}/.job"
        with open(making, "w", encoding="utf-8") as file:
            file.write(job)
        os.replace(making, f"{self.path(tag)}/job")

    def forget(self, tag: str) -> None:
        """Delete what nobody needs any more."""
        shutil.rmtree(self.path(tag), ignore_errors=True)

    def places(self) -> dict[tuple[int, int], Found]:
        """Where each attempt stands. One that is in several batches is where its job is known, or in the newest."""
        batches = [batch for tag in self._tags() if (batch := self._read(tag))]
        # Those that count more come later. The elements of a batch differ in nothing that matters here.
        batches.sort(key=lambda batch: max((bool(place.job), place.made) for place in batch.values()))
        return {at: place for batch in batches for at, place in batch.items()}

    def printed(self, tag: str) -> str:
        """The last of what a batch's jobs printed, in one line."""
        text = _read(self.output(tag))
        return " ".join(text[-_TAIL:].split())

    def _tags(self) -> Iterator[str]:
        try:
            names = os.listdir(self._root)
        except FileNotFoundError:
            return
        yield from (name for name in names if not name.startswith("."))

    def _read(self, tag: str) -> dict[tuple[int, int], Found]:
        """The attempts of a batch."""
        try:
            with open(f"{self.path(tag)}/attempts", encoding="utf-8", errors="replace") as file:
                names, made = file.read().split(), os.fstat(file.fileno()).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return {}
        job = _read(f"{self.path(tag)}/job")
        places = ((parse_name(name), Found(tag, index, len(names), job, made)) for index, name in enumerate(names))
        return {at: place for at, place in places if at is not None}


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
