"""Reading: the planner's view and the listings, over one open connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from perqueue.core.errors import BrokenInvariantError, UnknownEntryError
from perqueue.core.records import Attempt, Context, Entry, Frame, PendingStop, Ref, Source, SourceRef, StoredTask
from perqueue.core.states import EntryState
from perqueue.core.view import Json

from ..protocol import Lease, LoggedEvent, Row
from .rows import attempt_in, entry_in, frame_in, numbers_in, task_in, text_in

if TYPE_CHECKING:
    from perqueue.core.decision import Counters
    from perqueue.core.graph import Node, Scope

_BATCH: Final = 500
_TASK: Final = "name, code, func, args, t.resources, t.executor, context, folder, module, t.retry"


class GraphCache:
    """Nodes and scopes that were read: they never change. Bounded, oldest out first."""

    def __init__(self, most: int = 4096) -> None:
        self.most = most
        self.nodes: dict[tuple[int, int], Node] = {}
        self.scopes: dict[tuple[int, int], Scope] = {}

    def keep_node(self, at: tuple[int, int], node: Node) -> None:
        """Remember a node."""
        if len(self.nodes) >= self.most:
            del self.nodes[next(iter(self.nodes))]
        self.nodes[at] = node

    def keep_scope(self, at: tuple[int, int], scope: Scope) -> None:
        """Remember a scope; there are few, but they may be wide."""
        if len(self.scopes) >= 16:
            del self.scopes[next(iter(self.scopes))]
        self.scopes[at] = scope

    def forget(self) -> None:
        """Drop everything: what a transaction that was rolled back read of its own graphs never existed."""
        self.nodes.clear()
        self.scopes.clear()


class Reads:
    """A consistent state: valid while its connection's transaction lasts."""

    def __init__(self, connection: sqlite3.Connection, cache: GraphCache) -> None:
        self._sql = connection
        self._cache = cache

    # what the planner asks

    def counters(self) -> Counters:
        """The highest numbers given."""
        from perqueue.core.decision import Counters  # only for those who plan

        return Counters(*self._sql.execute("SELECT entry, frame, source, graph, task FROM counters").fetchone())

    def entry(self, key: int) -> Entry | None:
        """The entry, or None."""
        row = self._sql.execute("SELECT * FROM entries WHERE key = ?", (key,)).fetchone()
        return None if row is None else entry_in(row)

    def frame(self, number: int) -> Frame | None:
        """The frame, or None."""
        row = self._sql.execute("SELECT * FROM frames WHERE id = ?", (number,)).fetchone()
        return None if row is None else frame_in(row)

    def at(self, frame: int, copy: int, node: int) -> Ref | None:
        """What stands at a place, or None."""
        place = (frame, copy, node)
        row = self._sql.execute("SELECT key FROM entries WHERE frame = ? AND copy = ? AND node = ?", place).fetchone()
        if row is None:
            row = self._sql.execute(
                "SELECT -id FROM frames WHERE frame = ? AND copy = ? AND node = ?", place
            ).fetchone()
        return None if row is None else row[0]

    def source(self, number: int) -> Source:
        """Merged results."""
        row = self._sql.execute("SELECT id, keys, data FROM sources WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise BrokenInvariantError(f"source {number} is missing")
        return Source(row[0], numbers_in(row[1]), text_in(row[2]))

    def attempt(self, key: int, number: int) -> Attempt | None:
        """One attempt of an entry."""
        row = self._sql.execute("SELECT * FROM attempts WHERE key = ? AND number = ?", (key, number)).fetchone()
        return None if row is None else attempt_in(row)

    def data(self, key: int) -> Mapping[str, Json] | None:
        """The encoded result that stands for an entry."""
        text = self.text(key)
        found: Mapping[str, Json] | None = None if text is None else json.loads(text)
        return found

    def node(self, graph: int, node: int) -> Node:
        """A node of a graph."""
        found = self._cache.nodes.get((graph, node))
        if found is None:
            from .graphs import node_in  # its converter is only needed by those who plan

            found = node_in(self._body("SELECT body FROM nodes WHERE graph = ? AND node = ?", graph, node))
            self._cache.keep_node((graph, node), found)
        return found

    def scope(self, graph: int, scope: int) -> Scope:
        """A scope of a graph."""
        found = self._cache.scopes.get((graph, scope))
        if found is None:
            from .graphs import scope_in  # its converter is only needed by those who plan

            found = scope_in(self._body("SELECT body FROM scopes WHERE graph = ? AND scope = ?", graph, scope))
            self._cache.keep_scope((graph, scope), found)
        return found

    def node_task(self, graph: int, node: int) -> int:
        """Number of the stored task that new entries of this node run."""
        return int(self._body("SELECT task FROM nodes WHERE graph = ? AND node = ?", graph, node))

    def task(self, number: int) -> StoredTask:
        """A stored task."""
        row = self._sql.execute(f"SELECT {_TASK} FROM tasks t WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise BrokenInvariantError(f"task {number} is missing")
        return task_in(row)

    def _body(self, query: str, graph: int, number: int) -> str:
        row = self._sql.execute(query, (graph, number)).fetchone()
        if row is None or row[0] is None:
            raise BrokenInvariantError(f"part {number} of graph {graph} is missing")
        found: str = row[0]
        return found

    # what listings and ticks ask

    def keys(self, states: Iterable[EntryState] | None = None) -> list[int]:
        """Keys, ascending."""
        if states is None:
            return [key for (key,) in self._sql.execute("SELECT key FROM entries ORDER BY key")]
        wanted = [state.value for state in states]
        marks = ",".join("?" * len(wanted))
        return [
            key
            for (key,) in self._sql.execute(f"SELECT key FROM entries WHERE state IN ({marks}) ORDER BY key", wanted)
        ]

    def rows(self, keys: Sequence[int] | None = None) -> Iterator[Row]:
        """Entries with what listings show."""
        query = (
            f"SELECT e.*, {_TASK}, a.* FROM entries e JOIN tasks t ON t.id = e.task "
            "LEFT JOIN attempts a ON a.key = e.key AND a.number = e.attempt"
        )
        if keys is None:
            yield from map(self._row, self._sql.execute(f"{query} ORDER BY e.key"))
            return
        wanted = sorted(set(keys))
        for start in range(0, len(wanted), _BATCH):
            part = wanted[start : start + _BATCH]
            marks = ",".join("?" * len(part))
            yield from map(self._row, self._sql.execute(f"{query} WHERE e.key IN ({marks}) ORDER BY e.key", part))

    def counts(self) -> dict[EntryState, int]:
        """How many entries are in each state."""
        return {EntryState(s): n for s, n in self._sql.execute("SELECT state, count(*) FROM entries GROUP BY state")}

    def ready(self, executor: str, limit: int) -> list[int]:
        """Entries to launch next."""
        found = self._sql.execute(
            # Left to itself SQLite takes the index of states, and walks over what is ready for other executors.
            "SELECT key FROM entries INDEXED BY entries_ready WHERE state = 'goahead' AND executor = ? "
            "AND NOT EXISTS (SELECT 1 FROM stops WHERE stops.key = entries.key) ORDER BY key LIMIT ?",
            (executor, limit),
        )
        return [key for (key,) in found]

    def active(self, executor: str) -> list[tuple[int, int]]:
        """(key, attempt) of what is with an executor."""
        return self._sql.execute(
            "SELECT key, attempt FROM entries WHERE state IN ('queueing', 'running') AND executor = ? ORDER BY key",
            (executor,),
        ).fetchall()

    def busy(self) -> bool:
        """Whether there is anything to do or to wait for."""
        queries = (
            "SELECT 1 FROM entries WHERE state = 'goahead' LIMIT 1",
            "SELECT 1 FROM entries WHERE state IN ('queueing', 'running') LIMIT 1",
            "SELECT 1 FROM stops LIMIT 1",
        )
        return any(self._sql.execute(query).fetchone() for query in queries)

    def stops(self) -> list[PendingStop]:
        """Attempts that have to be stopped."""
        found = self._sql.execute("SELECT key, attempt, executor, why FROM stops ORDER BY key, attempt")
        return [PendingStop(*row) for row in found]

    def text(self, source: SourceRef) -> str | None:
        """What a source holds, unread."""
        if source < 0:
            return self.source(-source).data
        row = self._sql.execute(
            "SELECT a.data FROM entries e JOIN attempts a ON a.key = e.key AND a.number = e.result WHERE e.key = ?",
            (source,),
        ).fetchone()
        return None if row is None or row[0] is None else text_in(row[0])

    def attempts(self, key: int) -> list[Attempt]:
        """All attempts of an entry, also of one that is gone, oldest first."""
        found = self._sql.execute("SELECT * FROM attempts WHERE key = ? ORDER BY number", (key,))
        return [attempt_in(row) for row in found]

    def keys_of(self, graph: int) -> list[int]:
        """Keys of a graph's entries."""
        return [key for (key,) in self._sql.execute("SELECT key FROM entries WHERE graph = ? ORDER BY key", (graph,))]

    def place_of(self, key: int) -> list[int]:
        """Entries of the same node."""
        row = self._sql.execute("SELECT graph, node FROM entries WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise UnknownEntryError(key)
        return [
            k for (k,) in self._sql.execute("SELECT key FROM entries WHERE graph = ? AND node = ? ORDER BY key", row)
        ]

    def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
        """Events in order."""
        mine = "" if key is None else "AND key = :key AND key > 0 "
        found = self._sql.execute(
            f"SELECT seq, at, kind, key, attempt, body FROM events WHERE seq > :after {mine}ORDER BY seq LIMIT :limit",
            {"after": after, "key": key, "limit": -1 if limit is None else limit},
        )
        return [
            LoggedEvent(seq, at, kind, about, number, json.loads(text_in(body)))
            for seq, at, kind, about, number, body in found
        ]

    def context(self, number: int) -> Context:
        """A submission's context."""
        row = self._sql.execute("SELECT interpreter, folder, env FROM contexts WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise BrokenInvariantError(f"context {number} is missing")
        return Context(text_in(row[0]), text_in(row[1]), tuple((name, value) for name, value in json.loads(row[2])))

    def lease(self) -> Lease | None:
        """Who moves the queue."""
        held, *row = self._sql.execute("SELECT held, epoch, host, pid, start, boot, beat FROM lease").fetchone()
        return Lease(*row) if held else None

    def last_epoch(self) -> int:
        """The epoch of the newest lease, held or not."""
        found: int = self._sql.execute("SELECT epoch FROM lease").fetchone()[0]
        return found

    def _row(self, row: tuple[Any, ...]) -> Row:
        entry, task = entry_in(row[:19]), task_in(row[19:29])
        newest = None if row[29] is None else attempt_in(row[29:])
        # An entry that runs again keeps its earlier result for the time being.
        result = newest if entry.result == entry.attempt else self.attempt(entry.key, entry.result)
        return Row(entry, task, newest, result)
