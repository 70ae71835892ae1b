"""Selections of a queue's entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.api.driving import admit, end, entries, tell

from perqueue import PersistentQueue, Selection, Task
from perqueue.core.errors import SelectionError
from perqueue.core.events import Launched
from perqueue.core.records import Verdict


@pytest.fixture
def campaign(still: Path) -> Path:
    """1 succeeded, 2 failed, 3 timed out, 4 is with a scheduler as its job 4711, 5 waits for it."""
    names = ["relax_a", "NEB_CINEB_1", "CINEB", "static", "bands.py"]
    tasks = [Task("add.py", None, "local", name=name) for name in names]
    with PersistentQueue() as pq:
        for task in tasks[:3]:
            pq.submit(task)
        pq.submit(tasks[3] >> tasks[4])
    end(1, {"energy": -1.0})
    end(2, verdict=Verdict.failed, message="no luck")
    end(3, verdict=Verdict.timeout, message="too slow")
    admit(4)
    tell(Launched(2.5, 4, 1, "4711"))
    return still


@pytest.mark.parametrize(
    ("criteria", "keys"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"states": "tf"}, [2, 3]),
        ({"states": "s"}, [1]),
        ({"states": "qw"}, [4, 5]),
        ({"ids": "1,3-5"}, [1, 3, 4, 5]),
        ({"ids": 2}, [2]),
        ({"ids": [2, "4-5"]}, [2, 4, 5]),
        ({"ids": range(2, 4)}, [2, 3, 4]),
        ({"mq_ids": 4711}, [4]),
        ({"mq_ids": "4000-5000"}, [4]),
        ({"mq_ids": [1, 2]}, []),
        ({"names": "*CINEB*"}, [2, 3]),
        ({"names": "re.*,static"}, [1, 4]),
        ({"names": ["bands.py"]}, [5]),
        ({"states": "tf", "names": "CINEB"}, [3]),
        ({"states": "x"}, []),
    ],
)
def test_a_selection_chooses_entries(campaign: Path, criteria: dict[str, Any], keys: list[int]) -> None:
    """Every criterion that is given must fit; ``filter`` and ``get_entries`` choose the same."""
    selection = Selection(**criteria)
    assert [entry.key for entry in selection.filter(entries().values())] == keys
    assert [entry.key for entry in PersistentQueue().get_entries(selection=selection)] == keys


def test_a_selection_keeps_the_order_it_is_given(campaign: Path) -> None:
    """``filter`` takes any iterable and doesn't sort."""
    found = entries()
    chosen = Selection(states="tf").filter(iter([found[3], found[1], found[2]]))
    assert [entry.key for entry in chosen] == [3, 2]


def test_a_selection_that_can_not_be_read(campaign: Path) -> None:
    """The error shows what was given and what can be."""
    with pytest.raises(SelectionError, match=r"'y'.*s \(succeeded\)"):
        Selection(states="y")
