"""Submitting to the current folder's queue, having it driven, and waiting until nothing moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.ledger import read_ledger
from tests.chaos.stored import is_busy, queue_in, stored
from tests.queues import processes_of, wait_until

from perqueue import PersistentQueue, Task
from perqueue.api import queue as api_queue
from perqueue.core.states import EntryState
from perqueue.engine import drive


def submit(*tasks: Any) -> list[int]:
    """Submit each in a transaction of its own; the keys of all."""
    keys: list[int] = []
    for task in tasks:
        with PersistentQueue() as queue:
            told = queue.submit(task)
        keys += told.keys
    return keys


def submit_undriven(monkeypatch: pytest.MonkeyPatch, *tasks: object) -> list[int]:
    """As :func:`submit`, by somebody who dies before he wakes the supervisor."""
    with monkeypatch.context() as patched:
        patched.setattr(api_queue, "drive", lambda folder: "")
        return submit(*tasks)


def resubmit(keys: Sequence[int]) -> None:
    """Run settled entries again."""
    with PersistentQueue() as queue:
        queue.resubmit(keys)


def quick(nap: float = 0.0, name: str = "quick", resources: str = "local:5m") -> Task:
    """A task that naps for some seconds."""
    return Task("quick.py", {"nap": nap}, resources, name=name)


def gated(resources: str = "local:5m", gate: str = "go") -> Task:
    """A task that runs until there is a file."""
    return Task("gated.py", {"gate": gate}, resources)


def tick(folder: Path) -> drive.TickReport:
    """What ``pq tick`` does."""
    return drive.tick(queue_in(folder))


def settle(folder: Path) -> None:
    """Tick once; from then on the queue must come to rest by itself."""
    tick(folder)
    rest(folder)


def rest(folder: Path) -> None:
    """Wait until nothing moves."""
    try:
        wait_until(lambda: not is_busy(folder), f"the queue in {folder} to come to rest")
    except AssertionError as error:
        error.add_note(f"its entries: {stored(folder).states}")
        raise


def wait_begun(folder: Path, key: int, attempt: int = 1) -> int:
    """Wait until the queue says that an entry runs, and the task itself too; its process."""
    wait_until(lambda: stored(folder).states[key] is EntryState.running, f"entry {key} to run")
    wait_until(lambda: read_ledger(folder).begun[key, attempt], f"entry {key} to begin")
    return read_ledger(folder).pids[key, attempt]


def wait_left(folder: Path) -> None:
    """Wait until no process of the queue is left."""
    wait_until(lambda: not processes_of(folder), f"all processes of {folder} to leave")
