"""Which tables the state consists of, and how a row of each looks in the files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from attrs import frozen

from perqueue.core.graph import Graph, Node, Scope
from perqueue.core.records import Attempt, Context, Entry, Frame, PendingStop, Source, StoredTask

from .rows import JsonRow, row_in, row_out

Key: TypeAlias = int | tuple[int, int]


@frozen(eq=False)
class Table:
    """One table.

    Args:
        name: As it stands in the files.
        out: A row as JSON, from its key and its record.
        back: Key and record of such a row.
        lazy: Rows stay JSON until somebody asks for them.
    """

    name: str
    out: Callable[[Any, Any], JsonRow]
    back: Callable[[JsonRow], tuple[Any, Any]]
    lazy: bool = False


def _keyed(name: str, kind: type[Any], key: Callable[[Any], Key]) -> Table:
    """A table of records that hold their own key."""

    def back(row: JsonRow) -> tuple[Key, Any]:
        record = row_in(kind, row)
        return key(record), record

    return Table(name, lambda _, record: row_out(record), back)


def _numbered(name: str, kind: type[Any]) -> Table:
    """A table of records whose number is not in them."""
    return Table(
        name,
        lambda number, record: {"number": number, **row_out(record)},
        lambda row: (row["number"], row_in(kind, row)),
    )


def graph_out(number: int, graph: Graph) -> JsonRow:
    """A graph, without its tasks: these are stored by themselves."""
    return {
        "number": number,
        "nodes": [row_out(node) for node in graph.nodes],
        "scopes": [row_out(scope) for scope in graph.scopes],
    }


def graph_in(row: JsonRow) -> Graph:
    """A graph, without its tasks."""
    nodes = tuple(row_in(Node, node) for node in row["nodes"])
    return Graph((), nodes, tuple(row_in(Scope, scope) for scope in row["scopes"]))


CONTEXTS: Final = _numbered("contexts", Context)
TASKS: Final = _numbered("tasks", StoredTask)
GRAPHS: Final = Table("graphs", graph_out, lambda row: (row["number"], row), lazy=True)
NODE_TASKS: Final = Table(
    "node_tasks",
    lambda at, task: {"graph": at[0], "node": at[1], "task": task},
    lambda row: ((row["graph"], row["node"]), row["task"]),
)
SOURCES: Final = _keyed("sources", Source, lambda source: source.id)
FRAMES: Final = _keyed("frames", Frame, lambda frame: frame.id)
ENTRIES: Final = _keyed("entries", Entry, lambda entry: entry.key)
ATTEMPTS: Final = _keyed("attempts", Attempt, lambda attempt: (attempt.key, attempt.number))
STOPS: Final = _keyed("stops", PendingStop, lambda stop: (stop.key, stop.attempt))

TABLES: Final = (CONTEXTS, TASKS, GRAPHS, NODE_TASKS, SOURCES, FRAMES, ENTRIES, ATTEMPTS, STOPS)
BY_NAME: Final = {table.name: table for table in TABLES}
