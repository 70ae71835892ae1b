"""Parents, children, and why an entry waits."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.views.stored import end, seen, stored, task

from perqueue.core.groups import StaticWidthGroup
from perqueue.core.records import Verdict
from perqueue.core.states import EntryState
from perqueue.core.tasklike import Workflow
from perqueue.views.instances import children_of, parents_of
from perqueue.views.waiting import why_waiting


def workflows() -> dict[str, object]:
    a, b, c, d, e = (task(name) for name in "abcde")
    return {
        "chain": a >> b >> c,
        "join": Workflow({a: [], b: [], c: [a, b], d: [a, b], e: [c, d]}),
        "group": a >> StaticWidthGroup(b >> c, 3) >> d,
        "nested": a >> StaticWidthGroup(b >> StaticWidthGroup(c, 2) >> d, 2) >> e,
        "empty group": a >> StaticWidthGroup(b, 0) >> c,
        "empty last": a >> StaticWidthGroup(b >> StaticWidthGroup(c, 0), 2) >> d,
        "groups side by side": a >> (StaticWidthGroup(b, 2) | StaticWidthGroup(c, 2)) >> (d | e),
    }


@pytest.mark.parametrize("name", list(workflows()))
def test_children_are_the_inverse_of_parents(tmp_path: Path, name: str) -> None:
    """An entry is a child of exactly those that are its parents, through joins and groups, empty ones too."""
    with seen(tmp_path, workflows()[name]) as state:
        entries = [row.entry for row in state.rows()]
        down = {(entry.key, child) for entry in entries for child in children_of(state, entry)}
        up = {(parent, entry.key) for entry in entries for parent in parents_of(state, entry)}
    assert down == up
    assert down


def test_what_follows_a_group_has_its_last_tasks_as_parents(tmp_path: Path) -> None:
    """Behind a group of width 3 the parents are the last tasks of all copies."""
    a, b, c, d = (task(name) for name in "abcd")
    with seen(tmp_path, a >> StaticWidthGroup(b >> c, 3) >> d) as state:
        names = {row.entry.key: row.task.name for row in state.rows()}
        (last,) = (row.entry for row in state.rows() if row.task.name == "d")
        assert [names[key] for key in parents_of(state, last)] == ["c", "c", "c"]


def test_a_waiting_entry_names_parents_and_the_failure_further_up(tmp_path: Path) -> None:
    """The direct parents come with their states; a failure however far up is what it is stuck behind."""
    a, b, c = (task(name) for name in "abc")
    with stored(tmp_path, a >> b >> c) as store:
        end(store, 1, Verdict.failed)
        with store.snapshot() as state:
            last = state.entry(3)
            assert last is not None
            why = why_waiting(state, last)
    assert why.parents == {EntryState.waiting: [2]}
    assert why.stuck == (1,)


def test_an_axed_entry_names_what_was_discarded(tmp_path: Path) -> None:
    """The discarded ancestor is found through axed ones."""
    a, b, c = (task(name) for name in "abc")
    with stored(tmp_path, a >> b >> c) as store:
        end(store, 1, Verdict.discarded)
        with store.snapshot() as state:
            last = state.entry(3)
            assert last is not None
            assert why_waiting(state, last).dead == (1,)


def test_what_can_run_waits_for_nothing(tmp_path: Path) -> None:
    """An entry with the goahead has no reason to wait."""
    with seen(tmp_path, task("a")) as state:
        entry = state.entry(1)
        assert entry is not None
        assert not why_waiting(state, entry).parents
