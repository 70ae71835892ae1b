"""What executors know of their jobs beyond the recorded state: why one waits, when it may start, and so on.

None of it decides what an entry is, so it is no event and stands in no store. It is one small file per executor,
replaced whole at every look, that listings read and the next owner goes on from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from attrs import asdict, field, frozen

FOLDER = "scheduler"


@frozen
class Note:
    """What is known of one attempt's job.

    Args:
        job: The scheduler's id, empty before it has one.
        state: ``pending``, ``running``, ``held back`` (not submitted yet), ``missing`` or ``ended``.
        reason: Why, in the scheduler's words.
        start: When the scheduler expects to start it, as Unix time in seconds.
        since: What notes had before there was ``absent``: since when it had been missing, as Unix time in seconds.
        absent: For how many seconds looks have missed it, without a break; None if the last one didn't.
    """

    job: str = ""
    state: str = ""
    reason: str = ""
    start: float | None = None
    since: float | None = None
    absent: float | None = None


@frozen
class Notes:
    """What an executor wrote down.

    Args:
        looked: When it last looked, as Unix time in seconds.
        interval: Seconds until it looks again.
        trouble: Why the scheduler can't be asked, or takes no jobs; empty if it does.
        jobs: By ``KEY.ATTEMPT``.
    """

    looked: float = 0.0
    interval: float = 0.0
    trouble: str = ""
    jobs: Mapping[str, Note] = field(factory=dict)

    def absences(self) -> dict[str, float]:
        """For how many seconds jobs were seen to be missing when the notes were written, by ``KEY.ATTEMPT``."""
        found = {at: note.absent for at, note in self.jobs.items() if note.absent is not None}
        older = {at: max(0.0, self.looked - note.since) for at, note in self.jobs.items() if note.since is not None}
        return {**older, **found}


def write_notes(root: str, executor: str, notes: Notes) -> None:
    """Replace an executor's notes. What a full disk refuses is missed by nobody but listings."""
    folder = f"{root}/{FOLDER}"
    making = f"{folder}/.{executor}.{os.getpid()}.new"
    told = {**asdict(notes), "jobs": {at: _given(note) for at, note in notes.jobs.items()}}
    try:
        os.makedirs(folder, exist_ok=True)
        with open(making, "w", encoding="utf-8") as file:
            json.dump(told, file)
        os.replace(making, f"{folder}/{executor}.json")
    except OSError:
        return


def _given(note: Note) -> dict[str, Any]:
    return {name: value for name, value in asdict(note).items() if value not in ("", None)}


def read_notes(root: str, executor: str) -> Notes:
    """An executor's notes, empty ones where there are none that can be read."""
    try:
        with open(f"{root}/{FOLDER}/{executor}.json", encoding="utf-8") as file:
            told = json.load(file)
        jobs = {at: Note(**note) for at, note in told.pop("jobs").items()}
        return Notes(**told, jobs=jobs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Notes()


def all_notes(root: str) -> dict[str, Notes]:
    """The notes of all executors of a queue, by executor."""
    try:
        names = sorted(os.listdir(f"{root}/{FOLDER}"))
    except OSError:
        return {}
    found = (name.removesuffix(".json") for name in names if name.endswith(".json") and not name.startswith("."))
    return {name: read_notes(root, name) for name in found}
