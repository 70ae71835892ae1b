"""A supervisor or a submitter that dies right before or after each of its steps; another one finishes the work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from tests.chaos.cast import cast, kill
from tests.chaos.driving import quick, settle, submit_undriven, wait_left
from tests.chaos.laws import check_laws
from tests.queues import PATIENCE

from perqueue import StaticWidthGroup
from perqueue.core.states import EntryState

DYING: Final = str(Path(__file__).with_name("dying.py"))
POINTS: Final = ("before-commit", "after-commit", "before-launch", "after-launch", "before-settle", "after-settle")


def _run(*arguments: str) -> tuple[int, str]:
    """Run a process that may kill itself: its status, and what it printed."""
    ran = subprocess.run(
        [sys.executable, "-P", DYING, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
    return ran.returncode, ran.stdout


def _diamond() -> object:
    return quick() >> StaticWidthGroup(quick() >> quick(), 2) >> quick()


def _die_at(here: Path, monkeypatch: pytest.MonkeyPatch, point: str, numbers: Iterator[int], alone: bool) -> int:
    """Let a supervisor die at each of the numbers, until one comes to its end; how many died.

    ``alone``: what it started dies with it.
    """
    expected = 0
    for number in numbers:
        expected += len(submit_undriven(monkeypatch, _diamond()))
        status, _ = _run(f"{here}/.perqueue", point, str(number))
        if alone:
            kill(cast(here).everybody)
        settle(here)
        found = check_laws(here)
        assert len(found.entries) == expected
        if alone:
            assert {found.outcome(key).reason for key in found.keys(EntryState.failed)} <= {"lost", "launch", "signal"}
        else:
            assert set(found.states.values()) == {EntryState.succeeded}
        wait_left(here)
        if status == 0:
            return number - 1
    return 0


@pytest.mark.parametrize(
    "point",
    [
        "before-commit",
        pytest.param("after-commit", marks=pytest.mark.slow),
        "before-launch",
        pytest.param("before-settle", marks=pytest.mark.slow),
    ],
)
def test_a_supervisor_that_dies_at_an_early_step(here: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """The first steps of a supervisor may each be its last; every entry then succeeds, done once."""
    numbers = (3, 5) if point.endswith("commit") else (1,)
    _die_at(here, monkeypatch, point, iter(numbers), alone=False)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_supervisor_that_dies_at_any_step(here: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """Every single step of a supervisor may be its last; every entry then succeeds, done once."""
    assert _die_at(here, monkeypatch, point, count(1), alone=False) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("point", ["after-commit", "after-launch"])
def test_a_supervisor_that_dies_at_any_step_with_all_it_started(
    here: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """The same where tasks and fork servers die right after it: what was lost says so, and nothing is stuck."""
    assert _die_at(here, monkeypatch, point, count(1), alone=True) >= 2


def test_nothing_is_launched_before_it_is_recorded(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the executor is told to launch an attempt, everybody can see it in the stored state."""
    keys = submit_undriven(monkeypatch, _diamond())
    assert _run(f"{here}/.perqueue", "unrecorded-launch", "1") == (0, "")
    assert check_laws(here).keys(EntryState.succeeded) == keys


@pytest.mark.parametrize("point", [pytest.param("before-commit", marks=pytest.mark.slow), "after-commit"])
def test_a_submitter_that_dies_at_any_commit(here: Path, point: str) -> None:
    """Each submission of a submitter that dies is there as a whole or not at all, and all runs after a tick."""
    expected: set[int] = set()
    total = 0
    for number in count(1):
        status, printed = _run("submit", point, str(number))
        expected |= set(map(int, printed.split()))
        if not (here / ".perqueue").exists():
            assert not expected
            continue
        settle(here)
        found = check_laws(here)
        assert expected <= set(found.entries)
        assert len(found.entries) - total in (0, 3, 6)
        assert set(found.states.values()) <= {EntryState.succeeded}
        total = len(found.entries)
        if status == 0:
            assert number > 2
            return
