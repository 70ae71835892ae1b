"""Jobs that the scheduler doesn't tell of: missing for long enough, or only not to be asked about."""

from __future__ import annotations

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import told


def test_a_job_that_vanishes(rig: Rig) -> None:
    """Missing without a break for as long as configured, it counts as vanished."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(100)
    rig.toy.elements.clear()
    rig.run(290)
    assert rig.ends(1) == []
    assert rig.note(1).state == "missing"
    rig.run(300)
    assert rig.end(1) == ("failed", "vanished")


@pytest.mark.parametrize("what", ["reappears", "down"])
def test_absence_must_be_continuous(rig: Rig, what: str) -> None:
    """A look that shows the job, or that can't be had, starts the time anew, for this owner and for the next."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    for _ in range(5):
        rig.job(1).hidden = True
        rig.run(250)
        assert rig.note(1).since is not None
        if what == "reappears":
            rig.job(1).hidden = False
        else:
            rig.toy.down = True
        rig.run(130)
        assert rig.note(1).since is None
        rig.toy.down = False
    rig.job(1).hidden = True
    rig.next_owner()
    rig.run(200)
    assert rig.ends(1) == []
    rig.run(400)
    assert rig.end(1) == ("failed", "vanished")


def test_the_next_owner_goes_on_counting_absence(rig: Rig) -> None:
    """What was missing for the last owners has been so since they said, if more than one look of this one says so."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(20)
    since = rig.note(1).since
    for _ in range(2):
        rig.next_owner()
        rig.run(80)
        assert rig.note(1).since == since
    rig.next_owner()
    rig.now += 1000
    rig.poll()
    assert rig.ends(1) == [], "one look is not enough"
    rig.run(130)
    assert rig.end(1) == ("failed", "vanished")


def test_an_incomplete_look(rig: Rig) -> None:
    """What it leaves out is not missing."""
    rig.launch(1)
    rig.commands.instead("look", *[told(complete=False)] * 1000)
    rig.run(2000)
    assert rig.ends(1) == []
    assert rig.note(1).state == "pending"


def test_a_scheduler_that_is_down(rig: Rig) -> None:
    """However long it can't be asked, nothing changes but the notes; outcomes are heard."""
    rig.launch(1, 2)
    rig.start(1, 2)
    rig.run(10)
    rig.toy.down = True
    rig.run(5000)
    assert rig.ends(1) == []
    assert rig.notes.trouble == "the controller is down"
    rig.toy.finish(rig.job(1))
    rig.run(1)
    assert rig.end(1) == ("succeeded", "returned")
    rig.toy.down = False
    rig.run(200)
    assert (rig.ends(2), rig.notes.trouble) == ([], "")


def test_history_tells_of_what_was_purged(rig: Rig) -> None:
    """Where the scheduler keeps accounts, their reason counts for jobs that are no longer in the queue."""
    rig.launch(1)
    rig.start(1)
    rig.run(10)
    rig.toy.end(rig.job(1), "oom")
    gone = rig.toy.elements.copy()
    rig.commands.instead("look", *[told()] * 1000)
    rig.toy.elements = []
    rig.run(10)
    rig.toy.elements = gone
    rig.run(60)
    assert rig.end(1) == ("failed", "oom")
