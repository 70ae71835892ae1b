"""Observers are told exactly what was committed, in order, at least once, and can break nothing."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Bench
from tests.engine.noting import Noting

from perqueue.core.events import Launched
from perqueue.engine import observing, overdue
from perqueue.engine.lease import release, take_lease
from perqueue.engine.observing import Observing
from perqueue.engine.tick import Mover
from perqueue.engine.troubles import read_troubles
from perqueue.plugins import LoggedEvent, ObserverPlugin


class Seen(list[LoggedEvent]):
    """What an observer was told; it raises at some numbers."""

    def __init__(self, *bad: int) -> None:
        self.bad = bad

    def __call__(self, event: LoggedEvent) -> None:
        if event.seq in self.bad:
            raise RuntimeError(f"no luck with {event.seq}")
        self.append(event)


Install = Callable[..., None]


def _found(observer: Callable[[LoggedEvent], object], _: object) -> Callable[[LoggedEvent], object]:
    return observer


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes these the observers that are installed, by name."""

    def with_observers(replay: bool = True, **observers: Callable[[LoggedEvent], object]) -> None:
        plugins = [
            ObserverPlugin(name, "", partial(_found, found), replay) for name, found in sorted(observers.items())
        ]
        monkeypatch.setattr(observing, "observer_plugins", lambda: plugins)

    return with_observers


def logged(bench: Bench) -> list[LoggedEvent]:
    with bench.store.snapshot() as state:
        return state.log()


def opened(bench: Bench, said: list[str] | None = None) -> Observing:
    return Observing(bench.folder, bench.store, (said if said is not None else []).append)


def cursor(bench: Bench, name: str) -> int:
    return int((Path(bench.folder.root) / "observers" / name).read_text(encoding="utf-8"))


def test_everything_that_is_committed_is_told_in_order(bench: Bench, install: Install) -> None:
    """Requests and ticks come to an observer as the log has them, after their commits, whoever made them."""
    seen = Seen()
    install(eye=seen)
    (key,) = bench.submit(bench.task())
    lease = take_lease(bench.store)
    assert lease is not None
    executor = Noting(bench)
    mover, watched = Mover(bench.folder, bench.store, [executor], bench.config, lease, print), opened(bench)
    mover.tick()
    assert watched.deliver() is False
    assert [event.kind for event in seen] == ["submitted", "admitted"]
    executor.reports = [Launched(5.0, key, 1, "12")]
    bench.submit(bench.task())
    mover.tick()
    watched.deliver()
    bench.leave(key)
    mover.tick(look=True)
    watched.deliver()
    assert seen == logged(bench)
    assert [event.kind for event in seen].count("ended") == 1
    release(bench.store, lease)


