"""Attempts that are to be stopped, wherever they are on their way."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import LOST

from perqueue.executors.batch.dialect import Answer


def test_a_pending_job(rig: Rig) -> None:
    """It is cancelled, and ends for the reason that it was stopped for."""
    rig.launch(1, 2)
    rig.stop(1, why="removed")
    assert rig.commands.of("cancel") == [("1_0",)]
    rig.run(60)
    assert rig.end(1) == ("failed", "removed")
    assert rig.ends(2) == []


def test_a_running_job(rig: Rig) -> None:
    """It is cancelled; what it says of its end counts."""
    rig.launch(1)
    rig.start(1)
    rig.commands.instead("cancel", lambda words: rig.toy.finish(rig.job(1)) or Answer(0, "", ""))  # type: ignore[func-returns-value]
    rig.stop(1)
    rig.run(1)
    assert rig.end(1) == ("succeeded", "returned")


def test_many(rig: Rig) -> None:
    """They are cancelled by few commands."""
    rig.launch(*range(1, 1001))
    rig.launch(*range(1001, 1501))
    rig.stop(*range(1, 1501))
    assert [len(words) for words in rig.commands.of("cancel")] == [1000, 500]


def test_what_is_held_back(rig: Rig) -> None:
    """It ends at once, and is never submitted."""
    rig.toy.limit = 0
    rig.launch(1)
    rig.stop(1)
    assert rig.end(1) == ("failed", "cancelled")
    rig.toy.limit = None
    rig.run(1000)
    assert rig.commands.number("submit") == 1


@pytest.mark.parametrize("answer", ["taken", "refused", "lost", "lost and taken"])
def test_what_is_being_sent(tmp_path: Path, answer: str) -> None:
    """It ends as soon as it is clear that there is no job; a job is cancelled."""
    rig = Rig(tmp_path, max_array=1000)
    if answer == "refused":
        rig.toy.limit = 0
    elif answer == "lost":
        rig.commands.instead("submit", LOST)
    elif answer == "lost and taken":
        rig.commands.instead("submit", lambda words: (rig.toy.do(words), LOST)[1])
    rig.commands.stalled = True
    rig.launch(1, 2)
    rig.stop(1)
    assert rig.ends(1) == []
    rig.commands.stalled = False
    rig.toy.limit = None
    rig.settle()
    assert rig.commands.of("cancel") == ([("1_0",)] if "taken" in answer else [])
    rig.run(60)
    assert rig.end(1) == ("failed", "cancelled")
    assert rig.ends(2) == []
    assert [rig.toy.at(one) for one in rig.toy.elements if one.live] == [(2, 1)]


def test_what_nobody_knows(rig: Rig) -> None:
    """It has ended."""
    rig.stop(1)
    assert rig.end(1) == ("failed", "cancelled")


def test_what_has_ended(rig: Rig) -> None:
    """Its end is reported again."""
    rig.launch(1)
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.run(1)
    rig.stop(1)
    assert [one.outcome.verdict.value for one in rig.ends(1)] == ["succeeded", "succeeded"]


def test_stopping_again(rig: Rig) -> None:
    """It is cancelled again when asked to, and every minute while it runs on."""
    rig.launch(1)
    rig.start(1)
    rig.commands.instead("cancel", *[Answer(1, "", "the controller is down")] * 3)
    rig.stop(1)
    rig.stop(1)
    assert rig.commands.number("cancel") == 2
    rig.run(300)
    assert rig.commands.number("cancel") == 4
    assert rig.end(1) == ("failed", "cancelled")


@pytest.mark.parametrize("state", ["kept", "submitted", "not submitted"])
def test_what_an_earlier_owner_left(rig: Rig, state: str) -> None:
    """An attempt that isn't recovered, because nobody wants it any more, is found in its folder, and ends."""
    rig.launch(1, 2)
    if state != "kept":
        (rig.folders()[0] / "job").unlink()
    if state == "not submitted":
        rig.toy.elements.clear()
    rig.reports.clear()
    rig.next_owner(2)
    rig.stop(1)
    rig.run(100)
    assert rig.end(1) == ("failed", "cancelled")
    assert rig.ends(2) == []
    assert [rig.toy.at(one) for one in rig.toy.elements if one.live] == [(2, 1)]


def test_what_an_earlier_owner_left_with_others_that_end_first(rig: Rig) -> None:
    """The folder stays for an attempt that nobody has asked for so far."""
    rig.launch(1, 2)
    rig.reports.clear()
    rig.next_owner(2)
    rig.start(2)
    rig.toy.finish(rig.job(2))
    rig.run(1)
    assert rig.end(2) == ("succeeded", "returned")
    rig.stop(1)
    rig.run(60)
    assert rig.end(1) == ("failed", "cancelled")
    assert not any(one.live for one in rig.toy.elements)


def test_a_cancelled_job_that_is_forgotten_at_once(rig: Rig) -> None:
    """Where the scheduler tells nothing of jobs that are over, a cancelled one counts as gone after a minute."""
    rig.toy.history = False
    rig.launch(1)
    rig.stop(1)
    rig.toy.purge()
    rig.run(100)
    assert rig.end(1) == ("failed", "cancelled")
