"""Observers are told exactly what was committed, in order, at least once, and can break nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Bench
from tests.engine.test_tick import Noting

from perqueue.core.events import Launched
from perqueue.engine import observing
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


@pytest.mark.parametrize("error", [RuntimeError("no luck"), SystemExit(3)])
def test_an_observer_that_can_not_be_opened(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """The queue goes on without it, and says why."""

    def refuse(_: object) -> Seen:
        raise error

    monkeypatch.setattr(observing, "observer_plugins", lambda: [ObserverPlugin("bad", "", refuse)])
    said: list[str] = []
    assert opened(bench, said).deliver() is False
    assert f"{type(error).__name__}: {error}" in said[0]


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


@given(numbers=st.lists(st.integers(1, 10_000), unique=True, max_size=40))
def test_the_newest_number_is_found(numbers: list[int]) -> None:
    """However the numbers of the log lie, the search finds the last of them."""

    class Log:
        def log(self, key: int | None = None, after: int = 0, limit: int | None = None) -> list[int]:
            return [number for number in sorted(numbers) if number > after][:limit]

    assert observing._last(Log()) == max(numbers, default=0)  # type: ignore[arg-type]
