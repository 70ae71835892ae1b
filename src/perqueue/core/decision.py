"""What the planner answers: changes to store in one transaction, and actions to carry out after it."""

from __future__ import annotations

from typing import TypeAlias

from attrs import field, frozen

from .events import Event
from .graph import Graph
from .records import Attempt, Entry, Frame, Source, StoredTask


@frozen
class Counters:
    """The highest number given so far of each kind; numbers are never given twice."""

    entry: int = 0
    frame: int = 0
    source: int = 0
    graph: int = 0
    task: int = 0


@frozen
class Changes:
    """Rows to write, each as it is afterwards, and rows to drop."""

    graphs: dict[int, tuple[Graph, tuple[int, ...]]] = field(factory=dict)
    """New graphs by number, with the numbers of their stored tasks."""
    tasks: dict[int, StoredTask] = field(factory=dict)
    node_tasks: dict[tuple[int, int], int] = field(factory=dict)
    """(graph, node) -> number of the stored task that entries made from now on run."""
    new_entries: dict[int, Entry] = field(factory=dict)
    entries: dict[int, Entry] = field(factory=dict)
    new_frames: dict[int, Frame] = field(factory=dict)
    frames: dict[int, Frame] = field(factory=dict)
    sources: dict[int, Source] = field(factory=dict)
    new_attempts: dict[tuple[int, int], Attempt] = field(factory=dict)
    attempts: dict[tuple[int, int], Attempt] = field(factory=dict)
    dropped_entries: tuple[int, ...] = ()
    dropped_frames: tuple[int, ...] = ()


@frozen
class Launch:
    """Start this attempt."""

    key: int
    attempt: int


@frozen
class Stop:
    """Stop this attempt, wherever it is. ``why`` is one word: cancelled, superseded or removed."""

    key: int
    attempt: int
    why: str


Action: TypeAlias = Launch | Stop


@frozen
class Decision:
    """The planner's answer. ``heard`` are the events that changed something; what isn't in it was stale."""

    changes: Changes
    actions: tuple[Action, ...]
    counters: Counters
    heard: tuple[Event, ...]
