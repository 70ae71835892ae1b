"""The store contract: every record comes back as it was kept, whatever stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from attrs import evolve

from perqueue.core.compile import compile_graph
from perqueue.core.decision import Changes, Counters
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.records import (
    Attempt,
    Context,
    Entry,
    Frame,
    FrameState,
    Outcome,
    Source,
    Standing,
    StoredTask,
    Verdict,
)
from perqueue.core.resources import Resources
from perqueue.core.states import EntryState
from perqueue.core.tasklike import Workflow
from perqueue.store.protocol import Lease

from .store_case import StoreCase, do, keep, same, submission, task

TEXTS: Final = (
    "", " ", "plain", "it's \"quoted\"; DROP TABLE entries; --", "%s {} \\ ?1 :key", "line\nline\r\n\ttab",
    "a\0b", "\0", "ångström ☃ 😀 é", "\u2028\ufeff\uffff", "file-\udcff-name", "\ud800 alone", "null", "1.0",
    "x" * 70_000,
)  # fmt: skip
"""Texts that stores get wrong: NUL, what looks like SQL or numbers, and surrogates of names that are no UTF-8."""

TIMES: Final = (0.0, -1.0, 1763809200.123456, 5e-324, 1.7976931348623157e308, 0.1 + 0.2)
NUMBERS: Final = (0, 1, 2**31, 2**53 + 1, 2**63 - 1)
SERIES: Final[tuple[tuple[int, ...], ...]] = ((), (0,), (3, 0, 2**40), tuple(range(200)))
DATA: Final = (None, "{}", '{"a":[1,2.5,null,true]}', '{"ünï":"😀\udcff"}', '{"x":"' + "y" * 70_000 + '"}')


def outcomes() -> list[Outcome]:
    """Outcomes that between them hold every kind of extreme."""
    found = [Outcome(verdict, "returned") for verdict in Verdict]
    found += [Outcome(Verdict.failed, text, text, text, None, host=text) for text in TEXTS]
    found += [Outcome(Verdict.succeeded, "returned", data=data) for data in DATA]
    found += [Outcome(Verdict.timeout, "walltime", started=at, ended=at, cpu_s=at) for at in TIMES]
    found += [Outcome(Verdict.discarded, "returned", pid=number, maxrss_kb=number) for number in NUMBERS]
    return found


class RecordsContract(StoreCase):
    """Round trips, from one handle and, where there can be one, from another."""

    def test_entries_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Each field of an entry is kept exactly, in each state."""
        rows = [Entry(0, 1, 1, 0, 0, 1, "local", state) for state in EntryState]
        rows += [Entry(0, 1, 1, 0, 0, 1, "local", reason=text) for text in TEXTS]
        rows += [Entry(0, 1, 1, 0, 0, 1, "local", index=series, iteration=series[::-1]) for series in SERIES]
        rows += [Entry(0, n, n, n, n, 1, "x", EntryState.failed, n, n, -n, n, n, missed=n) for n in NUMBERS]
        entries = {key: evolve(row, key=key, node=row.node or key) for key, row in enumerate(rows, 1)}
        with self.made(tmp_path) as store:
            keep(store, Changes(new_entries=entries), Counters(entry=len(entries)))
            with store.snapshot() as shown:
                for key, entry in entries.items():
                    same(shown.entry(key), entry, f"entry {key}")
                    same(shown.at(entry.frame, entry.copy, entry.node), key, f"what stands where entry {key} does")

    def test_changed_entries_come_back_as_they_are_now(self, tmp_path: Path) -> None:
        """What may change of an entry is kept when it changes."""
        before = Entry(7, 1, 1, 0, 0, 1, "local", index=(1,), iteration=(2,))
        texts = [text for text in TEXTS if len(text) < 100]
        with self.made(tmp_path) as store:
            keep(store, Changes(new_entries={7: before}), Counters(entry=7))
            for number, text in enumerate(texts, 2):
                state = list(EntryState)[number % len(EntryState)]
                now = Entry(7, 1, 1, 0, 0, number, "x", state, 1, 2, -3, number, 4, text, (1,), (2,), number)
                keep(store, Changes(entries={7: now}), Counters(entry=7))
                with store.snapshot() as shown:
                    same(shown.entry(7), now, "the changed entry")

    def test_frames_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Each field of a frame is kept exactly, new and changed."""
        rows = [Frame(0, 1, 1, 0, 0, -1, state=state) for state in FrameState]
        rows += [Frame(0, 1, 1, 0, 0, 0, index=series, iteration=series[::-1]) for series in SERIES]
        rows += [Frame(0, n, n, n, n, n, n, FrameState.open, n, n, n, n, -n, -n) for n in NUMBERS]
        rows += [Frame(0, 1, 1, 0, 0, 0, standing=standing) for standing in Standing]
        rows += [
            evolve(rows[0], missed=n, failed=n, typed_source=-n, typed_output=-n, elements=n, limit=n) for n in NUMBERS
        ]
        frames = {n: evolve(row, id=n, frame=9, copy=n, node=n) for n, row in enumerate(rows, 1)}
        with self.made(tmp_path) as store:
            keep(store, Changes(new_frames={n: Frame(n, f.graph, 9, n, n, 0) for n, f in frames.items()}))
            keep(store, Changes(frames=frames))
            with store.snapshot() as shown:
                for number, frame in frames.items():
                    same(shown.frame(number), frame, f"frame {number}")
                    same(shown.at(9, number, number), -number, f"what stands where frame {number} does")

    def test_sources_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Merged results are kept exactly, with the entries that they come from."""
        texts = [data for data in DATA if data is not None]
        rows = [Source(0, series, text) for series in SERIES for text in texts]
        sources = {number: evolve(row, id=number) for number, row in enumerate(rows, 1)}
        with self.made(tmp_path) as store:
            keep(store, Changes(sources=sources), Counters(source=len(sources)))
            with store.snapshot() as shown:
                for number, source in sources.items():
                    same(shown.source(number), source, f"source {number}")
                    same(shown.text(-number), source.data, f"the text of source {number}")

    def test_attempts_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Each field of an attempt and of its outcome is kept exactly."""
        rows = [Attempt(3, 0, "local", at, at, at) for at in TIMES]
        rows += [Attempt(3, 0, "local", 1.0, host=text, job=text) for text in TEXTS]
        rows += [Attempt(3, 0, "local", 1.0, pid=number) for number in NUMBERS]
        rows += [Attempt(3, 0, "local", 1.0, None, 2.0, outcome=outcome) for outcome in outcomes()]
        attempts = [evolve(row, number=number) for number, row in enumerate(rows, 1)]
        with self.made(tmp_path) as store:
            keep(store, Changes(new_attempts={(3, a.number): a for a in attempts}))
            with store.snapshot() as shown:
                same(shown.attempts(3), attempts, "the attempts")
                for attempt in attempts:
                    same(shown.attempt(3, attempt.number), attempt, f"attempt {attempt.number}")

    def test_changed_attempts_come_back_as_they_are_now(self, tmp_path: Path) -> None:
        """An attempt is kept as it was last told, whatever it was before."""
        with self.made(tmp_path) as store:
            keep(store, Changes(new_attempts={(3, 1): Attempt(3, 1, "local", 1.0)}))
            for outcome in [*outcomes(), None]:
                now = Attempt(3, 1, "local", 1.0, 2.0, 3.0, "host", 4, "job", outcome)
                keep(store, Changes(attempts={(3, 1): now}))
                with store.snapshot() as shown:
                    same(shown.attempt(3, 1), now, "the changed attempt")

    def test_tasks_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Each field of a stored task is kept exactly."""
        asked = ("local", "1:local:1:5m", "24:xeon24:10m", "40:xeon40:1:50h", "s:1:sm3090:2:gpu=2:2d")
        local = Resources.parse("local")
        rows = [StoredTask("n", "/c", "main", "{}", Resources.parse(text), "local", 1) for text in asked]
        rows += [StoredTask(text, text, text, text, local, "local", 1, text) for text in TEXTS]
        rows += [StoredTask("n", "/c", "main", "{}", local, "local", number, None) for number in NUMBERS]
        rows += [StoredTask("n", "/c", "main", "{}", local, "local", 1, module=text) for text in TEXTS]
        tasks = dict(enumerate(rows, 1))
        with self.made(tmp_path) as store:
            keep(store, Changes(tasks=tasks), Counters(task=len(tasks)))
            with store.snapshot() as shown:
                for number, kept in tasks.items():
                    same(shown.task(number), kept, f"task {number}")

    def test_graphs_come_back_node_by_node(self, tmp_path: Path) -> None:
        """Nodes of each kind, ports and scopes are kept exactly."""
        a, b, c, d = task("a"), task("b"), task("c"), task("d")
        wide = StaticWidthGroup((a | b) >> (c | d), 3)
        policy: Any = {"on_discard": "drop", "tolerate": 2}
        switch = SwitchGroup({"☃ '": b, 2**40: evolve(c, module="m"), "": None})
        groups = DynamicWidthGroup(CyclicalGroup(switch, max_tries=2**40) >> task("e"), **policy)
        ports = Workflow({b: {a: {"out ☃": "in", None: "first"}}, c: [a, b], StaticWidthGroup(d, 0): [c]})
        with self.made(tmp_path) as store:
            for tasks in (a, wide, wide >> task("e"), ports, a >> groups):
                graph = compile_graph(tasks)
                number = do(store, submission(tasks)).counters.graph
                with store.snapshot() as shown:
                    nodes = tuple(shown.node(number, node.index) for node in graph.nodes)
                    scopes = tuple(shown.scope(number, scope.index) for scope in graph.scopes)
                same(nodes, graph.nodes, "the nodes")
                same(scopes, graph.scopes, "the scopes")

    def test_contexts_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Interpreter, folder and environment are kept exactly, the environment in its order."""
        contexts = [Context(text, text, ((text or "A", text), ("B", ""))) for text in TEXTS]
        contexts += [Context("/p", "/f", ()), Context("/p", "/f", (("B", "1"), ("A", "2")))]
        with self.made(tmp_path) as store:
            with store.transaction() as transaction:
                numbers = [transaction.add_context(context) for context in contexts]
            with store.snapshot() as shown:
                same([shown.context(number) for number in numbers], contexts, "the contexts")

    def test_equal_contexts_are_kept_once(self, tmp_path: Path) -> None:
        """A context that is known keeps its number, in the same transaction and later."""
        contexts = [Context("/p", f"/folder/{text}", (("A", text),)) for text in TEXTS]
        with self.made(tmp_path) as store:
            with store.transaction() as transaction:
                first = [transaction.add_context(context) for context in contexts]
                again = [transaction.add_context(context) for context in contexts]
            with store.transaction() as transaction:
                later = [transaction.add_context(context) for context in reversed(contexts)]
        same(len(set(first)), len(contexts), "how many numbers were given to different contexts")
        same(again, first, "numbers given again in the same transaction")
        same(later[::-1], first, "numbers given again later")

    def test_leases_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Each field of a lease is kept exactly."""
        with self.made(tmp_path) as store:
            for epoch, number in enumerate(NUMBERS, 1):
                lease = Lease(epoch, "höst.example", number, number, "0d0e-ü", number)
                with store.transaction() as transaction:
                    transaction.set_lease(lease)
                with store.snapshot() as shown:
                    same(shown.lease(), lease, "the lease")
