"""How often the scheduler is asked, for what, and what is written down of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import told

from perqueue.core.events import Started
from perqueue.executors.batch.dialect import JobSeen, Phase
from perqueue.executors.notes import Note
from perqueue.runner.spool import Spool


@pytest.mark.parametrize("number", [1, 10, 1000])
def test_looks_dont_depend_on_the_number_of_jobs(rig: Rig, number: int) -> None:
    """However many jobs there are, it is the same few commands."""
    rig.launch(*range(1, number + 1))
    rig.run(600)
    assert rig.commands.number("submit") == 1
    assert rig.commands.number("look") == 11
    assert rig.commands.number("history") + rig.commands.number("cancel") == 0


def test_intervals_grow_while_nothing_changes(rig: Rig) -> None:
    """By half each time, up to the longest; a change brings the first one back."""
    rig.launch(1, 2)
    rig.run(1000)
    times = rig.commands.times("look")
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert gaps[:3] == pytest.approx([5, 7.5, 11.25], abs=0.1)
    assert gaps[-1] == pytest.approx(120, abs=0.1)
    rig.start(1)
    rig.run(140)
    assert rig.starts(1) == [0]
    seen = next(one.at for one in rig.reports if isinstance(one, Started))
    assert next(at - seen for at in rig.commands.times("look") if at > seen) == pytest.approx(5, abs=0.1)
    rig.run(1000)
    rig.toy.finish(rig.job(1))
    rig.run(6)
    assert rig.now - rig.commands.times("look")[-1] <= 6, "an outcome is a change too"


def test_reasons_of_waiting_are_no_change(rig: Rig) -> None:
    """They flap, and mean nothing for how soon a job may start."""
    rig.launch(1)
    for number in range(400):
        rig.job(1).reason = ("Priority", "Resources")[number % 2]
        rig.run(5)
    assert rig.commands.times("look")[-1] - rig.commands.times("look")[-2] == pytest.approx(120, abs=0.1)


def test_nothing_to_ask_about(rig: Rig) -> None:
    """Nothing is asked while nothing is with the scheduler."""
    rig.run(1000)
    rig.toy.limit = 0
    rig.launch(1)
    rig.run(1000)
    assert rig.commands.number("look") == 0
    assert rig.executor.patience() > 1


def test_one_look_at_a_time(rig: Rig) -> None:
    """While one is under way, none is asked for."""
    rig.launch(1)
    rig.commands.stalled = True
    rig.run(200)
    assert rig.commands.number("look") == 2, "the first was answered"


def test_a_clock_that_is_put_back(rig: Rig) -> None:
    """Looks and submissions go on."""
    rig.launch(1)
    rig.run(10)
    rig.toy.limit = 0
    rig.launch(2)
    looks, tries = rig.commands.number("look"), rig.commands.number("submit")
    rig.now -= 100_000
    rig.run(10)
    assert rig.commands.number("look") > looks
    assert rig.commands.number("submit") > tries


def test_history_is_asked_for_what_is_missing(rig: Rig) -> None:
    """And for nothing else: not for what is there, nor for what is known to have ended."""
    rig.launch(1, 2, 3)
    rig.run(1)
    rig.toy.end(rig.job(2), "oom")
    rig.job(3).hidden = True
    rig.run(20)
    assert {words[1:] for words in rig.commands.of("history")} == {("1_2",)}


def test_history_is_asked_for_all_in_turn(rig: Rig) -> None:
    """At most a thousand ids at once, those that were asked about longest ago first."""
    rig.options = rig.options.__class__("toy", max_jobs=10_000)
    rig.executor = rig.open()
    rig.launch(*range(1, 1001))
    rig.launch(*range(1001, 1501))
    for one in rig.toy.elements:
        one.hidden = True
    rig.run(20)
    first, second, *_ = (words[1:] for words in rig.commands.of("history"))
    assert (len(first), len(second)) == (1000, 1000)
    assert len({*first, *second}) == 1500


def test_a_site_without_history(rig: Rig) -> None:
    """It is asked ever more rarely, once in an hour at last, and with one command each time."""
    rig.toy.history = False
    rig.launch(1, 2, 3)
    for _ in range(200):
        for key in (1, 2, 3):
            rig.job(key).hidden = True
        rig.run(240)
        for key in (1, 2, 3):
            rig.job(key).hidden = False
        rig.run(150)
    times = rig.commands.times("history")
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert pauses[0] >= 30
    assert all(pause >= min(3600, 30 * 2**number) for number, pause in enumerate(pauses))
    assert max(pauses) <= 3600 + 400


def test_history_that_is_gone_for_a_moment(rig: Rig) -> None:
    """What asks for it may be on a file system that comes back: it is asked again, in time for the reason of an end."""
    rig.launch(1)
    rig.start(1)
    rig.run(10)
    rig.toy.history = False
    rig.toy.end(rig.job(1), "oom")
    rig.job(1).hidden = True
    rig.run(20)
    assert rig.commands.number("history") == 1
    rig.toy.history = True
    rig.run(100)
    assert rig.end(1) == ("failed", "oom")
    assert rig.commands.number("history") == 2


def test_notes(rig: Rig) -> None:
    """They say of each attempt what its job does and why, when it may start, and when it was looked at."""
    rig.launch(1, 2)
    tag = rig.job(1).tag
    rows = (
        JobSeen("1_0", tag, 0, Phase.PENDING, "Priority", 1_000_500.0),
        JobSeen("1_1", tag, 1, Phase.RUNNING, "", None, "node3"),
    )
    rig.commands.instead("look", *[told(*rows)] * 20)
    rig.run(6)
    rig.toy.limit = 0
    rig.launch(3)
    assert rig.notes.jobs == {
        "1.1": Note("1_0", "pending", "Priority", 1_000_500.0),
        "2.1": Note("1_1", "running"),
        "3.1": Note("", "held back", "too many jobs"),
    }
    assert (rig.notes.looked, rig.notes.interval) == (rig.commands.times("look")[-1], 5.0)


def test_the_next_owner_looks_when_it_is_time_to(rig: Rig) -> None:
    """Owners that come and go, such as ticks of jobs, look no more often than one that stays."""
    rig.launch(1)
    rig.run(6)
    looked = rig.notes.looked
    looks = 0
    for _ in range(4):
        rig.executor.close()
        rig.next_owner()
        rig.run(1)
        looks += rig.commands.number("look")
    assert (looks, rig.notes.looked) == (0, looked)
    rig.run(5)
    assert rig.commands.number("look") == 1


def test_polls_are_cheap(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand polls in a second read the spool some twenty times, and touch no attempt; so do rooms and waits."""
    rig.launch(*range(1, 501))
    rig.launch(*range(501, 504), partition="big")
    rig.run(6)
    read: list[float] = []
    real = Spool.list_new
    monkeypatch.setattr(Spool, "list_new", lambda self: read.append(rig.now) or real(self))  # type: ignore[func-returns-value]
    account = rig.executor._account
    account.tracked = Untouched(account.tracked)
    account.submitted = Untouched(account.submitted)
    rig.commands.log.clear()
    for _ in range(1000):
        rig.sleep(0.001)
        rig.executor.poll()
        assert (rig.executor.room("default") > 0, rig.executor.room("big")) == (True, 0)
        rig.executor.patience()
    assert len(read) <= 21
    assert rig.commands.log == []


