"""Jobs that the scheduler doesn't tell of: missing for long enough, or only not to be asked about."""

from __future__ import annotations

import json
from pathlib import Path

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
        assert rig.note(1).absent is not None
        if what == "reappears":
            rig.job(1).hidden = False
        else:
            rig.toy.down = True
        rig.run(130)
        assert rig.note(1).absent is None
        rig.toy.down = False
    rig.job(1).hidden = True
    rig.next_owner()
    rig.run(200)
    assert rig.ends(1) == []
    rig.run(400)
    assert rig.end(1) == ("failed", "vanished")


def test_the_next_owner_goes_on_counting_absence(rig: Rig) -> None:
    """What was missing for the last owners goes on being so, if more than one look of this one says so."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(20)
    absent = rig.note(1).absent
    assert absent is not None
    for _ in range(2):
        rig.next_owner()
        rig.run(80)
        told = rig.note(1).absent
        assert told is not None
        assert absent < told <= absent + 100
        absent = told
    rig.next_owner()
    rig.sleep(1000)
    rig.poll()
    assert rig.ends(1) == [], "one look is not enough"
    rig.run(130)
    assert rig.end(1) == ("failed", "vanished")


def test_a_day_without_an_owner(rig: Rig) -> None:
    """A time in which nobody looked counts as no more than the longest one between two looks."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(8)
    assert rig.note(1).state == "missing"
    rig.executor.close()
    rig.sleep(86400)
    rig.next_owner()
    rig.run(60)
    assert rig.commands.number("look") > 2
    assert rig.ends(1) == []
    rig.job(1).hidden = False
    rig.run(500)
    assert rig.ends(1) == []


def test_a_process_that_was_stopped(rig: Rig) -> None:
    """An hour in which this process didn't run is none in which a job was missing."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(8)
    rig.sleep(3600)
    rig.run(60)
    assert rig.ends(1) == []
    rig.job(1).hidden = False
    rig.run(500)
    assert rig.ends(1) == []


@pytest.mark.parametrize("jump", [-86400, -60, 3600, 86400])
@pytest.mark.parametrize("changes", [False, True])
def test_a_clock_that_jumps(rig: Rig, jump: float, changes: bool) -> None:
    """It makes absence neither longer nor shorter, whether the owner stays or changes."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(30)
    rig.now += jump
    if changes:
        rig.next_owner()
    rig.run(100)
    assert rig.ends(1) == []
    rig.run(400)
    assert rig.end(1) == ("failed", "vanished")


def test_notes_of_an_earlier_version(rig: Rig) -> None:
    """They say since when a job has been missing; up to their last look that was seen."""
    rig.toy.history = False
    rig.launch(1)
    rig.run(6)
    rig.job(1).hidden = True
    rig.run(8)
    rig.executor.close()
    path = Path(rig.root, "scheduler", "toy.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    job = told["jobs"]["1.1"]
    del job["absent"]
    job["since"] = told["looked"] - 290
    path.write_text(json.dumps(told), encoding="utf-8")
    assert rig.notes.absences() == {"1.1": 290}
    rig.next_owner()
    rig.run(30)
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
