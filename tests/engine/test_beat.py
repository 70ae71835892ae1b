"""The sign of life of whoever moves a queue, by the times of files alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.engine.conftest import Bench

from perqueue.engine.beat import SILENCE, end_life, is_moved, is_silent, show_life
from perqueue.engine.drive import drive, tick
from perqueue.engine.lease import take_lease


def beat(bench: Bench, age: float) -> None:
    """The last sign of life is this old, by the file server's clock."""
    show_life(bench.folder)
    path = Path(bench.folder.root, "beat")
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))


def test_nobody_has_ever_moved_it(bench: Bench) -> None:
    """Without a sign of life, nobody moves the queue, and nobody has fallen silent."""
    assert (is_moved(bench.folder), is_silent(bench.folder)) == (False, False)


@pytest.mark.parametrize(("age", "moved"), [(0.0, True), (SILENCE - 5, True), (SILENCE + 5, False), (1e6, False)])
def test_somebody_has(bench: Bench, age: float, moved: bool) -> None:
    """A sign of life counts for a minute; who has shown none since then counts as dead."""
    beat(bench, age)
    assert (is_moved(bench.folder), is_silent(bench.folder)) == (moved, not moved)
    assert list(Path(bench.folder.root, "spool", "tmp").iterdir()) == []


def test_showing_life_again(bench: Bench) -> None:
    """Each sign of life is as good as the first."""
    beat(bench, 1e6)
    show_life(bench.folder)
    assert is_moved(bench.folder)


def test_nobody_moves_it_any_more(bench: Bench) -> None:
    """Who leaves says so, and may say so twice."""
    show_life(bench.folder)
    end_life(bench.folder)
    end_life(bench.folder)
    assert (is_moved(bench.folder), is_silent(bench.folder)) == (False, False)


def test_a_folder_that_can_not_be_written(bench: Bench) -> None:
    """Nobody is taken for dead where that can't be found out, and signs of life are left out."""
    show_life(bench.folder)
    os.rename(bench.folder.root, f"{bench.folder.root}.away")
    try:
        assert (is_moved(bench.folder), is_silent(bench.folder)) == (False, False)
        show_life(bench.folder)
    finally:
        os.rename(f"{bench.folder.root}.away", bench.folder.root)


def test_a_lease_whose_owner_fell_silent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another host, the lease is taken over if its owner shows no life; one that does is left alone."""
    monkeypatch.setattr("perqueue.engine.lease.host", lambda: "elsewhere")
    lease = take_lease(bench.store)
    monkeypatch.undo()
    beat(bench, 10)
    assert tick(bench.folder).held == lease
    beat(bench, SILENCE + 5)
    assert tick(bench.folder).held is None


def test_a_batch_job_leaves_the_queue_to_who_moves_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it submits is seen by whoever shows life; where nobody does, it makes a step itself."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    bench.submit(bench.task())
    beat(bench, 10)
    assert drive(bench.folder) == ""
    beat(bench, SILENCE + 5)
    assert "pq tick" in drive(bench.folder), "the local entry has to wait"
    assert bench.states() == {1: "goahead"}