class Untouched(dict):  # type: ignore[type-arg]  # of whatever is in it
    """A dict that must not be gone through."""

    def __iter__(self) -> object:  # type: ignore[override]
        raise AssertionError("all attempts are gone through")

    values = items = keys = __iter__  # type: ignore[assignment]


def test_nothing_is_kept_of_what_is_over(rig: Rig) -> None:
    """After a thousand attempts in many batches, no folder, no note and no account is left."""
    for key in range(1, 200):
        rig.launch(key)
        rig.start(key)
        rig.toy.finish(rig.job(key))
        rig.run(0.1)
    rig.executor.close()
    assert (rig.folders(), rig.notes.jobs) == ([], {})
    account = rig.executor._account
    assert (account.tracked, account.submitted, sum(account._batches.values())) == ({}, {}, 0)
    assert list(Path(rig.root, "scheduler").glob(".*")) == []


def test_what_is_heard_while_letting_go_is_found_by_the_next_owner(rig: Rig) -> None:
    """Nobody asks for reports any more then, so no end is decided, and nothing of the job is forgotten."""
    rig.launch(1)
    rig.start(1)
    rig.run(6)
    rig.toy.end(rig.job(1), "node-failure")
    rig.run(6)
    rig.commands.stalled = True
    rig.run(60)
    assert rig.ends(1) == []
    rig.commands.stalled = False
    rig.executor.close()
    assert len(rig.folders()) == 1
    rig.next_owner()
    rig.run(60)
    assert rig.end(1) == ("failed", "node-failure")
