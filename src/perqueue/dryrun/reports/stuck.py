"""What waits for ever: entries that will not run by themselves though nothing is under way, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen

from perqueue.core.graph import LoopKind, SwitchKind, WidthKind
from perqueue.core.records import Entry, FrameState, Standing
from perqueue.core.standing import kind_of
from perqueue.core.states import EntryState
from perqueue.store.memory import State

REFUSALS: Final = frozenset({"width", "switch", "toggle", "tries"})
"""Reasons of entries with whose results a group could not go on."""


class Cause(StrEnum):
    """Why something waits for ever."""

    refused = "refused"
    """A group could not go on with a result."""
    failed = "failed"
    """An entry failed or timed out, and has to be resubmitted."""
    never_fits = "never fits"
    """A job asks for more than its partition has."""
    unknown = "unknown"
    """None of these."""


@frozen
class Stuck:
    """Something that keeps entries waiting.

    Args:
        cause: Of which kind it is.
        task: The name of the task whose entries it is about; empty if unknown.
        keys: These entries.
        why: What is wrong, in a line.
        waiting: How many entries wait in the same submissions, by name of their task.
        undecided: Groups in the same submissions that are not built, as they were described.
    """

    cause: Cause
    task: str
    keys: tuple[int, ...]
    why: str
    waiting: Mapping[str, int]
    undecided: tuple[str, ...] = ()


def stuck(state: State, impossible: Mapping[int, str], names: Mapping[int, str]) -> Iterator[Stuck]:
    """What keeps entries waiting in a queue in which nothing happens any more."""
    waiting: dict[int, dict[str, int]] = {}
    for key, entry in sorted(state.entries.items()):
        if entry.state in (EntryState.waiting, EntryState.goahead):
            counts = waiting.setdefault(entry.graph, {})
            counts[names[key]] = counts.get(names[key], 0) + 1
    undecided = _undecided(state)
    unfinished = waiting.keys() | undecided.keys()
    found: dict[tuple[Cause, str, str], list[Entry]] = {}
    for key, entry in sorted(state.entries.items()):
        if key in impossible:
            found.setdefault((Cause.never_fits, names[key], impossible[key]), []).append(entry)
        elif entry.state is EntryState.failed and entry.reason in REFUSALS:
            found.setdefault((Cause.refused, names[key], message(state, entry)), []).append(entry)
        elif entry.state in (EntryState.failed, EntryState.timeout) and entry.graph in unfinished:
            found.setdefault((Cause.failed, names[key], f"{entry.state} ({entry.reason})"), []).append(entry)
    explained = {entry.graph for entries in found.values() for entry in entries}
    for (cause, task, why), entries in found.items():
        graphs = {entry.graph for entry in entries}
        keys = tuple(entry.key for entry in entries)
        yield Stuck(cause, task, keys, why, _together(waiting, graphs), _labels(undecided, graphs))
    if lost := unfinished - explained:
        why = "nothing that it waits for is under way"
        yield Stuck(Cause.unknown, "", (), why, _together(waiting, lost), _labels(undecided, lost))


def _undecided(state: State) -> dict[int, dict[str, None]]:
    """The labels of groups that wait to be built, by graph: where nothing of them exists yet, no entry waits."""
    found: dict[int, dict[str, None]] = {}
    for frame in state.frames.values():
        if frame.state is FrameState.waiting and frame.standing is Standing.pending:
            kind = kind_of(state, frame)
            if isinstance(kind, WidthKind | SwitchKind | LoopKind):
                found.setdefault(frame.graph, {})[kind.label] = None
    return found


def _labels(undecided: Mapping[int, Mapping[str, None]], graphs: set[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for graph in sorted(graphs) for label in undecided.get(graph, ())))


def message(state: State, entry: Entry) -> str:
    """Why a group could not go on with an entry's result."""
    attempt = state.attempt(entry.key, entry.result)
    return "" if attempt is None or attempt.outcome is None else attempt.outcome.message.strip()


def _together(waiting: Mapping[int, Mapping[str, int]], graphs: set[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for graph in sorted(graphs):
        for name, count in waiting.get(graph, {}).items():
            found[name] = found.get(name, 0) + count
    return found