def test_without_observers_the_log_is_not_read(bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is installed, a tick pays nothing for them."""
    install()
    bench.submit(bench.task())
    watched = opened(bench)
    monkeypatch.setattr(bench.store, "snapshot", None)
    assert watched.deliver() is False
    assert not (Path(bench.folder.root) / "observers").exists()


def test_the_next_owner_goes_on_where_the_last_one_stopped(bench: Bench, install: Install) -> None:
    """Nothing is told twice where nothing went wrong, and nothing is left out."""
    seen = Seen()
    install(eye=seen)
    bench.submit(bench.task())
    opened(bench).deliver()
    bench.submit(bench.task())
    opened(bench).deliver()
    assert seen == logged(bench)


def test_after_a_crash_events_come_again(bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told before its place could be kept is told again, with the same number and content."""
    seen = Seen()
    install(eye=seen)
    watched = opened(bench)
    bench.submit(bench.task())
    with monkeypatch.context() as crashed:
        crashed.setattr(Observing, "_keep", lambda *_: None)
        watched.deliver()
    opened(bench).deliver()
    assert seen == logged(bench) * 2


def test_an_observer_that_raises_is_left_alone(bench: Bench, install: Install) -> None:
    """It is told nothing more, which is said once; others are told everything, and the next owner tries again."""
    bad, good, said = Seen(2), Seen(), list[str]()
    install(bad=bad, good=good)
    bench.submit(bench.task())
    bench.submit(bench.task())
    bench.submit(bench.task())
    watched = opened(bench, said)
    watched.deliver()
    bench.submit(bench.task())
    watched.deliver()
    assert [event.seq for event in bad] == [1]
    assert good == logged(bench)
    assert len(said) == 1
    assert "observer 'bad' raised RuntimeError: no luck with 2" in said[0]
    assert [(one.kind, one.name, one.why) for one in read_troubles(bench.folder.root)] == [
        ("observer", "bad", "RuntimeError: no luck with 2")
    ]
    bad.bad = ()
    opened(bench, said).deliver()
    assert bad == good == logged(bench)
    assert read_troubles(bench.folder.root) == []


class Silent(Exception):
    """An error that can't be described."""

    def __str__(self) -> str:
        raise RuntimeError("there is nothing to say")


ERRORS = [
    (RuntimeError("no luck"), "RuntimeError: no luck"),
    (SystemExit(3), "SystemExit: 3"),
    (asyncio.CancelledError("over"), "CancelledError: over"),
    (GeneratorExit("over"), "GeneratorExit: over"),
    (Silent(), "Silent: (its message can't be told: making it raised RuntimeError)"),
]


@pytest.mark.parametrize(("error", "why"), ERRORS, ids=lambda one: type(one).__name__)
def test_whatever_an_observer_raises(bench: Bench, install: Install, error: BaseException, why: str) -> None:
    """It goes no further, of whatever class it is: the reason is told, and others are told everything."""

    def bad(_: LoggedEvent) -> None:
        raise error

    good, said = Seen(), list[str]()
    install(bad=bad, good=good)
    bench.submit(bench.task())
    assert opened(bench, said).deliver() is False
    assert good == logged(bench)
    assert f"observer 'bad' raised {why}; " in said[0]
    assert [one.why for one in read_troubles(bench.folder.root)] == [why]


def test_an_interrupt_is_no_failure_of_an_observer(bench: Bench, install: Install) -> None:
    """Somebody at the terminal who wants an end gets it."""

    def bad(_: LoggedEvent) -> None:
        raise KeyboardInterrupt

    install(bad=bad)
    bench.submit(bench.task())
    with pytest.raises(KeyboardInterrupt):
        opened(bench).deliver()


@pytest.mark.parametrize(("error", "why"), ERRORS, ids=lambda one: type(one).__name__)
def test_an_observer_that_can_not_be_opened(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: BaseException, why: str
) -> None:
    """The queue goes on without it, and says why."""

    def refuse(_: object) -> Seen:
        raise error

    monkeypatch.setattr(observing, "observer_plugins", lambda: [ObserverPlugin("bad", "", refuse)])
    said: list[str] = []
    assert opened(bench, said).deliver() is False
    assert why in said[0]


def test_one_without_a_replay_begins_with_what_comes(bench: Bench, install: Install) -> None:
    """It is not told what was committed before the queue was first moved with it, however much that is."""
    seen = Seen()
    install(eye=seen, replay=False)
    for _ in range(37):
        bench.submit(bench.task())
    watched = opened(bench)
    assert cursor(bench, "eye") == logged(bench)[-1].seq
    bench.submit(bench.task())
    watched.deliver()
    assert seen == logged(bench)[-1:]


@pytest.mark.parametrize("text", ["", "nonsense"])
def test_a_place_that_can_not_be_read(bench: Bench, install: Install, text: str) -> None:
    """It is told everything again rather than nothing."""
    seen = Seen()
    install(eye=seen)
    bench.submit(bench.task())
    opened(bench).deliver()
    (Path(bench.folder.root) / "observers" / "eye").write_text(text, encoding="utf-8")
    opened(bench).deliver()
    assert seen == logged(bench) * 2


def test_slow_observers_get_a_share_of_each_tick(
    bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What doesn't fit into one step follows in the next ones, and until then there is something left to do."""
    monkeypatch.setattr(observing, "_LONGEST", 0.0)
    one, other = Seen(), Seen()
    install(one=one, other=other)
    for _ in range(3):
        bench.submit(bench.task())
    watched = opened(bench)
    assert watched.deliver() is True
    assert len(one) == len(other) == 1
    while watched.deliver():
        assert len(one) < 4
    assert one == other == logged(bench)


def test_nothing_left_when_the_time_is_over(bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there is more to tell is a matter of the log, not of the time that was spent."""
    monkeypatch.setattr(observing, "_LONGEST", 0.0)
    seen = Seen()
    install(eye=seen)
    bench.submit(bench.task())
    watched = opened(bench)
    assert watched.deliver() is False
    assert seen == logged(bench)
    assert watched.deliver() is False


def test_a_slow_observer_takes_only_its_own_share(
    bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is slow, and far behind, keeps no other from what is new, in whatever order they are told."""
    clock = [0.0]
    monkeypatch.setattr(observing, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(observing, "_TOGETHER", 3)
    quick, late, slow = Seen(), Seen(), Seen()

    def slowly(event: LoggedEvent) -> None:
        clock[0] += 0.2
        slow.append(event)

    install(alpha=slowly, beta=quick, gamma=late)
    for _ in range(10):
        bench.submit(bench.task())
    watched = opened(bench)
    assert watched.deliver() is True
    assert quick == late == logged(bench)
    assert len(slow) == 1
    bench.submit(bench.task())
    assert watched.deliver() is True
    assert quick == late == logged(bench)
    assert len(slow) == 2


def test_an_observer_that_hangs_is_named(bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one does not return, that is said, again at doubling times, and when it is over."""
    monkeypatch.setattr(overdue, "PATIENCE", 0.01)
    said: list[str] = []

    def hang(event: LoggedEvent) -> None:
        while event.seq == 2 and len(said) < 3:
            time.sleep(0.001)

    install(hang=hang)
    bench.submit(bench.task())
    bench.submit(bench.task())
    assert opened(bench, said).deliver() is False
    assert said.pop() == "observer 'hang' is done with event 2; the queue goes on"
    pattern = r"observer 'hang' has been busy with event 2 for (\S+) s; the queue waits for it"
    found = [re.fullmatch(pattern, line) for line in said]
    times = [float(one[1]) for one in found if one is not None]
    assert len(times) == len(said) == 3
    assert all(2**power * 0.00999 <= seconds for power, seconds in enumerate(times))
    assert not any(one.name == "overdue" for one in threading.enumerate())


def test_of_a_quick_observer_nothing_is_said(bench: Bench, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many calls that are quick each are no call that takes long; and where nothing is told no thread is started."""
    monkeypatch.setattr(overdue, "PATIENCE", 0.5)
    monkeypatch.setattr(observing, "_LONGEST", 60.0)
    said: list[str] = []
    install(eye=lambda _: time.sleep(0.025))
    for _ in range(30):
        bench.submit(bench.task())
    watched = opened(bench, said)
    assert watched.deliver() is False
    assert said == []
    monkeypatch.setattr(observing, "overdue_said", None)
    assert watched.deliver() is False


@given(numbers=st.lists(st.integers(1, 10_000), unique=True, max_size=40))
def test_the_newest_number_is_found(numbers: list[int]) -> None:
    """However the numbers of the log lie, the search finds the last of them."""

    class Log:
        def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[int]:
            return [number for number in sorted(numbers) if number > after][:limit]

    assert observing._last(Log()) == max(numbers, default=0)  # type: ignore[arg-type]
