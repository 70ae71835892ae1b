"""The nodes of a partition: what fits, where, and what never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.resources import Resources
from perqueue.dryrun.playing.pool import Pool, Size, Taken


def asked(text: str, **more: object) -> Resources:
    base = Resources.parse(text)
    return Resources(base.cores, base.seconds, base.partition, base.processes, base.serial, base.gpus, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "jobs", "fit"),
    [
        (Size("p"), ["1000:p:1h"] * 5, 5),
        (Size("p", 2, 24), ["24:p:1h"] * 3, 2),
        (Size("p", 2, 24), ["8:p:1h"] * 7, 6),
        (Size("p", 2, 24), ["48:p:1h", "1:p:1h"], 1),
        (Size("p", 2, 24), ["16:p:1h", "16:p:1h", "8:p:1h", "8:p:1h", "1:p:1h"], 4),
        (Size("p", 2), ["5:p:1h"] * 3, 2),
        (Size("p", 2, 24, 2), ["1:p:gpu=2:1h"] * 3, 2),
        (Size("p", 2, 24, 2), ["1:p:gpu=1:1h"] * 5, 4),
        (Size("p", 2, 24, gpus_each=2, gpus=2), ["1:p:1h"] * 3, 2),
        (Size("p", 2, 24, exclusive=True), ["1:p:1h"] * 3, 2),
    ],
)
def test_how_many_fit(size: Size, jobs: list[str], fit: int) -> None:
    """Jobs are put on nodes one after the other until one doesn't fit."""
    pool = Pool(size)
    taken = 0
    for job in jobs:
        if pool.take(pool.request(asked(job))) is None:
            break
        taken += 1
    assert taken == fit


@pytest.mark.parametrize(
    ("job", "more", "cores", "gpus"),
    [
        ("8:p:1h", {}, 8, 0),
        ("30:p:1h", {}, 30, 0),
        ("8:p:1h", {"exclusive": True}, 24, 0),
        ("30:p:1h", {"exclusive": True}, 48, 0),
        ("2:p:gpu=3:1h", {}, 2, 3),
        ("8:p:1h", {"nodes": 2}, 8, 0),
    ],
)
def test_what_a_job_holds(job: str, more: dict[str, object], cores: int, gpus: int) -> None:
    """What is counted are the cores and GPUs that were asked for, and whole nodes if nobody else may use them."""
    request = Pool(Size("p", 4, 24, 4)).request(asked(job, **more))
    assert (request.all_cores, request.all_gpus) == (cores, gpus)


@pytest.mark.parametrize(
    ("job", "more", "why"),
    [
        ("24:p:1h", {}, ""),
        ("49:p:1h", {}, "3 nodes of p, which has 2"),
        ("48:p:1h", {"nodes": 1}, "48 cores of a node of p, which has 24"),
        ("1:p:gpu=9:1h", {}, "3 nodes of p, which has 2"),
        ("1:p:gpu=8:1h", {"nodes": 1}, ""),
        ("25:p:1h", {"avoid": ("p-1",)}, "too few other nodes"),
        ("24:p:1h", {"avoid": ("p-1",)}, ""),
    ],
)
def test_what_never_fits(job: str, more: dict[str, object], why: str) -> None:
    """A job that asks for more than there is never starts, and it is said why."""
    pool = Pool(Size("p", 2, 24, 4))
    found = pool.never(pool.request(asked(job, **more)))
    assert why in found
    assert bool(found) is bool(why)


def test_a_node_that_is_to_be_avoided() -> None:
    """A job is not put on it, and one without such a wish is."""
    pool = Pool(Size("p", 2, 24))
    taken = pool.take(pool.request(asked("1:p:1h", avoid=("p-1",))))
    assert taken is not None
    assert pool.host(taken) == "p-2"


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3), st.booleans()), max_size=40))
def test_nothing_is_given_twice(jobs: list[tuple[int, int, bool]]) -> None:
    """Whatever comes and goes, no node has more in use than it has; in the end everything is free again."""
    pool = Pool(Size("p", 3, 24, 2))
    held: list[Taken] = []
    for cores, gpus, first_back in jobs:
        if first_back and held:
            pool.give_back(held.pop(0))
        request = pool.request(Resources(cores, gpus=gpus))
        taken = None if pool.never(request) else pool.take(request)
        if taken is not None:
            held.append(taken)
        for node in range(3):
            mine = [one.request for one in held if node in one.nodes]
            assert sum(request.cores for request in mine) <= 24
            assert sum(request.gpus for request in mine) <= 2
    for taken in held:
        pool.give_back(taken)
    assert pool.take(pool.request(Resources(72, gpus=6))) is not None
