"""The store contract: what listings and ticks ask, and what the store has to say."""

from __future__ import annotations

from pathlib import Path

from perqueue.core.errors import BrokenInvariantError, UnknownEntryError
from perqueue.core.events import Admitted, Cancelled, Edited, Launched, Removed, Resubmitted, Started
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.records import Context, PendingStop, Verdict
from perqueue.core.states import EntryState

from .store_case import StoreCase, do, ended, keys_of, refused, run, same, stored, submission, task


class AnswersContract(StoreCase):
    """One queue in a known state, one question after another."""

    def test_ready_are_those_with_the_goahead_of_one_executor(self, tmp_path: Path) -> None:
        """Entries with the goahead are ready for their own executor, ascending, at most so many."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") | task("b") | task("c") | task("d")))
            do(store, Edited(1.0, (2,), stored(task("b"), "slurm")))
            with store.snapshot() as shown:
                same(shown.ready("local", 10), [1, 3, 4], "ready for local")
                same(shown.ready("local", 2), [1, 3], "the first two that are ready for local")
                same(shown.ready("local", 0), [], "none of those that are ready")
                same(shown.ready("slurm", 10), [2], "ready for slurm")
                same(shown.ready("pbs", 10), [], "ready for an executor without entries")

    def test_what_waits_or_was_admitted_is_not_ready(self, tmp_path: Path) -> None:
        """An entry is ready only between its goahead and its admission."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") >> task("b")))
            do(store, Admitted(2.0, 1))
            with store.snapshot() as shown:
                same(shown.ready("local", 10), [], "ready while the parent is with its executor")
            do(store, ended(1))
            with store.snapshot() as shown:
                same(shown.ready("local", 10), [2], "ready once the parent succeeded")

    def test_an_entry_is_not_ready_while_an_older_attempt_is_being_stopped(self, tmp_path: Path) -> None:
        """An entry that was given the goahead again waits for its superseded attempt to end."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") >> task("b")))
            run(store, 1)
            do(store, Admitted(4.0, 2))
            do(store, Resubmitted(5.0, (1,)))
            do(store, Admitted(6.0, 1))
            do(store, ended(1, 2))
            with store.snapshot() as shown:
                same(shown.stops(), [PendingStop(2, 1, "local", "superseded")], "the stops")
                same(shown.ready("local", 10), [], "ready while the old attempt is being stopped")
            with store.transaction() as transaction:
                transaction.settle_stop(2, 1)
                same(transaction.ready("local", 10), [2], "ready once the old attempt ended")
                same(transaction.stops(), [], "the stops once the old attempt ended")

    def test_active_are_those_with_an_executor(self, tmp_path: Path) -> None:
        """Queueing and running entries are active with their present attempt; others are not."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") | task("b") | task("c")))
            do(store, Edited(1.0, (3,), stored(task("c"), "slurm")))
            do(store, *(Admitted(2.0, key) for key in (1, 2, 3)))
            do(store, Launched(2.5, 1, 1, "job"), Started(3.0, 1, 1, "host", 1))
            with store.snapshot() as shown:
                same(shown.active("local"), [(1, 1), (2, 1)], "active on local")
                same(shown.active("slurm"), [(3, 1)], "active on slurm")
            do(store, ended(1), ended(2, verdict=Verdict.failed))
            do(store, Resubmitted(4.0, (2,)), Admitted(5.0, 2))
            with store.snapshot() as shown:
                same(shown.active("local"), [(2, 2)], "active after a second attempt was admitted")

    def test_busy_as_long_as_anything_can_happen(self, tmp_path: Path) -> None:
        """A queue is busy with goaheads, attempts and stops, and not with what waits for a person."""
        with self.made(tmp_path) as store:
            seen = []

            def look() -> None:
                with store.snapshot() as shown:
                    seen.append(shown.busy())

            look()
            for events in (
                [submission(task("a") >> task("b"))],
                [Admitted(2.0, 1)],
                [ended(1, verdict=Verdict.failed)],
                [Resubmitted(4.0, (1,)), Admitted(4.0, 1)],
                [Cancelled(5.0, (1,)), ended(1, 2, Verdict.failed)],
            ):
                do(store, *events)
                look()
            with store.transaction() as transaction:
                transaction.settle_stop(1, 2)
            look()
        expected = [False, True, True, False, True, True, False]
        same(seen, expected, "busy: empty, goahead, queueing, failed, admitted again, being stopped, stopped")

    def test_stops_outlive_their_entries(self, tmp_path: Path) -> None:
        """Attempts of removed entries stay to be stopped, ascending, each until its end is settled."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") | task("b") | task("c")))
            do(store, *(Admitted(2.0, key) for key in (1, 2, 3)))
            do(store, Cancelled(3.0, (3,)))
            do(store, Removed(3.0, (2,)))
            do(store, Removed(3.0, (1,)))
            names = {1: "removed", 2: "removed", 3: "cancelled"}
            with store.transaction() as transaction:
                same(transaction.stops(), [PendingStop(k, 1, "local", why) for k, why in names.items()], "the stops")
                transaction.settle_stop(2, 1)
                transaction.settle_stop(3, 9)
                same([stop.key for stop in transaction.stops()], [1, 3], "the stops after one was settled")

    def test_rows_show_entries_with_task_and_attempt(self, tmp_path: Path) -> None:
        """A listing has each entry with its present task and newest attempt, of all or of some keys."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") >> task("b")))
            do(store, Admitted(2.0, 1))
            do(store, ended(1, verdict=Verdict.failed))
            do(store, Resubmitted(4.0, (1,)), Admitted(5.0, 1))
            with store.snapshot() as shown:
                rows = list(shown.rows())
                same([row.entry for row in rows], [shown.entry(1), shown.entry(2)], "entries of the rows")
                same([row.task.name for row in rows], ["a", "b"], "names of the rows")
                same([row.task for row in rows], [shown.task(1), shown.task(2)], "tasks of the rows")
                same([row.attempt for row in rows], [shown.attempt(1, 2), None], "attempts of the rows")
                same([row.result for row in rows], [shown.attempt(1, 1), None], "attempts whose results stand")
                same(list(shown.rows([2, 99, 1, 2])), rows, "rows of keys, some twice and some unknown")
                same(list(shown.rows([2])), rows[1:], "the row of one key")
                same(list(shown.rows([])), [], "rows of no keys")

    def test_rows_of_very_many_keys(self, tmp_path: Path) -> None:
        """A listing may name thousands of keys."""
        with self.made(tmp_path) as store:
            do(store, submission(StaticWidthGroup(task(), 3000)))
            wanted = list(range(2990, 0, -2))
            with store.snapshot() as shown:
                found = [row.entry.key for row in shown.rows(wanted)]
        same(found, wanted[::-1], "keys of the rows")

    def test_keys_and_counts_by_state(self, tmp_path: Path) -> None:
        """Keys come ascending, of all or of some states; counts have the states that there are."""
        with self.made(tmp_path) as store:
            with store.snapshot() as shown:
                same((shown.keys(), shown.counts()), ([], {}), "keys and counts of an empty queue")
            do(store, submission((task("a") | task("b")) >> task("c")))
            run(store, 2)
            with store.snapshot() as shown:
                same(shown.keys(), [1, 2, 3], "all keys")
                same(shown.keys([EntryState.waiting, EntryState.succeeded]), [2, 3], "keys of two states")
                same(shown.keys(state for state in EntryState), [1, 2, 3], "keys of all states")
                same(shown.keys([EntryState.failed]), [], "keys of a state that none is in")
                same(shown.keys([]), [], "keys of no states")
                one_each = {EntryState.goahead: 1, EntryState.succeeded: 1, EntryState.waiting: 1}
                same(shown.counts(), one_each, "counts")

    def test_the_log_has_what_was_heard_in_order(self, tmp_path: Path) -> None:
        """Events are numbered from 1 without gaps and kept with time, kind, entry, attempt and details."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") | task("b"), at=1.5))
            do(store, Admitted(2.0, 2), Launched(2.5, 2, 1, "job ☃"))
            do(store, Launched(2.5, 1, 7, "stale"))
            do(store, Cancelled(3.0, (1,)), ended(2))
            with store.snapshot() as shown:
                log = shown.log()
                told = [(event.seq, event.at, event.kind, event.key, event.attempt) for event in log]
                expected = [
                    (1, 1.5, "submitted", 0, 0),
                    (2, 2.0, "admitted", 2, 0),
                    (3, 2.5, "launched", 2, 1),
                    (4, 3.0, "cancelled", 1, 0),
                    (5, 3.0, "ended", 2, 1),
                ]
                same(told, expected, "the log")
                graph = {"tasks": ["a", "b"], "graph": 1, "stored": [[1, 2]]}
                same((log[0].body, log[2].body), (graph, {"job": "job ☃"}), "details")
                same(shown.log(2), [log[1], log[2], log[4]], "the log of one entry")
                same(shown.log(after=3), log[3:], "the log after a number")
                same(shown.log(2, after=2, limit=1), log[2:3], "one event of an entry after a number")
                same(shown.log(limit=2), log[:2], "the first two events")
                same(shown.log(0) + shown.log(99), [], "the log of entries that never were")

    def test_the_log_outlives_removal(self, tmp_path: Path) -> None:
        """What happened to an entry is told after it was removed."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a")))
            do(store, Removed(2.0, (1,)))
            with store.snapshot() as shown:
                same([event.kind for event in shown.log(1)], ["removed"], "the log of a removed entry")

    def test_places_of_one_node(self, tmp_path: Path) -> None:
        """The entries of a node are those of all copies in the same graph, and no others."""
        with self.made(tmp_path) as store:
            twice = StaticWidthGroup(task("a") >> task("b"), 3)
            do(store, submission(twice))
            do(store, submission(twice))
            with store.snapshot() as shown:
                rows = list(shown.rows())
                for row in rows:
                    mine = [
                        r.entry.key for r in rows if (r.task.name, r.entry.graph) == (row.task.name, row.entry.graph)
                    ]
                    same(shown.place_of(row.entry.key), mine, f"places of entry {row.entry.key}")
                same(len(shown.place_of(1)), 3, "how many places the first node has")
                with refused(UnknownEntryError):
                    shown.place_of(99)

    def test_attempts_and_the_result_that_stands(self, tmp_path: Path) -> None:
        """Attempts come oldest first; the data are those of the last attempt that ended."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a")))
            seen = []
            for number, data in enumerate(('{"n":1}', None, '{"n":[3,"☃"]}'), 1):
                if number > 1:
                    do(store, Resubmitted(4.0, (1,)))
                do(store, Admitted(2.0, 1))
                with store.snapshot() as shown:
                    seen.append(shown.data(1))
                do(store, ended(1, number, data=data))
                with store.snapshot() as shown:
                    seen.append(shown.data(1))
                    same(shown.text(1), data, "the text of the result")
            with store.snapshot() as shown:
                same([attempt.number for attempt in shown.attempts(1)], [1, 2, 3], "numbers of the attempts")
                same(shown.attempts(2), [], "attempts of an entry that is not there")
        same(seen, [None, {"n": 1}, {"n": 1}, None, None, {"n": [3, "☃"]}], "data before and after each end")

    def test_what_is_not_there_is_none(self, tmp_path: Path) -> None:
        """Entries, frames, attempts, places and data that are not there are None."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a")))
            with store.snapshot() as shown:
                found: list[object] = [shown.entry(9), shown.frame(9), shown.attempt(1, 1), shown.attempt(9, 1)]
                found += [shown.at(1, 0, 9)]
                found += [shown.data(1), shown.data(9), shown.text(0), shown.text(9), shown.lease()]
        same(found, [None] * len(found), "what is not there")

    def test_what_has_to_be_there_is_missed_aloud(self, tmp_path: Path) -> None:
        """A source, task, node, scope or context that something names and that is missing is a broken invariant."""
        with self.made(tmp_path) as store:
            do(store, submission((task("a") | task("b")) >> (task("c") | task("d"))))
            with store.snapshot() as shown:
                for ask in (
                    lambda: shown.source(9), lambda: shown.text(-9), lambda: shown.task(9), lambda: shown.node(9, 0),
                    lambda: shown.node(1, 99), lambda: shown.scope(1, 99), lambda: shown.node_task(1, 99),
                    lambda: shown.node_task(1, _join(shown.node(1, n).children for n in range(2))),
                    lambda: shown.context(9),
                ):  # fmt: skip
                    with refused(BrokenInvariantError):
                        ask()

    def test_removal_leaves_only_history_behind(self, tmp_path: Path) -> None:
        """A removed entry goes with all that depends on it, its data and its place; attempts are history and stay."""
        with self.made(tmp_path) as store:
            do(store, submission(task("a") >> StaticWidthGroup(task("b"), 2) >> task("c")))
            do(store, submission(task("d")))
            run(store, 1)
            with store.snapshot() as shown:
                places = [(row.entry.frame, row.entry.copy, row.entry.node) for row in shown.rows()][:4]
                inner, attempts = shown.entry(2), shown.attempts(1)
            do(store, Removed(4.0, (1,)))
            with store.snapshot() as shown:
                same(shown.keys(), [5], "keys")
                same(keys_of(shown.entry(key) for key in range(1, 6)), [5], "entries")
                same([shown.at(*place) for place in places], [None] * 4, "places")
                same((shown.data(1), shown.text(1), list(shown.rows([1]))), (None, None, []), "data and rows")
                same((shown.attempts(1), shown.attempt(1, 1)), (attempts, attempts[0]), "attempts")
                same(None if inner is None else shown.frame(inner.frame), None, "the group's frame")
                same(shown.counts(), {EntryState.goahead: 1}, "counts")

    def test_an_edit_changes_what_runs(self, tmp_path: Path) -> None:
        """An edited entry runs the new task; entries yet to be made of its node do so if it was edited everywhere."""
        with self.made(tmp_path) as store:
            do(store, submission(StaticWidthGroup(task("a"), 2)))
            changed = stored(task("b"), "slurm")
            for everywhere in (False, True):
                number = do(store, Edited(2.0, (1,), changed, everywhere)).counters.task
                with store.snapshot() as shown:
                    first, second = (row.entry for row in shown.rows())
                    same((first.task, first.executor), (number, "slurm"), "what the edited entry runs")
                    same((second.task, second.executor), (1, "local"), "what the other entry runs")
                    same((shown.task(number), shown.task(1).name), (changed, "a"), "the two tasks")
                    same(shown.node_task(1, first.node), number if everywhere else 1, "what new entries run")

    def test_contexts_are_numbered_apart(self, tmp_path: Path) -> None:
        """Contexts that differ in one thing only have numbers of their own."""
        kinds = [Context("/p", "/f", (("A", "1"),)), Context("/q", "/f", (("A", "1"),)), Context("/p", "/g", ())]
        with self.made(tmp_path) as store, store.transaction() as transaction:
            same(len({transaction.add_context(context) for context in kinds}), 3, "how many contexts there are")


def _join(children: object) -> int:
    """The node that all parents lead to."""
    (found,) = {child for some in children for child in some}  # type: ignore[attr-defined]
    return int(found)
