"""Of several rows about one attempt, the one that counts."""

from __future__ import annotations

from itertools import permutations

import pytest

from perqueue.executors.batch.dialect import JobSeen, Phase
from perqueue.executors.batch.seen import Seen
from perqueue.executors.batch.tracking import Tracked


def whole(job: str) -> str:
    number, mark, cluster = job.partition(";")
    return f"{number.partition('_')[0]}{mark}{cluster}"


def tracked(job: str, tag: str = "t", index: int = 0, followed: bool = False) -> Tracked:
    return Tracked(1, 1, "big", job=job, tag=tag, index=index, followed=followed)


def row(job: str, index: int | None = 0, phase: Phase = Phase.PENDING, tag: str = "t") -> JobSeen:
    return JobSeen(job, tag, index, phase)


SAME = (row("1", phase=Phase.ENDED), row("2"), row("3", phase=Phase.RUNNING))


@pytest.mark.parametrize("rows", list(permutations(SAME)))
def test_what_runs_counts_first(rows: tuple[JobSeen, ...]) -> None:
    """Then what waits; what has ended comes last, whatever the order of the rows."""
    seen = Seen(rows, whole)
    assert seen.of(tracked("1")) == row("3", phase=Phase.RUNNING)
    assert seen.tags == {"t": "3"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (tracked("8_2", index=2), "8_2"),
        (tracked("8_1", index=1), "8"),
        (tracked("8_1", tag="", index=0), "8"),
        (tracked("8_2", tag="", index=0), "8_2"),
        (tracked("8_2;far", tag="", index=0), "8_2"),
        (tracked("8_1;far", tag="", index=0), "8"),
        (tracked("9", index=2, followed=True), "9"),
        (tracked("9", tag="unknown"), "9"),
        (tracked("7", tag="unknown"), None),
    ],
)
def test_where_a_row_is_found(asked: Tracked, found: str | None) -> None:
    """By batch and element, or in the row of the whole array; or by the id, with or without the name of a cluster."""
    seen = Seen([row("8_2", 2), row("8", None), row("9", tag="")], whole)
    told = seen.of(asked)
    assert (told and told.job) == found
