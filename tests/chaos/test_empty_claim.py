"""A fork server that died after it had created the claim on an attempt and before anything of it ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.chaos.driving import gated, quick, rest, settle, submit, submit_undriven, wait_begun
from tests.chaos.laws import check_laws
from tests.chaos.stored import queue_in, stored
from tests.chaos.test_crash_points import DYING
from tests.queues import PATIENCE, wait_until

from perqueue.core.states import EntryState


def _recorded(here: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """An entry with a recorded attempt of which nobody but an empty claim knows."""
    (key,) = submit_undriven(monkeypatch, quick())
    command = [sys.executable, "-P", DYING, f"{here}/.perqueue", "before-launch", "1"]
    assert subprocess.run(command, timeout=PATIENCE, check=False).returncode < 0
    assert stored(here).states[key] is EntryState.queueing
    assert queue_in(here).spool().reserve(key, 1)
    return key


def _settled(here: Path, key: int) -> None:
    found = check_laws(here)
    assert found.states[key] is EntryState.succeeded or found.outcome(key).reason in ("lost", "launch")


def test_it_is_launched_again_or_fails(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry is settled after the next tick."""
    key = _recorded(here, monkeypatch)
    settle(here)
    _settled(here, key)


def test_it_is_settled_while_others_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry is settled although the queue has other work, and a fork server for it, all the time."""
    key = _recorded(here, monkeypatch)
    (other,) = submit(gated())
    wait_begun(here, other)
    wait_until(lambda: stored(here).states[key].settled, f"entry {key} to be settled")
    (here / "go").touch()
    rest(here)
    _settled(here, key)


def test_it_is_settled_while_its_supervisor_lives(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry is settled although a server of the same supervisor meets the claim."""
    (key,) = submit_undriven(monkeypatch, quick())
    assert queue_in(here).spool().reserve(key, 1)
    settle(here)
    _settled(here, key)
