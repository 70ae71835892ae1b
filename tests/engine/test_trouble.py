"""Ticks that go wrong: nothing is lost, nothing is launched twice, whatever raises."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.engine.conftest import Bench
from tests.engine.noting import Doubtful, Driven, Noting, doubtful, ended, fails, raising

from perqueue.core.errors import StorageError
from perqueue.engine import drive, requests
from perqueue.engine.folder import create_folder
from perqueue.engine.lease import take_lease
from perqueue.engine.tick import Mover
from perqueue.runner.spool import Spool

LARGE = '{"x":"' + "a" * 70_000 + '"}'


# commits that raise


@pytest.mark.parametrize("fates", [[True], [False], [True, True], [False, True], [True, False], [False, False, True]])
def test_a_commit_that_raises_may_stand(bench: Bench, fates: list[bool]) -> None:
    """What it recorded is launched once, by the next tick that comes so far, whether it stands or not."""
    bench.submit(bench.task() | bench.task())
    driven, store = doubtful(bench)
    store.fates = list(fates)
    fails(driven, len(fates))
    assert driven.executor.launched == []
    for _ in range(3):
        assert driven.mover.tick()
    assert driven.executor.launched == [(1, 1), (2, 1)]
    assert driven.executor.recovered == []


def test_what_was_launched_before_is_not_launched_again(bench: Bench) -> None:
    """After a commit that raised and stands, only what it recorded is launched; the outcome that it heard counts."""
    bench.submit((bench.task() | bench.task()) >> bench.task())
    driven, store = doubtful(bench)
    driven.mover.tick()
    bench.submit(bench.task())
    driven.executor.reports = [ended(1)]
    store.fates = [True]
    fails(driven)
    for _ in range(3):
        driven.mover.tick(look=True)
    assert driven.executor.launched == [(1, 1), (2, 1), (4, 1)]
    assert bench.states() == {1: "succeeded", 2: "queueing", 3: "waiting", 4: "queueing"}


def test_what_was_given_up_after_a_commit_that_raised(bench: Bench) -> None:
    """An entry that was removed meanwhile is not launched; one that was cancelled is stopped by its executor."""
    bench.submit(bench.task() | bench.task())
    driven, store = doubtful(bench)
    store.fates = [True]
    fails(driven)
    with bench.store.transaction() as state:
        requests.cancel(state, [1])
        requests.remove(state, [2])
    driven.mover.tick()
    driven.mover.tick()
    assert driven.executor.launched == [(1, 1)]
    assert [(stop.key, stop.attempt) for stop in driven.executor.stopped] == [(1, 1), (2, 1)]


def test_a_journal_that_can_not_be_synced_nor_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of the JSON store that raised and stands is launched by whoever goes on living."""
    monkeypatch.chdir(tmp_path)
    folder = create_folder(str(tmp_path), "json")
    with closing(folder.open_store()) as store:
        bench = Bench(folder, store)
        bench.submit(bench.task())
        driven = Driven(bench)
        with monkeypatch.context() as broken:
            for name in ("fsync", "ftruncate"):
                broken.setattr(os, name, raising(9, getattr(os, name), OSError(5, "Input/output error")))
            fails(driven)
        for _ in range(5):
            assert driven.mover.tick()
        assert driven.executor.launched == [(1, 1)]


def test_a_recovery_that_is_broken_off(bench: Bench, driven: Driven) -> None:
    """What an earlier owner left is given to the executor once, when the store can be used again."""
    bench.submit(bench.task() | bench.task())
    driven.mover.tick()
    store = Doubtful(bench.store)
    later = Noting(bench)
    mover = Mover(bench.folder, store, [later], bench.config, driven.mover.lease, driven.said.append)
    mover.recover()
    assert mover.restless
    store.fates = [False, True]
    for _ in range(2):
        with pytest.raises(StorageError):
            mover.tick()
        assert later.recovered == []
    bench.submit(bench.task())
    for _ in range(3):
        mover.tick()
    assert (later.recovered, later.launched) == ([(1, 1), (2, 1)], [(3, 1)])
    assert not mover.restless


