"""Everything that a store can be asked, as one value to compare."""

from __future__ import annotations

from collections.abc import Mapping

from perqueue.core.graph import TaskKind, bodies
from perqueue.core.states import EntryState
from perqueue.store.protocol import Snapshot

EXECUTORS = ("local", "slurm", "pbs")


def answers(shown: Snapshot, *, graphs: bool = True) -> dict[str, object]:
    """What a snapshot answers to every question, by question; ``graphs``: also to those about graphs."""
    given = shown.counters()
    keys = range(given.entry + 2)
    found: dict[str, object] = {
        "counters": given,
        "keys": shown.keys(),
        "counts": shown.counts(),
        "busy": shown.busy(),
        "stops": shown.stops(),
        "lease": shown.lease(),
        "last epoch": shown.last_epoch(),
        "log": shown.log(),
        "log after 3": shown.log(after=3, limit=5),
        "rows": list(shown.rows()),
        "rows of even keys": list(shown.rows(list(keys[::2]))),
    }
    for state in EntryState:
        found[f"keys of {state}"] = shown.keys([state])
    for executor in EXECUTORS:
        found[f"ready on {executor}"] = [shown.ready(executor, limit) for limit in (0, 1, 10_000)]
        found[f"active on {executor}"] = shown.active(executor)
    for key in keys:
        found[f"entry {key}"] = entry = shown.entry(key)
        found[f"attempts of {key}"] = shown.attempts(key)
        found[f"data of {key}"] = (shown.data(key), shown.text(key))
        found[f"log of {key}"] = shown.log(key)
        if entry is not None:
            found[f"attempt of {key}"] = shown.attempt(key, entry.attempt)
            found[f"place of {key}"] = shown.place_of(key)
            found[f"keys beside {key}"] = shown.keys_of(entry.graph)
            found[f"at the place of {key}"] = shown.at(entry.frame, entry.copy, entry.node)
    for number in range(given.frame + 2):
        found[f"frame {number}"] = frame = shown.frame(number)
        if frame is not None and frame.node >= 0:
            found[f"at the place of frame {number}"] = shown.at(frame.frame, frame.copy, frame.node)
    for number in range(1, given.source + 1):
        found[f"source {number}"] = (shown.source(number), shown.text(-number))
    for number in range(1, given.task + 1):
        found[f"task {number}"] = shown.task(number)
    if graphs:
        found |= _graphs(shown)
    return found


def history(shown: Snapshot) -> dict[str, object]:
    """What a replay of the log has to give again, by name: all that the planner decides, and the log itself.

    Not the lease, contexts and pending stops, which are no events, nor what follows from these.
    """
    given = shown.counters()
    found: dict[str, object] = {"counters": given, "keys": shown.keys(), "log": shown.log()}
    for key in range(1, given.entry + 1):
        found[f"entry {key}"] = shown.entry(key)
        found[f"attempts of {key}"] = shown.attempts(key)
        found[f"data of {key}"] = shown.text(key)
    for number in range(1, given.source + 1):
        found[f"source {number}"] = shown.source(number)
    for number in range(1, given.task + 1):
        found[f"task {number}"] = shown.task(number)
    for number in range(1, given.graph + 1):
        found |= _whole_graph(shown, number)
    for number in range(1, given.frame + 1):
        found[f"frame {number}"] = frame = shown.frame(number)
        if frame is not None:
            # One copy more than there are: what a narrower group had there has to be gone.
            nodes = () if frame.scope < 0 else shown.scope(frame.graph, frame.scope).nodes
            for copy in range(frame.copies + 1):
                places = {node: shown.at(frame.id, copy, node) for node in (*nodes, -1)}
                found[f"places in copy {copy} of frame {number}"] = places
    return found


def differences(found: Mapping[str, object], expected: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """Questions that two stores answer differently, with both answers."""
    names = {**found, **expected}
    return {name: (found.get(name), expected.get(name)) for name in names if found.get(name) != expected.get(name)}


def _graphs(shown: Snapshot) -> dict[str, object]:
    """The nodes and scopes that entries stand in."""
    found: dict[str, object] = {}
    for row in shown.rows():
        entry = row.entry
        node = shown.node(entry.graph, entry.node)
        found[f"node {entry.node} of graph {entry.graph}"] = node
        found[f"scope {node.scope} of graph {entry.graph}"] = shown.scope(entry.graph, node.scope)
        if isinstance(node.kind, TaskKind):
            found[f"task of node {entry.node} of graph {entry.graph}"] = shown.node_task(entry.graph, entry.node)
    return found


def _whole_graph(shown: Snapshot, number: int) -> dict[str, object]:
    """All of a graph, and what entries made from now on run."""
    found: dict[str, object] = {}
    todo = [0]
    while todo:
        scope = shown.scope(number, todo.pop())
        found[f"scope {scope.index} of graph {number}"] = scope
        for index in scope.nodes:
            found[f"node {index} of graph {number}"] = node = shown.node(number, index)
            todo.extend(bodies(node.kind))
            if isinstance(node.kind, TaskKind):
                found[f"task of node {index} of graph {number}"] = shown.node_task(number, index)
    return found
