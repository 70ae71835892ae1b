"""What the next owner makes of what a dead one left, wherever it died: each attempt once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import ToyCommands

from perqueue.core.events import Launched
from perqueue.executors.batch.commands import Errand
from perqueue.executors.batch.dialect import Phase
from perqueue.executors.batch.folders import BatchFolders


class Crash(BaseException):
    """The owner's sudden end."""


def crash(*_: object, **__: object) -> Any:
    raise Crash


def dying(send: Callable[[ToyCommands, Errand], None]) -> Callable[[ToyCommands, Errand], None]:
    """Send a command, or die if it is a submission."""

    def wrapped(commands: ToyCommands, errand: Errand) -> None:
        if errand.command.words[0] == "submit":
            raise Crash
        send(commands, errand)

    return wrapped


def done(rig: Rig, *keys: int) -> None:
    """What was found goes to its end; each attempt has run once."""
    rig.run(60)
    for one in [one for one in rig.toy.elements if one.phase is Phase.PENDING]:
        rig.toy.start(one)
    for one in [one for one in rig.toy.elements if one.live]:
        rig.toy.finish(one)
    rig.run(1)
    assert [rig.end(key) for key in keys] == [("succeeded", "returned")] * len(keys)
    assert dict(rig.toy.ran) == {(key, 1): 1 for key in keys}
    assert rig.folders() == []


@pytest.mark.parametrize("size", [1, 3])
def test_before_the_folder(rig: Rig, size: int) -> None:
    """Nothing is there: they are submitted at once."""
    keys = range(1, size + 1)
    rig.given = {task.at: task for task in map(rig.task, keys)}
    rig.next_owner()
    assert rig.commands.number("submit") == 1
    done(rig, *keys)


def test_in_the_middle_of_the_folder(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-made folder is none."""
    with monkeypatch.context() as patched:
        patched.setattr("perqueue.executors.batch.folders.os.rename", crash)
        patched.setattr("perqueue.executors.batch.folders.shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(Crash):
            rig.launch(1, 2)
    rig.next_owner()
    assert rig.commands.number("submit") == 1
    done(rig, 1, 2)


def test_a_folder_that_was_not_submitted(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been, so it is looked for as long as it may arrive; then it is submitted anew from another folder."""
    with monkeypatch.context() as patched:
        patched.setattr(ToyCommands, "send", dying(ToyCommands.send))
        with pytest.raises(Crash):
            rig.launch(1, 2)
    before = rig.folders()
    assert len(before) == 1
    rig.next_owner()
    rig.run(30)
    assert rig.commands.number("submit") == 1
    assert before != rig.folders()
    done(rig, 1, 2)


@pytest.mark.parametrize("seconds", [0, 10])
def test_a_submission_in_flight(rig: Rig, seconds: int) -> None:
    """The command outlives its owner: its job may come while the next one looks, and is not submitted again."""
    rig.commands.instead("submit", crash)
    with pytest.raises(Crash):
        rig.launch(1, 2)
    (words,) = rig.commands.of("submit")
    rig.next_owner()
    rig.run(seconds)
    rig.toy.do(("submit", *words))
    done(rig, 1, 2)


def test_submitted_and_not_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is found by its tag, with the next look, and its id is reported."""
    with monkeypatch.context() as patched:
        patched.setattr(BatchFolders, "taken", crash)
        with pytest.raises(Crash):
            rig.launch(1, 2)
    rig.next_owner()
    rig.run(1)
    assert rig.ids(2) == ["1_1"]
    assert rig.commands.number("submit") == 0
    done(rig, 1, 2)


def test_kept_and_not_recorded(rig: Rig) -> None:
    """The folder has the job's id, and the queue is told of it."""
    rig.launch(1, 2)
    rig.reports = [one for one in rig.reports if not isinstance(one, Launched)]
    rig.next_owner()
    assert rig.ids(2) == ["1_1"]
    assert rig.commands.number("submit") == 0
    done(rig, 1, 2)


def test_recorded_and_the_folder_is_gone(rig: Rig) -> None:
    """The id that the queue has is enough."""
    rig.launch(1, 2)
    rig.start(1, 2)
    for folder in rig.folders():
        BatchFolders(rig.root, "toy").forget(folder.name)
    rig.next_owner()
    assert rig.commands.number("submit") == 0
    done(rig, 1, 2)


def test_what_has_ended(rig: Rig) -> None:
    """An outcome is reported at once, whether it was committed or not; nothing is submitted."""
    rig.launch(1, 2)
    rig.start(1, 2)
    rig.toy.finish(rig.job(1))
    rig.toy.finish(rig.job(2))
    rig.spool.settle(1, 1)
    rig.next_owner()
    assert [rig.end(key) for key in (1, 2)] == [("succeeded", "returned")] * 2
    assert rig.commands.number("submit") == 0


def test_some_elements_are_left(rig: Rig) -> None:
    """Where an array's other elements have ended, its own places are still theirs."""
    rig.launch(1, 2, 3)
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.run(1)
    folder = rig.folders()[0]
    (folder / "job").unlink()
    rig.reports = [one for one in rig.reports if not isinstance(one, Launched)]
    rig.next_owner()
    rig.run(2)
    assert [rig.ids(key) for key in (2, 3)] == [["1_1"], ["1_2"]]
    rig.start(2, 3)
    done(rig, 1, 2, 3)


def test_in_two_batches(rig: Rig) -> None:
    """Where an attempt was submitted again, the batch with a job counts, whatever was touched last."""
    rig.launch(1)
    (folder,) = rig.folders()
    for name in ("000000", "777777", "bbbbbb", "ffffff"):  # whatever order they are found in
        other = folder.with_name(f"{folder.name[:-6]}{name}")
        other.mkdir()
        (other / "attempts").write_text("1.1\n", encoding="utf-8")
    rig.reports.clear()
    rig.next_owner()
    assert rig.ids(1) == ["1"]
    rig.run(100)
    assert rig.commands.number("submit") == 0


def test_many_owners(rig: Rig) -> None:
    """However often owners change, nothing is submitted again."""
    rig.launch(*range(1, 20))
    for _ in range(10):
        rig.next_owner()
        rig.run(3)
        assert rig.commands.number("submit") == 0
    done(rig, *range(1, 20))