def test_outcomes_are_kept_once_while_they_can_not_be_committed(bench: Bench) -> None:
    """However long that takes, what lies in the spool is not kept again by every look."""
    bench.submit(bench.task() | bench.task())
    driven, store = doubtful(bench)
    driven.mover.tick()
    bench.leave(1)
    store.fates = [False] * 5
    fails(driven, 5)
    assert len(driven.mover._facts) == 1
    driven.mover.tick()
    assert bench.states() == {1: "succeeded", 2: "queueing"}


def test_the_lease_is_needed_after_all(bench: Bench) -> None:
    """What a commit of unknown fate recorded is left to whoever took the lease meanwhile."""
    bench.submit(bench.task())
    driven, store = doubtful(bench)
    store.fates = [True]
    fails(driven)
    with bench.store.transaction() as state:
        state.set_lease(None)
    assert take_lease(bench.store) is not None
    with pytest.raises(Exception, match="the lease 1 was lost"):
        driven.mover.tick()
    assert driven.executor.launched == []


# files that can't be used


def test_inputs_that_can_not_be_written(bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick raises what a store in trouble raises, nothing is recorded, and later the entry runs."""
    bench.submit(bench.task() >> bench.task())
    bench.end(1, LARGE)
    monkeypatch.setattr(os, "rename", raising(2, os.rename, OSError(30, "Read-only file system")))
    fails(driven, 2)
    assert bench.states() == {1: "succeeded", 2: "goahead"}
    driven.mover.tick()
    assert driven.executor.launched == [(2, 1)]


@pytest.mark.parametrize("name", ["list_new", "read_new", "settle"])
def test_a_spool_that_does_not_answer(bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is as a store in trouble: what is recorded is launched, and what lies there is committed, a little later."""
    bench.submit(bench.task() >> bench.task())
    driven.mover.tick()
    bench.leave(1)
    monkeypatch.setattr(Spool, name, raising(1, getattr(Spool, name), OSError(116, "Stale file handle")))
    with pytest.raises(StorageError, match=r"can't be moved now: .*Stale file handle"):
        driven.mover.tick(look=True)
    for _ in range(2):
        driven.mover.tick(look=True)
    assert driven.executor.launched == [(1, 1), (2, 1)]
    assert bench.states() == {1: "succeeded", 2: "queueing"}
    assert bench.folder.spool().list_new() == []


@pytest.mark.parametrize("call", ["launch", "recover", "stop", "poll"])
def test_an_executor_that_meets_such_files(
    bench: Bench, driven: Driven, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The tick raises; afterwards each attempt has been given to it, and is stopped, all the same."""
    bench.submit(bench.task() | bench.task())
    if call == "recover":
        driven.mover.tick()
        driven.mover.recover()
    if call == "stop":
        driven.mover.tick()
        with bench.store.transaction() as state:
            requests.cancel(state, [1])
    real = getattr(Noting, call)
    left = [OSError(5, "Input/output error")]

    def once(self: Noting, *args: Any) -> Any:
        if left and call == "launch":  # it took them before it broke
            real(self, *args)
        if left:
            raise left.pop()
        return real(self, *args)

    monkeypatch.setattr(Noting, call, once)
    fails(driven)
    for _ in range(3):
        driven.mover.tick()
    assert driven.executor.launched == [(1, 1), (2, 1)]
    assert driven.executor.recovered == ([(1, 1), (2, 1)] if call == "recover" else [])
    assert len(driven.executor.stopped) == (call == "stop")


@pytest.mark.parametrize("home", [True, False])
def test_a_tick_by_hand(bench: Bench, monkeypatch: pytest.MonkeyPatch, home: bool) -> None:
    """A file server that doesn't answer is told as what it is, and the lease is given back."""
    monkeypatch.setattr(Spool, "list_new", raising(1, Spool.list_new, OSError(5, "Input/output error")))
    folder = bench.folder if home else evolve(bench.folder, home="elsewhere")
    with pytest.raises(StorageError, match="Input/output error"):
        drive.tick(folder)
    with bench.store.snapshot() as state:
        assert state.lease() is None
