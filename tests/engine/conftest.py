"""A queue without processes: submissions are stored, and tests play the executor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.engine.noting import Driven

from perqueue import Task
from perqueue.codec import BlobFolder
from perqueue.config import Config
from perqueue.core.events import Admitted, Ended, Event
from perqueue.core.planner import plan
from perqueue.core.records import Attempt, Entry, Outcome, Verdict
from perqueue.engine.context import capture
from perqueue.engine.folder import QueueFolder, create_folder
from perqueue.engine.requests import Submission
from perqueue.runner.records import Outcome as Told
from perqueue.store.protocol import Store


class Bench:
    """A queue's folder and store, and what tests do to them."""

    def __init__(self, folder: QueueFolder, store: Store) -> None:
        self.folder, self.store = folder, store
        self.config = Config(cores=2)

    def task(self, name: str = "task", **options: Any) -> Task:
        """A task whose script is there but is never run."""
        path = Path(self.folder.folder) / f"{name}.py"
        path.touch()
        return Task(path, options.pop("args", None), options.pop("resources", "local"), name=name, **options)

    def submit(self, tasks: object, config: Config | None = None) -> list[int]:
        """Submit anything; the new keys."""
        submission = Submission(tasks, config or self.config, BlobFolder(self.folder.blobs))
        with self.store.transaction() as state:
            return submission.store(state, capture(environ={"HOME": "/home/me"}))

    def tell(self, *events: Event) -> None:
        """Have the planner hear events."""
        with self.store.transaction() as state:
            decision = plan(state, events)
            state.apply(decision, decision.heard)

    def admit(self, *keys: int) -> None:
        """An executor takes entries."""
        self.tell(*(Admitted(2.0, key) for key in keys))

    def end(self, key: int, data: str | None = "{}", verdict: Verdict = Verdict.succeeded) -> None:
        """The entry's present attempt ends, admitted before if need be."""
        self.admit(key)
        self.tell(Ended(3.0, key, self.entry(key).attempt, Outcome(verdict, "returned", data=data)))

    def leave(self, key: int, attempt: int = 1, data: str | None = "{}") -> None:
        """An attempt leaves its outcome in the spool."""
        self.folder.spool().write_outcome(
            Told(
                queue=self.folder.id, key=key, attempt=attempt, verdict="succeeded", reason="returned", error=None,
                started=1.0, ended=2.0, host="node", pid=7, usage=None, data=data,
            )
        )  # fmt: skip

    def entry(self, key: int) -> Entry:
        with self.store.snapshot() as state:
            found = state.entry(key)
        assert found is not None
        return found

    def attempts(self, key: int) -> Sequence[Attempt]:
        with self.store.snapshot() as state:
            return state.attempts(key)

    def states(self) -> dict[int, str]:
        with self.store.snapshot() as state:
            return {row.entry.key: str(row.entry.state) for row in state.rows()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """An empty queue in the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = create_folder(str(tmp_path))
    with closing(folder.open_store()) as store:
        yield Bench(folder, store)


@pytest.fixture
def driven(bench: Bench) -> Driven:
    """Whoever moves that queue, with an executor that only notes what it is asked."""
    return Driven(bench)
