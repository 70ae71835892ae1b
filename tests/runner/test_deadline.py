"""``time_left()``, in the task and in what it starts; the times of a batch job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runner.reading import data

from perqueue import time_left
from perqueue.runner import deadline
from perqueue.runner.batch.clock import Clock

if TYPE_CHECKING:
    from tests.runner.conftest import Bench

TOLD = """
import subprocess, sys
from perqueue import time_left
ask = "from perqueue import time_left; print(time_left())"
def main(**kw):
    child = subprocess.run([sys.executable, "-P", "-c", ask], capture_output=True, text=True, check=True)
    return True, {"here": time_left(), "there": child.stdout.strip()}
"""


def test_of_a_task(both: Bench) -> None:
    """A task and its child processes know how much time is left."""
    told = data(both.run(both.queue.job(TOLD, walltime=1000.0)))
    assert 0 < told["here"] <= float(told["there"]) + 1000
    assert 0 < float(told["there"]) <= 1000


def test_without_a_limit(both: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task without a walltime has no limit, even where its queue is driven from within a task that has one."""
    told = data(both.run(both.queue.job(TOLD)))
    assert told == {"here": None, "there": "None"}


def test_inherited_limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of the task that a fork server was started from is not that of the server's tasks."""
    monkeypatch.setenv(deadline.DEADLINE, str(time.time() + 5))
    bench = request.getfixturevalue("bench")
    assert data(bench.run(bench.queue.job(TOLD))) == {"here": None, "there": "None"}


def test_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of perqueue there is no limit; after the limit there is nothing left; nonsense is no limit."""
    monkeypatch.delenv(deadline.DEADLINE, raising=False)
    assert time_left() is None
    assert not deadline.over()
    monkeypatch.setenv(deadline.DEADLINE, "soon")
    assert time_left() is None
    deadline.announce(time.time() - 10)
    assert time_left() == 0.0
    assert deadline.over()
    deadline.announce(time.time() + 1000)
    left = time_left()
    assert left is not None
    assert 0 < left <= 1000
    assert not deadline.over()
    deadline.announce(None)
    assert time_left() is None


@given(st.floats(0, 1e7))
def test_lead(walltime: float) -> None:
    """The warning comes a tenth of the walltime before its end, but never more than two minutes."""
    assert 0 <= deadline.lead(walltime) <= min(120, walltime)
    assert deadline.lead(walltime) == min(120, walltime * 0.1)


@given(walltime=st.floats(1, 1e7), age=st.floats(0, 1e4))
def test_times_of_a_batch_job(walltime: float, age: float) -> None:
    """The end comes its walltime after the start of the batch shell, and the warning before that."""
    clock = Clock(walltime, age)
    assert clock.ends is not None
    assert clock.warns is not None
    assert clock.ends == pytest.approx(clock.began + walltime)
    assert clock.began <= clock.warns <= clock.ends
    assert clock.ends - clock.warns <= 120 + 1e-3
    assert clock.at_end(clock.ends)
    assert clock.at_end(clock.ends + 100)
    assert not clock.at_end(clock.warns - 1e-3)


@given(seconds=st.integers(1, 1_000_000), early=st.floats(0, 60))
def test_usual_warning_of_the_scheduler(seconds: int, early: float) -> None:
    """A scheduler's warning for this walltime, up to a minute early, says nothing that this clock does not know."""
    walltime = float(seconds)
    clock = Clock(walltime, 0.0)
    assert clock.is_usual(clock.began + walltime - deadline.lead(walltime) - early)
    assert clock.is_usual(clock.began + walltime - 120 - early)
    assert not clock.is_usual(clock.began + walltime - 200)


@pytest.mark.parametrize("ahead", [-240, 0, 240])
@pytest.mark.parametrize(("limit", "counts"), [(600, 600), (3600, 3600), (7200, 3600)])
def test_scheduler_that_tells_its_limit(ahead: float, limit: float, counts: float) -> None:
    """The scheduler's own limit counts where it is shorter, from the start of the batch shell, whatever time it is by
    the clock of this node."""
    theirs = time.time() - ahead - 30
    clock, alone = Clock(3600, 30, theirs, theirs + limit), Clock(None, 30, theirs, theirs + limit)
    assert clock.ends == pytest.approx(clock.began + counts)
    assert alone.ends == pytest.approx(alone.began + limit)
    assert clock.warns == pytest.approx(clock.began + counts - min(120, counts / 10))
    assert clock.deadline == pytest.approx(time.time() - 30 + counts, abs=5)


def test_limit_without_a_start() -> None:
    """A limit that is known by the scheduler's clock alone counts only for what has no walltime."""
    now = time.time()
    for ends in (now + 100, now + 600, now + 7200):
        clock, alone = Clock(3600, 0, None, ends), Clock(None, 0, None, ends)
        assert clock.ends == pytest.approx(clock.began + 3600)
        assert alone.deadline == pytest.approx(ends, abs=5)


@pytest.mark.parametrize(("starts", "ends"), [(-700, -5), (None, -5), (100, 100), (200, 100)])
def test_limit_that_is_none(starts: float | None, ends: float) -> None:
    """One that has passed is another job's, and so is one that comes before its start."""
    now = time.time()
    clock = Clock(3600, 0, None if starts is None else now + starts, now + ends)
    assert clock.ends == pytest.approx(clock.began + 3600)


def test_no_limit_at_all() -> None:
    """Without a limit a warning is never the usual one, and no request to end is that of a limit."""
    clock = Clock(None, 0)
    assert (clock.ends, clock.warns, clock.deadline) == (None, None, None)
    assert not clock.is_usual(time.monotonic())
    assert not clock.at_end(time.monotonic() + 1e9)
