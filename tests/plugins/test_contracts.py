"""The contracts of codecs and observers, on ones that keep them and on ones that don't; and on what says too little."""

from __future__ import annotations

from pathlib import Path

import pytest

from perqueue.codec import Codec
from perqueue.executors.protocol import Site
from perqueue.plugins import LoggedEvent
from perqueue.testing.contracts.codecs import CodecContract
from perqueue.testing.contracts.executors import ExecutorContract
from perqueue.testing.contracts.observers import EVENTS, ObserverContract
from perqueue.testing.contracts.stores import StoreContract


class Angle:
    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Angle) and self.degrees == other.degrees

    def __hash__(self) -> int:
        return hash(self.degrees)


NAME = f"{Angle.__module__}.Angle"


class TestCodec(CodecContract):
    """A codec that keeps its contract."""

    codec = Codec("angle", (NAME,), lambda angle: angle.degrees, Angle)
    values = (Angle(0.0), Angle(-1e300), Angle(float("inf")))


class Rounding(CodecContract):
    codec = Codec("rounded", (NAME,), lambda angle: round(angle.degrees), Angle)
    values = (Angle(0.5),)


def _grown(angle: Angle, calls: list[int] = []) -> list[float]:  # noqa: B006  # that is what is wrong with it
    calls.append(1)
    return [angle.degrees, len(calls)]


class Growing(CodecContract):
    codec = Codec("growing", (NAME,), _grown, lambda parts: Angle(parts[0]))
    values = (Angle(0.5),)


class Idle(CodecContract):
    codec = Codec("idle", ("x.Y",), lambda value: value, Angle)
    values = (Angle(0.5),)


@pytest.mark.parametrize(
    ("case", "test"),
    [
        (Rounding(), "test_values_come_back"),
        (Growing(), "test_the_text_is_canonical"),
        (Idle(), "test_there_are_values_of_every_class"),
    ],
)
def test_codecs_that_break_their_contract(case: CodecContract, test: str, tmp_path: Path) -> None:
    """What does not come back, has a text of its own each time, or is for other classes, is found out."""
    with pytest.raises(AssertionError):
        getattr(case, test)(*[tmp_path] if "class" not in test else [])


class TestObserver(ObserverContract):
    """An observer that keeps its contract."""

    def make_observer(self, site: Site) -> Counting:
        return Counting()


class Counting:
    def __init__(self) -> None:
        self.failed: set[int] = set()

    def __call__(self, event: LoggedEvent) -> None:
        if event.kind == "ended" and event.body["verdict"] == "failed":
            self.failed.add(event.seq)


class Strict(ObserverContract):
    def make_observer(self, site: Site) -> Raising:
        return Raising()


class Raising:
    def __init__(self) -> None:
        self.seen: set[int] = set()

    def __call__(self, event: LoggedEvent) -> None:
        if event.seq in self.seen or event.kind not in {one.kind for one in EVENTS}:
            raise ValueError(event)
        self.seen.add(event.seq)


@pytest.mark.parametrize("test", ["test_it_takes_events_again", "test_it_leaves_alone_what_it_does_not_know"])
def test_observers_that_break_their_contract(test: str, tmp_path: Path) -> None:
    """One that minds repetition, or kinds that it does not know, is found out."""
    with pytest.raises(ValueError, match="LoggedEvent"):
        getattr(Strict(), test)(tmp_path)


@pytest.mark.parametrize(
    ("case", "test", "told"),
    [
        (
            ExecutorContract,
            "test_nothing_to_do",
            r"Mine needs a method make_executor\(self, folder, config\) that returns the executor, .*; for example: "
            r"return MyExecutor\(Site\(folder.root, folder.id\), config\)",
        ),
        (
            StoreContract,
            "test_an_empty_queue_is_taken_over",
            r"Mine needs a method make_store\(self, folder\) that returns a new, empty store",
        ),
        (
            ObserverContract,
            "test_it_takes_events_again",
            r"Mine needs a method make_observer\(self, site\) that returns what is called with each event",
        ),
        (CodecContract, "test_values_come_back", "Mine needs an attribute codec that is the Codec under test"),
    ],
)
def test_what_a_contract_is_not_told(case: type, test: str, told: str, tmp_path: Path) -> None:
    """A test without the method that makes what is tested says which one to write, and what it returns."""
    mine = type("Mine", (case,), {})()
    with pytest.raises(NotImplementedError, match=told):
        getattr(mine, test)(tmp_path)


def test_a_codec_without_values() -> None:
    """It is asked for them."""

    class Mine(CodecContract):
        codec = TestCodec.codec

    with pytest.raises(NotImplementedError, match="Mine needs an attribute values that has values of all classes"):
        Mine().test_there_are_values_of_every_class()


def test_a_store_without_a_second_handle(tmp_path: Path) -> None:
    """It is asked for the method, or to say that there can't be one."""
    with pytest.raises(NotImplementedError, match=r"reopen_store\(self, folder\) .*lasting = False"):
        StoreContract().reopen_store(tmp_path)


def test_how_many_run_at_once() -> None:
    """As many as there are cores, or as the executor says."""

    class Narrow(ExecutorContract):
        at_once = 1

    assert (ExecutorContract().width, Narrow().width) == (2, 1)
