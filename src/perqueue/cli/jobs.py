"""What executors say of jobs that are with a scheduler: why one waits, and when it may start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import asdict

from perqueue.core.records import Entry
from perqueue.core.resources import LOCAL
from perqueue.executors.notes import Note, all_notes

from .printing import moment, note, one_line


def job_notes(root: str, entries: Iterable[Entry]) -> Mapping[int, Note]:
    """What is known of the jobs of these entries, by their keys; nothing is read where none is with a scheduler."""
    wanted = [entry for entry in entries if entry.state.active and entry.executor != LOCAL]
    if not wanted:
        return {}
    known = {at: found for notes in all_notes(root).values() for at, found in notes.jobs.items()}
    found = ((entry.key, known.get(f"{entry.key}.{entry.attempt}")) for entry in wanted)
    return {key: told for key, told in found if told is not None}


def job_words(told: Note | None) -> str:
    """What is worth telling of a job in a listing; that it runs is not."""
    if told is None or told.state == "running":
        return ""
    parts = [told.state, *([one_line(told.reason)] if told.reason else [])]
    words = ": ".join(parts)
    return words if told.start is None else f"{words}, expected to start {moment(told.start)}"


def job_data(told: Note | None) -> dict[str, Any] | None:
    """The same for programs."""
    return None if told is None else asdict(told)


def tell_troubles(root: str) -> None:
    """Say which schedulers can't be asked, or take no jobs."""
    for name, notes in all_notes(root).items():
        if notes.trouble:
            note(f"{name} (at {moment(notes.looked)}): {one_line(notes.trouble)}")
