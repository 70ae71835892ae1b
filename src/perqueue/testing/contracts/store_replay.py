"""The store contract: the history is enough to plan everything again; law, that gives the stored state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from perqueue.core.errors import UsageError
from perqueue.core.events import Admitted, Cancelled, Edited, Event, Launched, Removed, Resubmitted, Started, Submitted
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup
from perqueue.core.records import Outcome, Verdict
from perqueue.store.protocol import Store
from perqueue.store.replay import events, replayed

from .store_case import StoreCase, do, ended, run, same, stored, submission, task
from .store_records import TEXTS, outcomes
from .whole_state import differences, history


class ReplayContract(StoreCase):
    """Events come back as they were told, and lead to the state that is stored."""

    def test_an_empty_history(self, tmp_path: Path) -> None:
        """A queue in which nothing happened replays to nothing."""
        with self.made(tmp_path) as store:
            _check(store, [])

    def test_requests_come_back_as_they_were(self, tmp_path: Path) -> None:
        """Each request comes back with its keys in its order; several are not one, and one is not several."""
        with self.made(tmp_path) as store:
            first = submission(task("a") | task("b") | task("c"), 1.5)
            changed = evolve(stored(task("ü ☃"), "slurm"), args='{"n":"\udcff"}', module="m", folder="{key}")
            told: list[Event] = [first, Edited(2.0, (3, 1, 3), changed), Edited(2.0, (2,), changed, everywhere=True)]
            told += [Edited(2.0, (), changed), submission(task("d") >> task("e"), 2.5)]
            told += [Cancelled(3.0, (2, 1)), Cancelled(3.0, (3,)), Cancelled(3.0, (4,))]
            told += [Resubmitted(4.0, (4, 1, 1)), Resubmitted(4.0, (2,)), Resubmitted(4.0, (3,)), Resubmitted(4.0, ())]
            told += [Removed(5.0, (2, 1)), Removed(5.0, (3,))]
            do(store, *told[:4])
            do(store, *told[4:])
            _check(store, told)

    def test_reports_come_back_as_they_were(self, tmp_path: Path) -> None:
        """What executors said comes back exactly, whatever texts, times and numbers they said."""
        ends = outcomes()
        told: list[Event] = [submission(StaticWidthGroup(task("a"), len(ends)), 0.1 + 0.2)]
        for key, outcome in enumerate(ends, 1):
            # Two halves of one letter, which JSON in ASCII can't tell from the letter.
            text = [*TEXTS, "\ud83d\ude00"][key % (len(TEXTS) + 1)] or "job"
            told += [Admitted(key + 0.1, key), Launched(key + 0.2, key, 1, text)]
            told += [Started(key + 0.3, key, 1, text, None if key % 2 else 2**40)]
            told += [evolve(ended(key), at=key + 0.4, outcome=outcome)]
        with self.made(tmp_path) as store:
            do(store, *told)
            _check(store, told)

    def test_what_was_not_heard_is_no_history(self, tmp_path: Path) -> None:
        """Stale and doubled reports, and requests that were refused, don't come back."""
        with self.made(tmp_path) as store:
            told: list[Event] = [submission(task("a") >> task("b")), Admitted(2.0, 1), ended(1)]
            do(store, *told, ended(1), ended(1, 7), ended(9), Admitted(3.0, 1))
            try:
                do(store, Admitted(4.0, 2), Cancelled(4.0, (1,)))
            except UsageError:
                told += [Admitted(5.0, 2)]
            do(store, Admitted(5.0, 2))
            _check(store, told)

    def test_a_result_that_a_group_refused(self, tmp_path: Path) -> None:
        """An end comes back as it was reported, not as what the group made of it."""
        with self.made(tmp_path) as store:
            told: list[Event] = [submission(task("a") >> DynamicWidthGroup(task("b")) >> task("c")), Admitted(2.0, 1)]
            told += [evolve(ended(1), outcome=Outcome(Verdict.succeeded, "returned", "as reported", data='{"x":1}'))]
            told += [Resubmitted(4.0, (1,)), Admitted(5.0, 1), ended(1, 2, data='{"pq_dwg_width":2}')]
            for event in told:
                do(store, event)
            _check(store, told)
            with store.snapshot() as shown:
                refused = shown.attempts(1)[0].outcome
                same(None if refused is None else refused.verdict, Verdict.failed, "the verdict that stands")

    def test_entries_that_are_gone(self, tmp_path: Path) -> None:
        """Results of entries that were removed, or dropped with a group's copies, still replay."""
        with self.made(tmp_path) as store:
            group = DynamicWidthGroup(task("b") >> CyclicalGroup(task("c"), 2))
            told: list[Event] = [submission(task("a") >> group >> task("d")), Admitted(2.0, 1)]
            told += [ended(1, data='{"pq_dwg_width":3}')]
            do(store, *told)
            rest: list[Event] = [*(Admitted(3.0, key) for key in (3, 5, 7)), ended(5), ended(7, data='{"x":7}')]
            rest += [Resubmitted(4.0, (1,)), Admitted(4.0, 1), ended(1, 2, data='{"pq_dwg_width":1}')]
            rest += [Admitted(5.0, 3), Removed(6.0, (1,)), submission(task("e"))]
            do(store, *rest)
            with store.snapshot() as shown:
                heard = list(events(shown))
            _check(store, heard)
            same(len(heard), len(told) + len(rest), "how many events were heard")

    def test_attempts_that_were_superseded(self, tmp_path: Path) -> None:
        """An attempt that was stopped because its inputs are made anew has no end of its own to replay."""
        with self.made(tmp_path) as store:
            told: list[Event] = [submission(task("a") >> task("b")), Admitted(2.0, 1), ended(1), Admitted(3.0, 2)]
            told += [Launched(3.5, 2, 1, "job"), Resubmitted(4.0, (1,)), Admitted(5.0, 1), ended(1, 2)]
            do(store, *told, ended(2))
            _check(store, told)

    def test_a_long_history(self, tmp_path: Path) -> None:
        """A history of thousands of events, with requests about thousands of entries, comes back whole."""
        keys = tuple(range(1, 2501))
        told: list[Event] = [submission(StaticWidthGroup(task("a"), len(keys)))]
        told += [Cancelled(2.0, keys), Resubmitted(3.0, keys[::-1])]
        told += [Admitted(4.0, key) for key in keys[:700]]
        with self.made(tmp_path) as store:
            do(store, *told)
            run(store, 2400)
            _check(store, [*told, Admitted(2.0, 2400), ended(2400)])


def _check(store: Store, told: Sequence[Event]) -> None:
    """The history is what was told, and planning it again gives what is stored."""
    with store.snapshot() as shown:
        found, kept, again = list(events(shown)), history(shown), history(replayed(shown))
    same([_plain(event) for event in found], [_plain(event) for event in told], "the events")
    same(differences(again, kept), {}, "what differs after replaying")


def _plain(event: Event) -> object:
    """The event, or of a submission what can be compared: graphs and tasks are the same only as objects."""
    if not isinstance(event, Submitted):
        return event
    graph = event.graph
    tasks = [(task.code, task.resources, task.func, task.name, task.folder, task.module) for task in graph.tasks]
    return event.at, event.tasks, graph.nodes, graph.scopes, tasks
