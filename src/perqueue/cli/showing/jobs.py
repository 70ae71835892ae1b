"""What executors say of jobs that are with a scheduler: why one waits, and when it may start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import asdict

from perqueue.core.records import Entry
from perqueue.core.resources import LOCAL
from perqueue.core.states import EntryState
from perqueue.engine.folder import QueueFolder
from perqueue.executors.notes import Note, all_notes

from ..printing import moment, note, one_line

FILE: Final = "perqueue.toml"


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
    state = "over, its outcome is awaited" if told.state == "ended" else told.state
    parts = [state, *([one_line(told.reason)] if told.reason else [])]
    words = ": ".join(parts)
    return words if told.start is None else f"{words}, expected to start {moment(told.start)}"


def job_data(told: Note | None) -> dict[str, Any] | None:
    """The same for programs."""
    return None if told is None else asdict(told)


def tell_troubles(folder: QueueFolder, entries: Iterable[Entry]) -> None:
    """Say which schedulers can't be asked, or take no jobs, and which partitions nothing configures any more."""
    moving = frozenset({EntryState.goahead, EntryState.queueing, EntryState.running})
    lanes = {entry.executor for entry in entries if entry.state in moving and entry.executor != LOCAL}
    if not lanes:
        return
    for name, notes in all_notes(folder.root).items():
        if notes.trouble:
            # Who is refused at its first submission has not looked yet.
            when = f" (at {moment(notes.looked)})" if notes.looked else ""
            note(f"{name}{when}: {one_line(notes.trouble)}")
    for lane in sorted(lanes - _configured(folder)):
        executor, _, partition = lane.partition(":")
        note(
            f"entries wait for partition {partition!r} of {executor!r}, which the queue's configuration doesn't have: "
            f"write it into {folder.folder}/{FILE}, or give them other resources with `pq modify r`"
        )


def _configured(folder: QueueFolder) -> frozenset[str]:
    from perqueue.config import ConfigError, load_config  # only where something is with a scheduler

    try:
        return frozenset(load_config(folder.folder).lanes)
    except ConfigError as error:
        note(str(error))
        return frozenset()
