"""Changing what is in the queue: arguments, resources and scripts; running again, giving up and removing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.api.driving import admit, end, entries, states
from tests.queues import script

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.api.entry import Entry
from perqueue.config import PartitionError
from perqueue.core.errors import ResourcesError, StateError, UnknownEntryError
from perqueue.core.records import Verdict
from perqueue.core.resources import Resources
from perqueue.engine.requests import ArgumentsError

Saves = [
    ("args", lambda pq, key, everywhere: pq.save_args(key, {"x": 7, "y": (1, 2)}, everywhere)),
    ("resources", lambda pq, key, everywhere: pq.save_resources(key, "2:local:5m", everywhere)),
    ("code", lambda pq, key, everywhere: pq.save_code(key, "other.py", everywhere)),
]


@pytest.fixture
def group(still: Path) -> Path:
    """Three copies 1, 2 and 3 of a task with a function of another name, and 4, another task of equal fields."""
    script(still, "other.py", "def work(**_):\n    return True, {}\n")
    with PersistentQueue() as pq:
        for body in (StaticWidthGroup(task(), 3), task()):
            pq.submit(body)
    return still


def task() -> Task:
    return Task("add.py", {"x": 1}, "local:1m", "work", "named")


def fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry.task, name) for name in ("code", "func", "args", "resources", "name")}


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize(("what", "save"), Saves)
def test_a_change_keeps_all_else(
    group: Path, what: str, save: Callable[[PersistentQueue, int, bool], None], everywhere: bool
) -> None:
    """One field changes, of one entry or with ``all`` of every entry of its task; ``func`` and the rest stay."""
    before = {key: fields(entry) for key, entry in entries().items()}
    with PersistentQueue() as pq:
        save(pq, 2, everywhere)
    new = {"args": {"x": 7, "y": (1, 2)}, "resources": Resources.parse("2:local:5m"), "code": str(group / "other.py")}
    changed = {1, 2, 3} if everywhere else {2}
    expected = {key: {**old, what: new[what]} if key in changed else old for key, old in before.items()}
    assert {key: fields(entry) for key, entry in entries().items()} == expected
    assert expected[2]["func"] == "work"


def test_changes_of_one_block_add_up(group: Path) -> None:
    """Several changes of the same entry in one block all hold, in their order."""
    with PersistentQueue() as pq:
        pq.save_args(1, {"x": 2})
        pq.save_resources(1, Resources(cores=3, partition="local"))
        pq.save_args(1, {"x": 3}, all=True)
    found = entries()
    assert [found[key].task.args for key in (1, 2, 3, 4)] == [{"x": 3}, {"x": 3}, {"x": 3}, {"x": 1}]
    assert found[1].task.resources.cores == 3


def test_arguments_are_taken_as_they_were(group: Path) -> None:
    """Changing the dict after ``save_args`` changes nothing."""
    given = {"x": [1]}
    with PersistentQueue() as pq:
        pq.save_args(1, given)
        given["x"].append(2)
    assert entries()[1].task.args == {"x": [1]}


@pytest.mark.parametrize(("what", "save"), Saves)
def test_what_is_with_an_executor_can_not_be_changed(
    group: Path, what: str, save: Callable[[PersistentQueue, int, bool], None]
) -> None:
    """An entry that was taken by an executor keeps its task; the error says so."""
    admit(1)
    before = fields(entries()[1])
    with pytest.raises(StateError, match="entry 1: it is queueing"), PersistentQueue() as pq:
        save(pq, 1, False)
    assert fields(entries()[1]) == before


@pytest.mark.parametrize(("what", "save"), Saves)
def test_what_is_not_there_can_not_be_changed(
    group: Path, what: str, save: Callable[[PersistentQueue, int, bool], None]
) -> None:
    """A change of an entry that there is not says so."""
    with pytest.raises(UnknownEntryError, match="no entry 9"), PersistentQueue() as pq:
        save(pq, 9, False)


@pytest.mark.parametrize("args", [{1: 2}, [("x", 1)], None, {"x": object()}])
def test_arguments_that_can_not_be_stored(group: Path, args: Any) -> None:
    """``save_args`` refuses them at once, and names the entry."""
    with PersistentQueue() as pq, pytest.raises(ArgumentsError, match="of entry 1"):
        pq.save_args(1, args)


def test_resources_that_can_not_be_had(group: Path) -> None:
    """``save_resources`` refuses at once what is not in the grammar or not configured."""
    with PersistentQueue() as pq:
        with pytest.raises(ResourcesError):
            pq.save_resources(1, "local:10x")
        with pytest.raises(PartitionError):
            pq.save_resources(1, "24:xeon24:1h")


def test_a_script_that_is_not_there(group: Path) -> None:
    """``save_code`` refuses it at once, with the path that was asked for and where it was looked for."""
    with PersistentQueue() as pq, pytest.raises(FileNotFoundError, match=rf"'no\.py'.*no file {group}/no\.py"):
        pq.save_code(1, "no.py")


@pytest.mark.parametrize(
    ("given", "again"),
    [
        (lambda found: 1, {1}),
        (lambda found: found[1], {1}),
        (lambda found: [1, found[2]], {1, 2}),
        (lambda found: (found[key] for key in (1, 2)), {1, 2}),
        (lambda found: range(1, 3), {1, 2}),
        (lambda found: [], set()),
    ],
    ids=["int", "Entry", "list", "generator", "range", "none"],
)
def test_resubmitting_by_key_or_entry(group: Path, given: Callable[[dict[int, Entry]], Any], again: set[int]) -> None:
    """``resubmit`` takes a key, an entry, or any number of both."""
    for key in (1, 2):
        end(key, verdict=Verdict.failed, message="no luck")
    with PersistentQueue() as pq:
        pq.resubmit(given(entries()))
    assert {key for key in (1, 2) if states()[key] == "goahead"} == again


@pytest.mark.parametrize("how", ["resubmit", "cancel", "remove"])
def test_requests_of_what_is_not_there(group: Path, how: str) -> None:
    """One unknown key refuses the whole request."""
    with pytest.raises(UnknownEntryError, match="no entry 9"), PersistentQueue() as pq:
        getattr(pq, how)([1, 9])
    assert states() == dict.fromkeys([1, 2, 3, 4], "goahead")


def test_giving_up(group: Path) -> None:
    """``cancel`` ends entries that are not settled, and refuses those that are."""
    end(2, {})
    with PersistentQueue() as pq:
        pq.cancel([entries()[1], 3])
    assert states() == {1: "failed", 2: "succeeded", 3: "failed", 4: "goahead"}
    assert entries()[1].reason == "cancelled"
    with pytest.raises(StateError, match="entry 2"), PersistentQueue() as pq:
        pq.cancel(2)


def test_removing(still: Path) -> None:
    """``remove`` forgets entries with whatever depends on them, and nothing else."""
    one, other, behind = (Task("add.py", None, "local") for _ in range(3))
    with PersistentQueue() as pq:
        pq.submit(one >> behind)
        pq.submit(other)
    with PersistentQueue() as pq:
        pq.remove(1)
    assert sorted(entries()) == [3]
    with PersistentQueue() as pq:
        handle = pq.submit(one)
    assert handle.keys == [4]
