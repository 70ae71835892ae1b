"""An executor that breaks: kept to itself, opened again, and given what it had."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve

from perqueue.config import Config, Partition
from perqueue.core.errors import UsageError
from perqueue.core.events import Ended
from perqueue.core.records import Context, Outcome, PendingStop, Verdict
from perqueue.engine.folder import create_folder
from perqueue.engine.opening import open_executors
from perqueue.engine.troubles import read_troubles
from perqueue.executors.guarded import Guarded
from perqueue.executors.protocol import Assignment, Executor, ExecutorPlugin, Report, Site
from perqueue.plugins import manager
from perqueue.runner.job import Job


class Fragile:
    """An executor that notes what it is asked, and raises in the methods that are named."""

    name = "fragile"

    def __init__(self) -> None:
        self.bad: set[str] = set()
        self.asked: list[tuple[str, list[tuple[int, int]]]] = []
        self.reports: list[Report] = []

    def _note(self, what: str, about: Sequence[Assignment | PendingStop] = ()) -> None:
        if what in self.bad:
            raise RuntimeError(f"{what} broke")
        self.asked.append((what, [(a.job.key, a.job.attempt) if isinstance(a, Assignment) else (a.key, a.attempt)
                                  for a in about]))  # fmt: skip

    def room(self, partition: str = "") -> int:
        self._note("room")
        return 5

    def launch(self, assignments: Sequence[Assignment]) -> None:
        self._note("launch", assignments)

    def recover(self, assignments: Sequence[Assignment]) -> None:
        self._note("recover", assignments)

    def stop(self, stops: Sequence[PendingStop]) -> None:
        self._note("stop", stops)

    def poll(self) -> list[Report]:
        self._note("poll")
        found, self.reports = self.reports, []
        return found

    def descriptors(self) -> list[int]:
        self._note("descriptors")
        return [7]

    def patience(self) -> float:
        self._note("patience")
        return 9.0

    def saturated(self) -> bool:
        self._note("saturated")
        return True

    def close(self) -> None:
        self._note("close")


class Rig:
    """A guarded executor with a clock of its own; ``error``: what opening it raises."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.now, self.error = 100.0, error
        self.inner = Fragile()
        self.opened = 0
        self.told: list[str] = []
        self.guarded = Guarded("fragile", self._open, self.told.append, lambda: self.now)

    def _open(self) -> Executor:
        self.opened += 1
        if self.error is not None:
            raise self.error
        return self.inner

    def asked(self, *what: str) -> list[tuple[str, list[tuple[int, int]]]]:
        return [one for one in self.inner.asked if one[0] in what]


def assignment(key: int) -> Assignment:
    job = Job(queue="q", root="/q", key=key, attempt=1, name="a", code="/a.py", folder="/")
    return Assignment(job, Context("/python", "/", ()))


def stop(key: int) -> PendingStop:
    return PendingStop(key, 1, "fragile:default", "cancelled")


def ended(key: int) -> Ended:
    return Ended(1.0, key, 1, Outcome(Verdict.succeeded, "returned"))


def test_a_sound_executor_is_asked_as_it_is() -> None:
    """Everything is passed on and back."""
    rig = Rig()
    rig.guarded.launch([assignment(1)])
    rig.guarded.recover([assignment(2)])
    rig.guarded.stop([stop(1)])
    rig.inner.reports = [ended(1)]
    assert rig.guarded.poll() == [ended(1)]
    assert (rig.guarded.room(), rig.guarded.descriptors(), rig.guarded.patience(), rig.guarded.saturated()) == (
        5,
        [7],
        9.0,
        True,
    )
    assert rig.asked("launch", "recover", "stop") == [
        ("launch", [(1, 1)]),
        ("recover", [(2, 1)]),
        ("stop", [(1, 1)]),
    ]
    assert rig.told == [""]


