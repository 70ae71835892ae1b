"""An executor that breaks: kept to itself, opened again, and given what it had."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tests.executors.batch.conftest import Rig as BatchRig
from tests.executors.batch.toy import ToyCommands

from perqueue.config import Config, Partition
from perqueue.core.errors import UsageError
from perqueue.core.events import Ended, Launched, Started
from perqueue.core.records import Context, Outcome, PendingStop, Verdict
from perqueue.engine.folder import create_folder
from perqueue.engine.opening import open_executors
from perqueue.engine.troubles import read_troubles
from perqueue.executors.guarded import Guarded
from perqueue.executors.protocol import Assignment, Executor, ExecutorPlugin, Report, Site
from perqueue.plugins import manager
from perqueue.runner.job import Job

METHODS = ("room", "launch", "recover", "stop", "poll", "descriptors", "patience", "saturated")


class Silent(Exception):
    """An error that can't be described."""

    def __str__(self) -> str:
        raise RuntimeError("there is nothing to say")


class Unseen:
    """A value that can't be described."""

    def __repr__(self) -> str:
        raise RuntimeError("there is nothing to see")


async def soon() -> int:
    """Gives a coroutine when it is called."""
    return 5


class Fragile:
    """An executor that notes what it is asked, and raises in the methods that are named."""

    name = "fragile"

    def __init__(self) -> None:
        self.bad: set[str] = set()
        self.asked: list[tuple[str, list[tuple[int, int]]]] = []
        self.reports: list[Report] = []
        self.answers: dict[str, Callable[[], Any]] = {}

    def _note(self, what: str, about: Sequence[Assignment | PendingStop] = ()) -> None:
        if what in self.bad:
            raise RuntimeError(f"{what} broke")
        self.asked.append((what, [(a.job.key, a.job.attempt) if isinstance(a, Assignment) else (a.key, a.attempt)
                                  for a in about]))  # fmt: skip

    def _answer(self, what: str, right: object, about: Sequence[Assignment | PendingStop] = ()) -> Any:
        self._note(what, about)
        return self.answers[what]() if what in self.answers else right

    def room(self, partition: str = "") -> Any:
        return self._answer("room", 5)

    def launch(self, assignments: Sequence[Assignment]) -> Any:
        return self._answer("launch", None, assignments)

    def recover(self, assignments: Sequence[Assignment]) -> Any:
        return self._answer("recover", None, assignments)

    def stop(self, stops: Sequence[PendingStop]) -> Any:
        return self._answer("stop", None, stops)

    def poll(self) -> Any:
        self._note("poll")
        if "poll" in self.answers:
            return self.answers["poll"]()
        found, self.reports = self.reports, []
        return found

    def descriptors(self) -> Any:
        return self._answer("descriptors", [1])

    def patience(self) -> Any:
        return self._answer("patience", 9.0)

    def saturated(self) -> Any:
        return self._answer("saturated", True)

    def close(self) -> Any:
        return self._answer("close", None)


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
        [1],
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


@pytest.mark.parametrize("what", METHODS)
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


ERRORS = [
    (RuntimeError("no luck"), "RuntimeError: no luck"),
    (SystemExit(3), "SystemExit: 3"),
    (asyncio.CancelledError("over"), "CancelledError: over"),
    (GeneratorExit("over"), "GeneratorExit: over"),
    (Silent(), "Silent: (its message can't be told: making it raised RuntimeError)"),
    (RuntimeError("\udcff"), "RuntimeError: \\udcff"),
]


