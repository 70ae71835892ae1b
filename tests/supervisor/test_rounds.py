"""Rounds of a supervisor that go wrong: it says so once, tries again, and goes on when it can."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.engine.conftest import Bench
from tests.engine.noting import Noting, ended

from perqueue.core.errors import StorageError
from perqueue.engine import observing, requests
from perqueue.engine.launches import Assignments
from perqueue.engine.lease import take_lease
from perqueue.executors.protocol import Report
from perqueue.plugins import ObserverPlugin
from perqueue.runner.spool import Spool
from perqueue.store.protocol import BusyStoreError, LeaseLostError, Store
from perqueue.supervisor import loop
from perqueue.supervisor.loop import Supervisor, Wake

FULL = StorageError("the disk is full")


class Failing:
    """A store of which one method raises: these errors, one at each call after some that it answers."""

    def __init__(self, store: Store, method: str, errors: list[Exception], skipped: int = 0) -> None:
        self._store, self._method, self._skipped, self.errors = store, method, skipped, errors

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if name != self._method:
            return real

        def called(*args: Any) -> Any:
            self._skipped -= 1
            if self.errors and self._skipped < 0:
                raise self.errors.pop(0)
            return real(*args)

        return called


class Brief(Noting):
    """Ends at its next poll whatever it was given, as local tasks would."""

    def poll(self) -> list[Report]:
        given, self.given = self.given, []
        return [ended(*at) for at in given]

    def launch(self, assignments: Any) -> None:
        super().launch(assignments)
        self.given += [assignment.at for assignment in assignments]

    def patience(self) -> float:
        return 0.0 if self.given else 60.0

    given: list[tuple[int, int]] = []  # noqa: RUF012  # each has its own once it was given something


class Life:
    """A supervisor in this process, with such an executor; what it said."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.executor = bench, Brief(bench)
        self.said: list[str] = []
        self.wake: Wake | None = None
        monkeypatch.setattr(loop, "open_executors", lambda *_, **__: [self.executor])
        monkeypatch.setattr(loop, "say", self.said.append)
        monkeypatch.setattr(loop, "LOOK", 0.01)

    def run(self, store: Any = None) -> None:
        """Until it leaves."""
        lease = take_lease(self.bench.store)
        assert lease is not None
        self.wake = Wake(self.bench.folder.wake)
        config = evolve(self.bench.config, idle=0.1)
        try:
            Supervisor(self.bench.folder, store or self.bench.store, config, lease, self.wake).run()
        finally:
            if self.wake.descriptor >= 0:
                self.wake.close()


