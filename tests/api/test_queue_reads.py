"""What can be asked of a queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.driving import end

from perqueue import PersistentQueue, Selection, StaticWidthGroup, Task
from perqueue.core.errors import UnknownEntryError
from perqueue.core.records import Verdict


def task(name: str, **args: object) -> Task:
    return Task("add.py", args, "local", name=name)


@pytest.fixture
def campaign(still: Path) -> PersistentQueue:
    """1 and 2 (done) join in the two copies 3 and 4, and 5 follows these; 6 stands alone and was discarded."""
    pq = PersistentQueue()
    with pq:
        pq.submit((task("a", x=1) | task("b", x=2)) >> StaticWidthGroup(task("c"), 2) >> task("d"))
        pq.submit(task("e"))
    end(1, {"x": 10, "same": "s", "only": 1})
    end(2, {"x": 20, "same": "s"})
    end(6, {"left": True}, Verdict.discarded)
    return pq


def test_all_entries_ascending(campaign: PersistentQueue) -> None:
    """Without a choice, every entry comes once, in the order of the keys."""
    assert [entry.key for entry in campaign.get_entries()] == [1, 2, 3, 4, 5, 6]


def test_entries_of_keys(campaign: PersistentQueue) -> None:
    """Of the keys that are named those that exist come, ascending, each once."""
    assert [entry.key for entry in campaign.get_entries([5, 1, 77, 1])] == [1, 5]
    assert campaign.get_entries([]) == []


def test_entries_of_a_selection(campaign: PersistentQueue) -> None:
    """A selection chooses among all, or among the keys that are named."""
    chosen = Selection(states="s")
    assert [entry.key for entry in campaign.get_entries(selection=chosen)] == [1, 2]
    assert [entry.key for entry in campaign.get_entries(range(2, 6), chosen)] == [2]


@pytest.mark.parametrize(
    "read", ["get_entry", "get_args", "get_code", "get_data", "get_parent_data", "get_special_args",
             "get_dependency_graph"]
)  # fmt: skip
def test_an_entry_that_there_is_not(campaign: PersistentQueue, read: str) -> None:
    """Every read of one entry says which key there is not, and where to see those that there are."""
    with pytest.raises(UnknownEntryError, match="there is no entry 77 in this queue: `pq ls`"):
        getattr(campaign, read)(77)


def test_the_parts_of_an_entry(campaign: PersistentQueue, still: Path) -> None:
    """Arguments, script, data and perqueue's own arguments can be asked for one by one."""
    assert campaign.get_args(2) == {"x": 2}
    assert campaign.get_code(2) == str(still / "add.py")
    assert campaign.get_data(2) == {"x": 20, "same": "s"}
    assert campaign.get_data(5) is None
    assert campaign.get_special_args(4) == {"pq_index": [1]}
    assert campaign.get_special_args(5) == {}


def test_the_data_of_a_discarded_entry_is_kept(campaign: PersistentQueue) -> None:
    """A discard ends the branch, not what was computed."""
    assert str(campaign.get_entry(6).state) == "discarded"
    assert campaign.get_data(6) == {"left": True}


def test_parents_data_is_merged(campaign: PersistentQueue) -> None:
    """What an entry gets from its parents: equal values once, different ones by the parents' integer keys."""
    expected = {"x": {1: 10, 2: 20}, "same": "s", "only": 1}
    assert campaign.get_parent_data(3) == expected
    assert campaign.get_parent_data(4) == expected


def test_parents_data_before_it_is_there(campaign: PersistentQueue) -> None:
    """An entry that waits, or that has no parents, got nothing yet."""
    assert campaign.get_parent_data(5) == {}
    assert campaign.get_parent_data(1) == {}


def test_the_dependency_graph_points_at_parents(campaign: PersistentQueue) -> None:
    """An edge goes from an entry to what it depends on, joins and groups looked through."""
    edges = {(3, 1), (3, 2), (4, 1), (4, 2), (5, 3), (5, 4)}
    for key in (1, 3, 5):
        graph = campaign.get_dependency_graph(key)
        assert set(graph.nodes) == {1, 2, 3, 4, 5}
        assert set(graph.edges) == edges
    assert set(campaign.get_dependency_graph(6).nodes) == {6}


def test_an_entry_is_what_it_was_when_it_was_read(campaign: PersistentQueue) -> None:
    """Entries don't change under the reader's feet."""
    before = campaign.get_entry(3)
    end(3, {"y": 1})
    assert str(before.state) == "goahead"
    assert before.data is None
    assert campaign.get_entry(3).data == {"y": 1}