@pytest.mark.parametrize("error", [RuntimeError("no server"), SystemExit(2), UsageError("not installed")])
def test_one_that_can_not_be_opened(error: BaseException) -> None:
    """It has no room and nothing to say, tells why, and is opened as soon as that works, with what it was given."""
    rig = Rig(error)
    guarded = rig.guarded
    assert (guarded.room(), guarded.poll(), guarded.descriptors(), guarded.saturated()) == (0, [], [], False)
    assert guarded.patience() > 0
    guarded.recover([assignment(1), assignment(2)])
    guarded.stop([stop(2)])
    rig.error = None
    assert guarded.poll() == []
    assert rig.opened == 1
    rig.now += 1.0
    guarded.poll()
    assert guarded.room() == 5
    assert rig.asked("recover", "stop") == [("recover", [(1, 1), (2, 1)]), ("stop", [(2, 1)])]
    assert rig.told == [f"{type(error).__name__}: {error}", ""]


def test_it_is_tried_with_growing_waits() -> None:
    """One that stays broken is opened ever more rarely, up to once in a minute."""
    rig = Rig(RuntimeError("no server"))
    tries = []
    for _ in range(400):
        rig.now += 1.0
        before = rig.opened
        rig.guarded.poll()
        if rig.opened > before:
            tries.append(rig.now - 100.0)
    assert tries[:6] == [1.0, 3.0, 7.0, 15.0, 31.0, 63.0]
    assert {later - sooner for sooner, later in pairwise(tries[6:])} == {60.0}


@pytest.mark.parametrize("what", ["room", "launch", "recover", "stop", "poll", "descriptors", "patience", "saturated"])
def test_one_that_breaks_later(what: str) -> None:
    """Whatever method raises, it is closed and opened again, and recovers what has not ended, but nothing that has."""
    rig = Rig()
    guarded = rig.guarded
    guarded.launch([assignment(1), assignment(2)])
    rig.inner.reports = [ended(1)]
    guarded.poll()
    rig.inner.bad = {what}
    guarded.room()
    guarded.launch([assignment(3)])
    guarded.recover([assignment(4)])
    guarded.stop([stop(3)])
    assert guarded.poll() == []
    guarded.descriptors()
    guarded.patience()
    guarded.saturated()
    assert rig.asked("close")
    assert rig.told[-1] == f"RuntimeError: {what} broke"
    assert guarded.room() == 0
    rig.inner.asked.clear()
    rig.inner.bad.clear()
    rig.now += 1.0
    guarded.poll()
    assert rig.asked("recover", "stop") == [("recover", [(2, 1), (3, 1), (4, 1)]), ("stop", [(3, 1)])]
    assert rig.told[-1] == ""


def test_one_that_breaks_when_it_is_closed() -> None:
    """Closing never raises."""
    rig = Rig()
    rig.inner.bad = {"close"}
    rig.guarded.close()
    assert rig.guarded.room() == 0


def test_a_queue_with_an_executor_that_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are opened; what is wrong is said once, and stands with the queue until it works."""
    fragile = Fragile()
    errors = [RuntimeError("no server"), RuntimeError("no server"), RuntimeError("no route")]

    def refuse(site: Site, config: Config) -> Executor:
        if errors:
            raise errors.pop(0)
        return fragile

    plugin = ExecutorPlugin("fragile", "", refuse)
    monkeypatch.setattr(manager, "load_plugins", lambda: manager.Plugins({"fragile": plugin}, {}, {}))
    folder, said = create_folder(str(tmp_path)), list[str]()
    config = Config(partitions={name: Partition(name, name) for name in ("fragile", "missing")})
    local, first, second = open_executors(folder, config, said.append)
    try:
        assert (local.name, first.name, second.name) == ("local", "fragile", "missing")
        assert [one.name for one in read_troubles(folder.root)] == ["fragile", "missing"]
        assert "there is no executor 'missing'" in str(read_troubles(folder.root)[1])
        for _ in range(3):
            assert isinstance(first, Guarded)
            first._again = 0.0
            first.poll()
        assert [line.split("'")[1] for line in said] == ["fragile", "missing", "fragile", "fragile"]
        assert said[2].endswith("no route")
        assert said[3] == "executor 'fragile' works again"
        assert [one.name for one in read_troubles(folder.root)] == ["missing"]
        (only,) = open_executors(folder, evolve(config, partitions={}), said.append)
        only.close()
        assert read_troubles(folder.root) == []
    finally:
        local.close()