@pytest.fixture
def life(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Life:
    bench.submit(bench.task() >> bench.task())
    return Life(bench, monkeypatch)


@pytest.mark.parametrize("beat", [0.0, 5.0])
@pytest.mark.parametrize(
    ("method", "skipped"), [*(("transaction", skipped) for skipped in range(5)), ("version", 0), ("snapshot", 0)]
)
def test_a_store_in_trouble(
    life: Life, monkeypatch: pytest.MonkeyPatch, method: str, beat: float, skipped: int
) -> None:
    """Wherever in its rounds a supervisor meets it, it says so once, and goes on with all that it heard."""
    monkeypatch.setattr(loop, "BEAT", beat)
    store = Failing(life.bench.store, method, [FULL] * 3, skipped)
    life.run(store)
    assert life.bench.states() == {1: "succeeded", 2: "succeeded"}
    assert life.executor.launched == [(1, 1), (2, 1)]
    assert store.errors == []
    assert life.said[0] == "the disk is full (it is tried again every 0.01 s)"
    assert life.said[1:] in ([], ["the queue goes on"])


def test_two_troubles_at_once(life: Life) -> None:
    """Each is said once, however they take turns; then that they are over."""
    busy = BusyStoreError("/q/queue.db", 60.0)
    life.run(Failing(life.bench.store, "transaction", [FULL, busy, FULL, busy, FULL]))
    assert life.said == [
        "the disk is full (it is tried again every 0.01 s)",
        f"{busy} (it is tried again every 0.01 s)",
        "the queue goes on",
    ]
    assert life.bench.states() == {1: "succeeded", 2: "succeeded"}


def once(real: Callable[..., Any]) -> Callable[..., Any]:
    """A function that raises at its first call, as a file server that was restarted."""
    left = [OSError(116, "Stale file handle")]

    def called(*args: Any, **kwargs: Any) -> Any:
        if left:
            raise left.pop()
        return real(*args, **kwargs)

    return called


@pytest.mark.parametrize("name", ["list_new", "sweep"])
def test_a_spool_that_does_not_answer(life: Life, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The supervisor lives on, and leaves when the work is done."""
    monkeypatch.setattr(Spool, name, once(getattr(Spool, name)))
    life.run()
    assert life.bench.states() == {1: "succeeded", 2: "succeeded"}


def test_a_folder_that_does_not_answer(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for one that was deleted."""
    root, real, left = life.bench.folder.root, os.stat, [1, 2, 3]

    def stat(path: Any, **options: Any) -> os.stat_result:
        if path == root and life.executor.launched and left:
            left.pop()
            raise OSError(116, "Stale file handle", path)
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    life.run()
    assert left == []
    assert [line for line in life.said if "Stale file handle" in line] == [life.said[0]]
    assert life.bench.states() == {1: "succeeded", 2: "succeeded"}


def test_a_folder_that_was_deleted(life: Life) -> None:
    """The supervisor leaves, whatever it was trying."""
    root = life.bench.folder.root

    def gone(*_: Any) -> None:
        shutil.rmtree(root, ignore_errors=True)
        raise FULL

    store = Failing(life.bench.store, "", [])
    vars(store)["transaction"] = gone
    life.run(store)
    assert life.executor.launched == []


def test_the_lease_that_was_lost(life: Life) -> None:
    """That is no trouble that passes: the supervisor leaves at once."""
    with pytest.raises(LeaseLostError):
        life.run(Failing(life.bench.store, "transaction", [FULL, LeaseLostError(1, 2)]))
    assert life.executor.launched == []


def test_leaving_while_the_store_is_in_trouble(life: Life) -> None:
    """Who calls meanwhile is heard: the supervisor listens again before it looks again."""
    bench = life.bench
    store = Failing(bench.store, "", [])
    listened: list[bool] = []

    def snapshot() -> Any:
        assert life.wake is not None
        listened.append(life.wake.descriptor >= 0)
        if len(listened) == 1:
            bench.submit(bench.task())
            raise FULL
        return bench.store.snapshot()

    vars(store)["snapshot"] = snapshot
    life.run(store)
    assert listened == [False, False]
    assert bench.states() == {1: "succeeded", 2: "succeeded", 3: "succeeded"}


def test_an_entry_that_can_not_be_prepared(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails at once; the supervisor runs the rest and leaves."""
    bench = life.bench
    bench.submit(bench.task())
    real = Assignments.prepare

    def prepare(self: Assignments, state: Any, key: int, attempt: int) -> Any:
        if key == 1:
            raise KeyError("threads")
        return real(self, state, key, attempt)

    monkeypatch.setattr(Assignments, "prepare", prepare)
    life.run()
    assert bench.states() == {1: "failed", 2: "waiting", 3: "succeeded"}
    assert life.said == []
    with bench.store.transaction() as state:
        requests.resubmit(state, [1])
        state.set_lease(None)
    monkeypatch.setattr(Assignments, "prepare", real)
    life.run()
    assert bench.states() == {1: "succeeded", 2: "succeeded", 3: "succeeded"}


def test_files_that_can_not_be_written(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large inputs on a read-only disk keep their entry waiting, and nothing ends for it."""
    bench = life.bench
    bench.end(1, '{"x":"' + "a" * 70_000 + '"}')
    tries: list[Path] = []
    real = os.makedirs

    def makedirs(path: Any, *args: Any, **options: Any) -> None:
        if str(path).endswith("/spool/inputs"):
            tries.append(path)
            if len(tries) < 4:
                raise OSError(30, "Read-only file system", path)
        real(path, *args, **options)

    monkeypatch.setattr(os, "makedirs", makedirs)
    life.run()
    assert len(tries) == 4
    assert [line for line in life.said if "Read-only" in line] == [life.said[0]]
    assert bench.states() == {1: "succeeded", 2: "succeeded"}


def test_a_slow_observer_is_told_everything(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor does not wait for anything else to happen before it tells the rest, and then leaves."""
    seen: list[int] = []
    plugin = ObserverPlugin("slow", "", lambda _: lambda event: seen.append(event.seq), True)
    monkeypatch.setattr(observing, "observer_plugins", lambda: [plugin])
    monkeypatch.setattr(observing, "_LONGEST", 0.0)
    monkeypatch.setattr(loop, "LOOK", 60.0)
    life.run()
    with life.bench.store.snapshot() as state:
        assert seen == [event.seq for event in state.log()]
