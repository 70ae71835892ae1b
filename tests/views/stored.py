"""Queues that are stored but not driven, for tests of what is read from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perqueue.codec import no_blobs
from perqueue.config import Config
from perqueue.core.events import Admitted, Ended
from perqueue.core.planner import plan
from perqueue.core.records import Context, Outcome, Verdict
from perqueue.core.task import Task
from perqueue.engine import requests
from perqueue.engine.folder import create_folder
from perqueue.store.protocol import Snapshot, Store


def task(name: str) -> Task:
    """A task whose script nobody looks for."""
    return Task(f"/nowhere/{name}", {}, "local", "main", name)


@contextmanager
def stored(folder: Path, *submissions: object) -> Iterator[Store]:
    """A store with these submissions; nothing runs."""
    store = create_folder(str(folder)).open_store()
    try:
        for tasks in submissions:
            submission = requests.Submission(tasks, Config(), no_blobs)
            with store.transaction() as state:
                submission.store(state, Context("python", str(folder), ()))
        yield store
    finally:
        store.close()


def end(store: Store, key: int, verdict: Verdict = Verdict.succeeded) -> None:
    """Have an entry that may run end like this."""
    for event in (Admitted(time.time(), key), Ended(time.time(), key, 1, Outcome(verdict, "returned", data="{}"))):
        with store.transaction() as state:
            decision = plan(state, [event])
            state.apply(decision, decision.heard)


@contextmanager
def seen(folder: Path, *submissions: object) -> Iterator[Snapshot]:
    """A snapshot of a queue with these submissions."""
    with stored(folder, *submissions) as store, store.snapshot() as state:
        yield state
