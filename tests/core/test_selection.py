"""Selections of entries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from attrs import frozen

from perqueue.core.errors import SelectionError
from perqueue.core.selection import Selection
from perqueue.core.states import EntryState


@frozen
class Listed:
    """An entry as a listing knows it."""

    key: int
    name: str
    state: EntryState
    mq_id: int | str | None = None


ENTRIES = [
    Listed(1, "relax.py", EntryState.succeeded, "100"),
    Listed(2, "relax_CINEB.py", EntryState.failed, 101),
    Listed(3, "collect", EntryState.axed),
    Listed(4, "collect", EntryState.timeout, "102"),
    Listed(5, "a.b", EntryState.discarded, "103"),
    Listed(6, "array.py", EntryState.queueing, "7_1"),
    Listed(7, "array.py", EntryState.running, "8[2].pbs"),
    Listed(8, "flux.py", EntryState.running, "f2oLkTLb"),
]


@pytest.mark.parametrize(
    ("make", "keys"),
    [
        (lambda: Selection(), [1, 2, 3, 4, 5, 6, 7, 8]),
        (lambda: Selection(states="s"), [1]),
        (lambda: Selection(states="tf"), [2, 4]),
        (lambda: Selection(states="x"), [3]),
        (lambda: Selection(states="succeeded"), [1]),
        (lambda: Selection(states=[EntryState.failed, EntryState.axed]), [2, 3]),
        (lambda: Selection(states=[]), []),
        (lambda: Selection(states=EntryState.failed), [2]),
        (lambda: Selection(states=["f", "timeout", EntryState.axed]), [2, 3, 4]),
        (lambda: Selection(states=["tf", "x"]), [2, 3, 4]),
        (lambda: Selection(states="failed, timeout"), [2, 4]),
        (lambda: Selection(states="s,d"), [1, 5]),
        (lambda: Selection(ids=2), [2]),
        (lambda: Selection(ids="1,3-4"), [1, 3, 4]),
        (lambda: Selection(ids=" 1 , 3 - 4 "), [1, 3, 4]),
        (lambda: Selection(ids=[1, "3-5"]), [1, 3, 4, 5]),
        (lambda: Selection(ids=range(2, 4)), [2, 3, 4]),
        (lambda: Selection(ids=range(3, 3)), [3]),
        (lambda: Selection(ids=range(1, 4, 2)), [1, 3]),
        (lambda: Selection(ids=range(1, 5, 2)), [1, 3, 5]),
        (lambda: Selection(ids=range(4, 2, -1)), [2, 3, 4]),
        (lambda: Selection(ids=[range(1, 2), 5]), [1, 2, 5]),
        (lambda: Selection(ids=99), []),
        (lambda: Selection(ids=0), []),
        (lambda: Selection(ids=np.int64(2)), [2]),
        (lambda: Selection(ids=np.array([2, 4])), [2, 4]),
        (lambda: Selection(ids=(number for number in ("1", 3))), [1, 3]),
        (lambda: Selection(ids={1: "a", 3: "b"}), [1, 3]),
        (lambda: Selection(ids=["1,3", range(4, 5)]), [1, 3, 4, 5]),
        (lambda: Selection(ids=range(-1, 2)), [1, 2]),
        (lambda: Selection(mq_ids="101-102"), [2, 4]),
        (lambda: Selection(mq_ids=100), [1]),
        (lambda: Selection(mq_ids="100"), [1]),
        (lambda: Selection(mq_ids=["100", 101, "102-103"]), [1, 2, 4, 5]),
        (lambda: Selection(mq_ids="7_1"), [6]),
        (lambda: Selection(mq_ids="8[2].pbs"), [7]),
        (lambda: Selection(mq_ids="7-8"), [6, 7]),
        (lambda: Selection(mq_ids="7_2"), []),
        (lambda: Selection(names="collect"), [3, 4]),
        (lambda: Selection(names="relax"), []),
        (lambda: Selection(names="*CINEB*"), [2]),
        (lambda: Selection(names="relax.*"), [1, 2]),
        (lambda: Selection(names="rel[a-z]+\\.py"), [1]),
        (lambda: Selection(names="collect, a?b"), [3, 4, 5]),
        (lambda: Selection(names=["collect", "a.b"]), [3, 4, 5]),
        (lambda: Selection(states="tf", names="collect"), [4]),
        (lambda: Selection(states="tf", ids=2, mq_ids=101, names="relax*"), [2]),
    ],
)
def test_filter(make: Callable[[], Selection], keys: list[int]) -> None:
    """Every criterion that is given must fit; the entries stay in their order."""
    assert [entry.key for entry in make().filter(ENTRIES)] == keys


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Selection(states="sq!"),
            r"states 'sq!' can't be read: give letters of u \(undefined\), w \(waiting\)",
        ),
        (lambda: Selection(states=""), "states '' can't be read"),
        (lambda: Selection(states=["done"]), "give letters of"),
        (lambda: Selection(states=["s", ""]), "states \\['s', ''\\] can't be read"),
        (lambda: Selection(states="s,"), "states 's,' can't be read"),
        (lambda: Selection(states=[None]), "give letters of"),  # type: ignore[list-item]
        (lambda: Selection(states=3), "states 3 can't be read: give letters of"),  # type: ignore[arg-type]
        (lambda: Selection(ids="1,x"), "ids '1,x' can't be read: give numbers and ranges such as 1,3-5"),
        (lambda: Selection(ids="5-3"), "ids '5-3' can't be read"),
        (lambda: Selection(ids=-1), "ids -1 can't be read"),
        (lambda: Selection(ids=""), "ids '' can't be read"),
        (lambda: Selection(ids="1--3"), "ids '1--3' can't be read"),
        (lambda: Selection(ids="-3"), "ids '-3' can't be read"),
        (lambda: Selection(ids="1,,3"), "ids '1,,3' can't be read"),
        (lambda: Selection(ids=[1, -2]), "ids \\[1, -2\\] can't be read"),
        (lambda: Selection(ids=True), "ids True can't be read"),
        (lambda: Selection(ids=[True]), "ids \\[True\\] can't be read"),
        (lambda: Selection(ids=1.0), "ids 1.0 can't be read"),  # type: ignore[arg-type]
        (lambda: Selection(ids=[None]), "ids \\[None\\] can't be read"),  # type: ignore[list-item]
        (lambda: Selection(ids="9" * 30), "can't be read: give numbers"),
        (lambda: Selection(ids=range(5, 3)), "give at least one number"),
        (lambda: Selection(ids=range(10**12)), "a range of more than 1,000,000 numbers"),
        (lambda: Selection(ids=range(10**12, 0, -1)), "a range of more than 1,000,000 numbers"),
        (lambda: Selection(ids="1-9999999"), "a range of more than 1,000,000 numbers"),
        (lambda: Selection(ids=[]), "ids \\[\\] can't be read: give at least one number"),
        (lambda: Selection(mq_ids="x"), "mq_ids 'x' can't be read"),
        (lambda: Selection(mq_ids="9-3"), "mq_ids '9-3' can't be read"),
        (lambda: Selection(mq_ids=-4), "mq_ids -4 can't be read"),
        (lambda: Selection(mq_ids=[]), "give at least one id"),
        (lambda: Selection(names=3), "names 3 can't be read"),  # type: ignore[arg-type]
        (lambda: Selection(names=[3]), "names \\[3\\] can't be read"),  # type: ignore[list-item]
        (lambda: Selection(names=""), "names '' can't be read: give at least one name"),
        (lambda: Selection(names=[]), "names \\[\\] can't be read"),
    ],
)
def test_refused(make: Callable[[], Selection], message: str) -> None:
    """What can't be read is refused with what was expected."""
    with pytest.raises(SelectionError, match=message):
        make()


@pytest.mark.parametrize(
    ("selection", "empty"),
    [
        (Selection(), True),
        (Selection(states="s"), False),
        (Selection(ids=1), False),
        (Selection(mq_ids=1), False),
        (Selection(names="a"), False),
    ],
)
def test_empty(selection: Selection, empty: bool) -> None:
    """A selection without any criterion knows that it fits everything."""
    assert selection.empty is empty


def test_repr() -> None:
    """A selection shows what was given."""
    assert repr(Selection("tf", names="*CINEB*")) == "Selection(states='tf', names='*CINEB*')"
    assert repr(Selection()) == "Selection()"
