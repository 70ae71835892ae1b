"""Writing: a decision and its events, inside one exclusive transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable

from perqueue.core.decision import Changes, Decision, Stop
from perqueue.core.events import Event
from perqueue.core.graph import Graph, TaskKind
from perqueue.core.records import Context

from ..eventlog import describe
from ..protocol import Lease
from .reads import Reads
from .rows import attempt_out, entry_out, frame_out, numbers_out, task_out, text_out

_PLACES = {"entries": 19, "frames": 23, "attempts": 22, "tasks": 11}
_INSERT = {table: f"INSERT INTO {table} VALUES ({','.join('?' * n)})" for table, n in _PLACES.items()}
_UPDATE = {table: f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * n)})" for table, n in _PLACES.items()}


class Writes(Reads):
    """The newest state, and changes to it."""

    def apply(self, decision: Decision, events: Iterable[Event]) -> None:
        """Store a decision and log the events that it heard."""
        changes, sql = decision.changes, self._sql
        # Something new may stand where something is dropped.
        self._drop(changes)
        for number, (graph, tasks) in changes.graphs.items():
            self._add_graph(number, graph, tasks)
        if changes.tasks:
            sql.executemany(_INSERT["tasks"], (task_out(number, task) for number, task in changes.tasks.items()))
        if changes.node_tasks:
            rows = ((task, graph, node) for (graph, node), task in changes.node_tasks.items())
            sql.executemany("UPDATE nodes SET task = ? WHERE graph = ? AND node = ?", rows)
        self._put_entries(changes)
        if changes.sources:
            found = (
                (source.id, numbers_out(source.keys), text_out(source.data)) for source in changes.sources.values()
            )
            sql.executemany("INSERT INTO sources VALUES (?, ?, ?)", found)
        if changes.new_attempts:
            sql.executemany(_INSERT["attempts"], map(attempt_out, changes.new_attempts.values()))
        if changes.attempts:
            sql.executemany(_UPDATE["attempts"], map(attempt_out, changes.attempts.values()))
        for action in decision.actions:
            if isinstance(action, Stop):
                sql.execute(
                    "INSERT OR REPLACE INTO stops SELECT key, number, executor, ? FROM attempts "
                    "WHERE key = ? AND number = ?",
                    (action.why, action.key, action.attempt),
                )
        given = decision.counters
        sql.execute(
            "UPDATE counters SET entry = ?, frame = ?, source = ?, graph = ?, task = ?",
            (given.entry, given.frame, given.source, given.graph, given.task),
        )
        sql.executemany(
            "INSERT INTO events (at, kind, key, attempt, body) VALUES (?, ?, ?, ?, ?)",
            ((*record[:4], _body(record[4])) for record in describe(changes, events)),
        )

    def _put_entries(self, changes: Changes) -> None:
        sql = self._sql
        if changes.new_entries:
            sql.executemany(_INSERT["entries"], map(entry_out, changes.new_entries.values()))
        if changes.entries:
            sql.executemany(
                "UPDATE entries SET task = ?, executor = ?, state = ?, waiting = ?, dead = ?, source = ?, attempt = ?, "
                "result = ?, reason = ?, missed = ?, retries = ?, continued = ? WHERE key = ?",
                (
                    (
                        e.task,
                        e.executor,
                        e.state.value,
                        e.waiting,
                        e.dead,
                        e.source,
                        e.attempt,
                        e.result,
                        text_out(e.reason),
                        e.missed,
                        e.retries,
                        e.continued,
                        e.key,
                    )
                    for e in changes.entries.values()
                ),
            )
        if changes.new_frames:
            sql.executemany(_INSERT["frames"], map(frame_out, changes.new_frames.values()))
        if changes.frames:
            sql.executemany(_UPDATE["frames"], map(frame_out, changes.frames.values()))

    def _add_graph(self, number: int, graph: Graph, tasks: tuple[int, ...]) -> None:
        from .graphs import node_out, scope_out  # its converter is only needed by those who plan

        nodes = (
            (number, node.index, node_out(node), tasks[node.kind.task] if isinstance(node.kind, TaskKind) else None)
            for node in graph.nodes
        )
        self._sql.executemany("INSERT INTO nodes VALUES (?, ?, ?, ?)", nodes)
        scopes = ((number, scope.index, scope_out(scope)) for scope in graph.scopes)
        self._sql.executemany("INSERT INTO scopes VALUES (?, ?, ?)", scopes)

    def _drop(self, changes: Changes) -> None:
        if changes.dropped_entries:
            # Their attempts stay: they are history, and a replay needs them.
            self._sql.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in changes.dropped_entries])
        if changes.dropped_frames:
            self._sql.executemany("DELETE FROM frames WHERE id = ?", [(number,) for number in changes.dropped_frames])

    def settle_stop(self, key: int, attempt: int) -> None:
        """An attempt that had to be stopped has ended."""
        self._sql.execute("DELETE FROM stops WHERE key = ? AND attempt = ?", (key, attempt))

    def add_context(self, context: Context) -> int:
        """Keep a context; equal ones are kept once. Its number."""
        row = (
            text_out(context.interpreter),
            text_out(context.folder),
            json.dumps([list(pair) for pair in context.env]),
        )
        self._sql.execute("INSERT OR IGNORE INTO contexts (interpreter, folder, env) VALUES (?, ?, ?)", row)
        found = self._sql.execute("SELECT id FROM contexts WHERE interpreter = ? AND folder = ? AND env = ?", row)
        number: int = found.fetchone()[0]
        return number

    def set_lease(self, lease: Lease | None) -> None:
        """Take, beat or give back the lease."""
        if lease is None:
            self._sql.execute("UPDATE lease SET held = 0")
            return
        self._sql.execute(
            "UPDATE lease SET held = 1, epoch = ?, host = ?, pid = ?, start = ?, boot = ?, beat = ?",
            (lease.epoch, lease.host, lease.pid, lease.start, lease.boot, lease.beat),
        )


def _body(details: object) -> str | bytes:
    # Not in ASCII: an escaped pair of lone surrogates would be read as the one letter that they stand for.
    return "{}" if not details else text_out(json.dumps(details, ensure_ascii=False, separators=(",", ":")))