@pytest.mark.parametrize(("error", "why"), ERRORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("what", [*METHODS, "open", "close"])
def test_whatever_it_raises(what: str, error: BaseException, why: str) -> None:
    """No exception of an executor gets out, of whatever class it is, and each is told."""
    rig = Rig(error if what == "open" else None)
    guarded = rig.guarded

    def refuse() -> None:
        raise error

    rig.inner.answers = {what: refuse}
    ask(guarded)
    assert rig.told[-1] == ("" if what == "close" else why)
    rig.error = None
    rig.inner.answers.clear()
    rig.now += 1.0
    guarded.poll()
    assert guarded.room() == (0 if what == "close" else 5)


def ask(guarded: Guarded) -> None:
    """Everything once."""
    guarded.poll()
    guarded.room()
    guarded.launch([assignment(1)])
    guarded.recover([assignment(2)])
    guarded.stop([stop(1)])
    guarded.descriptors()
    guarded.patience()
    guarded.saturated()
    if not guarded._again:
        guarded.close()
        guarded._again = math.inf


@pytest.mark.parametrize("what", METHODS)
def test_an_interrupt_is_no_failure(what: str) -> None:
    """Somebody at the terminal who wants an end gets it."""
    rig = Rig()

    def interrupt() -> None:
        raise KeyboardInterrupt

    rig.inner.answers = {what: interrupt}
    with pytest.raises(KeyboardInterrupt):
        ask(rig.guarded)
    assert rig.told == [""]


def yields(*values: object, error: BaseException | None = None) -> Callable[[], Iterator[object]]:
    """A generator of these, which then raises."""

    def generate() -> Iterator[object]:
        yield from values
        if error is not None:
            raise error

    return generate


def told_of(**fields: Any) -> Callable[[], list[Report]]:
    """A report of an end with something else in its outcome."""
    return lambda: [evolve(ended(1), outcome=evolve(ended(1).outcome, **fields))]


WRONG: list[tuple[str, Callable[[], object], str]] = [
    ("room", lambda: None, "WrongAnswerError: room() gave None, where a whole number was expected"),
    ("room", lambda: 1.5, "room() gave 1.5"),
    ("room", lambda: math.inf, "room() gave inf"),
    ("room", soon, "room() gave <coroutine"),
    ("room", Unseen, "room() gave <Unseen>"),
    ("patience", lambda: None, "patience() gave None, where a number of seconds was expected"),
    ("patience", lambda: math.nan, "patience() gave nan"),
    ("patience", lambda: "1", "patience() gave '1'"),
    ("descriptors", lambda: None, "descriptors() gave None, where a list of open file descriptors was expected"),
    ("descriptors", lambda: ["1"], "descriptors() gave ['1']"),
    ("descriptors", lambda: [-1], "descriptors() gave [-1]"),
    ("descriptors", lambda: [10**30], "descriptors() gave [1000"),
    ("descriptors", lambda: [987_654], "descriptors() gave [987654]"),
    ("launch", soon, "launch() gave <coroutine"),
    ("launch", yields(), "launch() gave <generator"),
    ("recover", soon, "where a plain method, no generator or coroutine, was expected"),
    ("stop", yields(), "stop() gave <generator"),
    ("poll", lambda: None, "poll() gave None, where an iterable of Launched, Started and Ended was expected"),
    ("poll", soon, "poll() gave <coroutine"),
    ("poll", lambda: 7, "poll() gave 7"),
    ("poll", lambda: "ab", "poll() gave 'a', where a Launched, Started or Ended was expected"),
    ("poll", lambda: [None], "poll() gave None, where a Launched, Started or Ended was expected"),
    ("poll", yields(error=KeyError("gone")), "KeyError: 'gone'"),
    ("poll", lambda: [Ended(1.0, "1", 1, ended(1).outcome)], "poll(): Ended.key gave '1', where a whole number from 0"),  # type: ignore[arg-type]
    ("poll", lambda: [evolve(ended(1), key=10**30)], "poll(): Ended.key gave 1000"),
    ("poll", lambda: [evolve(ended(1), at=math.nan)], "poll(): Ended.at gave nan, where a time in seconds"),
    ("poll", lambda: [Ended(1.0, 1, 1, None)], "poll(): Ended.outcome gave None, where an Outcome"),  # type: ignore[arg-type]
    ("poll", told_of(verdict="succeeded"), "poll(): Ended(...).outcome.verdict gave 'succeeded', where a Verdict"),
    ("poll", told_of(reason=None), "poll(): Ended(...).outcome.reason gave None, where a text"),
    ("poll", told_of(data="{"), "poll(): Ended(...).outcome.data gave '{', where a JSON object as text, or None,"),
    ("poll", told_of(data="[]"), "poll(): Ended(...).outcome.data gave '[]'"),
    ("poll", told_of(data={}), "poll(): Ended(...).outcome.data gave {}"),
    ("poll", told_of(cpu_s="1"), "poll(): Ended(...).outcome.cpu_s gave '1', where a time in seconds, or None,"),
    ("poll", told_of(pid=1.0), "poll(): Ended(...).outcome.pid gave 1.0, where a whole number from 0, or None,"),
    ("poll", lambda: [Launched(1.0, 1, 1, 12)], "poll(): Launched.job gave 12, where a text"),  # type: ignore[arg-type]
    ("poll", lambda: [Started(1.0, 1, 1, "n", 1, None)], "Started.restart gave None"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("what", "answer", "why"), WRONG, ids=[f"{what}-{why[-30:]}" for what, _, why in WRONG])
def test_a_wrong_answer(what: str, answer: Callable[[], object], why: str) -> None:
    """An answer that is none is a failure of the executor: told with what was expected, and the queue sees nothing."""
    rig = Rig()
    rig.inner.answers = {what: answer}
    guarded = rig.guarded
    guarded.launch([assignment(1)])
    guarded.recover([assignment(2)])
    guarded.stop([stop(2)])
    assert guarded.poll() == []
    assert guarded.room() == 0 or what in ("descriptors", "patience")
    assert guarded.descriptors() == [] or what == "patience"
    assert guarded.patience() >= 0.1
    assert why in rig.told[-1]
    assert rig.asked("close")
    rig.inner.asked.clear()
    rig.inner.answers.clear()
    rig.now += 1.0
    guarded.poll()
    assert rig.asked("recover", "stop") == [("recover", [(1, 1), (2, 1)]), ("stop", [(2, 1)])]
    assert rig.told[-1] == ""


@pytest.mark.parametrize(
    ("what", "answer", "taken"),
    [("room", -3, 0), ("room", True, 1), ("room", 10**30, (1 << 63) - 1), ("patience", -0.5, 0.001),
     ("patience", math.inf, 3600.0), ("patience", 2, 2.0), ("saturated", 1, True), ("saturated", None, False),
     ("descriptors", (1,), [1]), ("launch", 7, None), ("close", 7, None)],
)  # fmt: skip
def test_an_answer_that_will_do(what: str, answer: object, taken: object) -> None:
    """What is clear is taken for what it means."""
    rig = Rig()
    rig.inner.answers = {what: lambda: answer}
    given = ([assignment(1)],) if what == "launch" else ()
    assert getattr(rig.guarded, what)(*given) == taken
    assert rig.told == [""]


@pytest.mark.parametrize("inner", [None, 7, Unseen(), (1, 2)], ids=lambda one: type(one).__name__)
def test_opening_something_else(inner: object) -> None:
    """What is no executor is not taken for one, and opening it is tried again."""
    opened, told = [inner], list[str]()

    def open_it() -> Any:
        return opened.pop() if opened else Fragile()

    guarded = Guarded("fragile", open_it, told.append, lambda: 100.0)
    assert guarded.room() == 0
    assert "where an executor with room(), launch()" in told[0]
    guarded._again = 0.0
    guarded.poll()
    assert guarded.room() == 5


def test_reports_that_are_generated() -> None:
    """A poll that is a generator is heard to its end, by the guard and by who asks it."""
    rig = Rig()
    rig.inner.answers = {"poll": yields(ended(1), ended(2))}
    assert rig.guarded.poll() == [ended(1), ended(2)]


@pytest.mark.parametrize("rest", [yields(ended(1), error=KeyError("x")), yields(ended(1), "no report", ended(2))])
def test_reports_before_it_broke(rest: Callable[[], object]) -> None:
    """What was told along with something wrong counts: whoever told it may not tell it again."""
    rig = Rig()
    guarded = rig.guarded
    guarded.launch([assignment(1), assignment(2), assignment(3)])
    rig.inner.answers = {"poll": rest}
    found = guarded.poll()
    assert ended(1) in found
    rig.inner.answers.clear()
    rig.now += 1.0
    guarded.poll()
    left = [at for at in ((1, 1), (2, 1), (3, 1)) if ended(at[0]) not in found]
    assert rig.asked("recover") == [("recover", left)]


@pytest.mark.parametrize("what", ["room", "saturated"])
def test_reports_that_were_gathered_when_it_broke(what: str) -> None:
    """They are asked for before it is closed, told at the next poll, and what has ended is not given to it again."""
    rig = Rig()
    guarded = rig.guarded
    guarded.launch([assignment(1), assignment(2)])
    rig.inner.reports = [Launched(1.0, 2, 1, "17"), ended(1)]
    rig.inner.bad = {what}
    getattr(guarded, what)()
    rig.inner.bad.clear()
    rig.now += 1.0
    given: list[Assignment] = []
    rig.inner.recover = given.extend  # type: ignore[method-assign, assignment]
    assert guarded.poll() == [Launched(1.0, 2, 1, "17"), ended(1)]
    assert [(one.at, one.job_id) for one in given] == [((2, 1), "17")]
    assert guarded.poll() == []


def test_an_end_that_only_the_executor_knew_of(tmp_path: Path) -> None:
    """A batch executor that breaks after it learned of a node's failure: that end counts, and nothing runs again."""
    rig, told = BatchRig(tmp_path), list[str]()
    executors = [rig.executor]

    def open_it() -> Executor:
        if not executors:
            rig.commands = ToyCommands(rig.toy)
            executors.append(rig.open())
        return executors[0]

    guarded = Guarded("toy", open_it, told.append, lambda: rig.now)
    rig.executor = guarded  # type: ignore[assignment]
    rig.launch(1)
    rig.start(1)
    rig.run(10)
    rig.toy.end(rig.job(1), "node-failure")
    rig.run(12)
    rig.sleep(20)
    guarded.stop([])  # it hears of its look, and has nobody to tell
    (broken,) = executors
    assert [type(one) for one in broken._account.reports] == [Ended]
    executors.clear()
    broken.room = lambda partition="": 1 // 0  # type: ignore[method-assign]
    guarded.room()
    rig.toy.purge()
    rig.run(1000)
    assert rig.end(1) == ("failed", "node-failure")
    assert rig.toy.number == 1


def test_one_that_breaks_again_and_again() -> None:
    """One that opens and then breaks is tried more and more rarely too, until it has worked for a minute."""
    rig = Rig()
    rig.inner.bad = {"room"}
    tries = []
    for second in range(400):
        rig.now += 1.0
        before = rig.opened
        rig.guarded.poll()
        rig.guarded.room()
        if rig.opened > before:
            tries.append(second)
    assert [later - sooner for sooner, later in pairwise(tries)] == [2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    rig.inner.bad.clear()
    for _ in range(130):
        rig.now += 1.0
        rig.guarded.poll()
    rig.inner.bad = {"room"}
    rig.guarded.room()
    before = rig.opened
    rig.now += 1.0
    rig.guarded.poll()
    assert rig.opened == before + 1


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
