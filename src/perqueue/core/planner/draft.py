"""What the planner has decided so far, over a view that does not change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import assert_never

from attrs import evolve

from ..decision import Action, Changes, Counters, Decision
from ..errors import BrokenInvariantError
from ..events import Event
from ..graph import Graph, Node, Scope
from ..records import Attempt, Entry, Frame, Ref, Source, StoredTask
from ..view import Json, View


class Draft:
    """Reads like the view as it will be, and collects every row that differs from it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._changes = Changes()
        self._counters: Counters = view.counters()
        self._at: dict[tuple[int, int, int], Ref] = {}
        self._dropped_entries: dict[int, None] = {}
        self._dropped_frames: dict[int, None] = {}
        self._actions: list[Action] = []
        self._heard: list[Event] = []

    # reading

    def entry(self, key: int) -> Entry | None:
        """The entry as it is now."""
        if key in self._dropped_entries:
            return None
        changes = self._changes
        return changes.entries.get(key) or changes.new_entries.get(key) or self._view.entry(key)

    def frame(self, number: int) -> Frame:
        """The frame as it is now."""
        changes = self._changes
        found = changes.frames.get(number) or changes.new_frames.get(number) or self._view.frame(number)
        if found is None or number in self._dropped_frames:
            raise BrokenInvariantError(f"frame {number} is missing")
        return found

    def item(self, ref: Ref) -> Entry | Frame:
        """The entry or frame that a ref names."""
        if ref < 0:
            return self.frame(-ref)
        found = self.entry(ref)
        if found is None:
            raise BrokenInvariantError(f"entry {ref} is missing")
        return found

    def at(self, frame: int, copy: int, node: int) -> Ref | None:
        """What stands at a place, unless it was removed."""
        ref = self._at.get((frame, copy, node))
        if ref is None:
            ref = self._view.at(frame, copy, node)
        if ref is None or ref in self._dropped_entries or -ref in self._dropped_frames:
            return None
        return ref

    def node_of(self, item: Entry | Frame) -> Node:
        """The node that an entry or frame is an instance of."""
        return self.node(item.graph, item.node)

    def node(self, graph: int, node: int) -> Node:
        """A node of a graph."""
        new = self._changes.graphs.get(graph)
        return self._view.node(graph, node) if new is None else new[0].nodes[node]

    def scope(self, graph: int, scope: int) -> Scope:
        """A scope of a graph."""
        new = self._changes.graphs.get(graph)
        return self._view.scope(graph, scope) if new is None else new[0].scopes[scope]

    def node_task(self, graph: int, node: int) -> int:
        """Number of the stored task that entries of this node run."""
        changed = self._changes.node_tasks.get((graph, node))
        return self._view.node_task(graph, node) if changed is None else changed

    def task(self, number: int) -> StoredTask:
        """A stored task."""
        return self._changes.tasks.get(number) or self._view.task(number)

    def attempt(self, key: int, number: int) -> Attempt | None:
        """One attempt of an entry."""
        changes, at = self._changes, (key, number)
        return changes.attempts.get(at) or changes.new_attempts.get(at) or self._view.attempt(key, number)

    def source(self, number: int) -> Source:
        """Merged results by number."""
        return self._changes.sources.get(number) or self._view.source(number)

    def data(self, key: int) -> Mapping[str, Json] | None:
        """The encoded result that stands for an entry."""
        entry = self.entry(key)
        at = (key, 0 if entry is None else entry.result)
        mine = self._changes.attempts.get(at) or self._changes.new_attempts.get(at)
        if mine is None or mine.outcome is None:
            return self._view.data(key)
        return None if mine.outcome.data is None else _loads(mine.outcome.data)

    # deciding

    def put(self, item: Entry | Frame) -> None:
        """The row as it is from now on."""
        changes = self._changes
        match item:
            case Entry():
                rows = changes.new_entries if item.key in changes.new_entries else changes.entries
                rows[item.key] = item
            case Frame():
                frames = changes.new_frames if item.id in changes.new_frames else changes.frames
                frames[item.id] = item
            case _:
                assert_never(item)

    def add_entry(self, entry: Entry) -> None:
        """A new entry at its place."""
        self._changes.new_entries[entry.key] = entry
        self._at[entry.frame, entry.copy, entry.node] = entry.ref

    def add_frame(self, frame: Frame) -> None:
        """A new frame at its place."""
        self._changes.new_frames[frame.id] = frame
        self._at[frame.frame, frame.copy, frame.node] = frame.ref

    def add_graph(self, graph: Graph, tasks: tuple[StoredTask, ...]) -> int:
        """A new graph and its stored tasks; the graph's number."""
        number = self.number("graph")
        ids = tuple(self.add_task(task) for task in tasks)
        self._changes.graphs[number] = (graph, ids)
        return number

    def graph_tasks(self, graph: int) -> tuple[int, ...]:
        """Numbers of the stored tasks of a graph that is being added."""
        return self._changes.graphs[graph][1]

    def add_task(self, task: StoredTask) -> int:
        """A new stored task; its number."""
        number = self.number("task")
        self._changes.tasks[number] = task
        return number

    def set_node_task(self, graph: int, node: int, task: int) -> None:
        """What entries of this node run from now on."""
        self._changes.node_tasks[graph, node] = task

    def add_source(self, keys: tuple[int, ...], data: str) -> int:
        """New merged results; their number."""
        number = self.number("source")
        self._changes.sources[number] = Source(number, keys, data)
        return number

    def add_attempt(self, attempt: Attempt) -> None:
        """A new attempt."""
        self._changes.new_attempts[attempt.key, attempt.number] = attempt

    def put_attempt(self, attempt: Attempt) -> None:
        """The attempt as it is from now on."""
        at = (attempt.key, attempt.number)
        rows = self._changes.new_attempts if at in self._changes.new_attempts else self._changes.attempts
        rows[at] = attempt

    def drop(self, ref: Ref) -> None:
        """Forget an entry or frame."""
        if ref > 0:
            self._changes.entries.pop(ref, None)
            self._changes.new_entries.pop(ref, None)
            self._dropped_entries[ref] = None
        else:
            self._changes.frames.pop(-ref, None)
            self._changes.new_frames.pop(-ref, None)
            self._dropped_frames[-ref] = None

    def number(self, kind: str) -> int:
        """The next number of a kind: entry, frame, source, graph or task."""
        given: int = getattr(self._counters, kind) + 1
        self._counters = evolve(self._counters, **{kind: given})
        return given

    def act(self, action: Action) -> None:
        """Something to carry out after the changes are stored."""
        self._actions.append(action)

    def hear(self, event: Event) -> None:
        """The event changed something."""
        self._heard.append(event)

    def decision(self) -> Decision:
        """Everything that was decided."""
        dropped = evolve(
            self._changes,
            dropped_entries=tuple(self._dropped_entries),
            dropped_frames=tuple(self._dropped_frames),
        )
        return Decision(dropped, tuple(self._actions), self._counters, tuple(self._heard))


def _loads(text: str) -> Mapping[str, Json]:
    found: Mapping[str, Json] = json.loads(text)
    return found
