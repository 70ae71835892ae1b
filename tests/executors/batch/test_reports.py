"""What the scheduler says of jobs, and what is reported of attempts because of it."""

from __future__ import annotations

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import DOWN, outcome, told

from perqueue.core.events import Ended
from perqueue.executors.batch.dialect import JobSeen, Phase
from perqueue.runner.records import Claim


def test_an_attempt_that_succeeds(rig: Rig) -> None:
    """Its job id, its start and its end are reported; its end at once, whenever the next look may be."""
    rig.launch(1)
    rig.start(1)
    rig.run(10)
    assert (rig.ids(1), rig.starts(1), rig.ends(1)) == (["1"], [0], [])
    rig.toy.finish(rig.job(1), '{"a":1}')
    looks = rig.commands.number("look")
    rig.run(0.1)
    assert rig.end(1) == ("succeeded", "returned")
    assert rig.ends(1)[0].outcome.data == '{"a":1}'
    assert rig.commands.number("look") == looks
    assert rig.executor._account.tracked == {}


def test_an_outcome_before_the_first_look(rig: Rig) -> None:
    """An attempt that is over before anybody asked about its job has ended; nobody asks about it."""
    rig.launch(1)
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.run(600)
    assert rig.end(1) == ("succeeded", "returned")
    assert rig.commands.number("look") <= 1


def test_an_outcome_that_somebody_else_committed(rig: Rig) -> None:
    """What was moved out of the spool's new files without us is noticed with the next look, and frees its place."""
    rig.launch(1)
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.spool.settle(1, 1)
    rig.run(10)
    assert rig.end(1) == ("succeeded", "returned")
    assert rig.executor._account.tracked == {}


def test_a_torn_outcome(rig: Rig) -> None:
    """It counts as none: the attempt ends as lost, when its job has ended for long enough."""
    rig.launch(1)
    rig.start(1)
    with open(f"{rig.spool.new}/1.1", "w", encoding="utf-8") as file:
        file.write("{")
    rig.toy.end(rig.job(1), "done")
    rig.run(60)
    assert rig.end(1) == ("failed", "lost")


def test_restarts(rig: Rig) -> None:
    """Each start by the scheduler itself is reported once, with its number; the attempt stays the same."""
    rig.launch(1)
    for restart in range(3):
        rig.start(1)
        rig.run(125)
        assert rig.starts(1) == list(range(restart + 1))
        rig.toy.requeue(rig.job(1))
        rig.run(200)
    assert rig.note(1).reason == "BeginTime"
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.run(1)
    assert rig.end(1) == ("succeeded", "returned")


ENDS = {
    "walltime": ("timeout", "walltime"),
    "oom": ("failed", "oom"),
    "node-failure": ("failed", "node-failure"),
    "launch": ("failed", "launch"),
    "cancelled": ("failed", "cancelled"),
    "preempted": ("failed", "preempted"),
    "deadline": ("failed", "deadline"),
    "exit": ("failed", "lost"),
    "done": ("failed", "lost"),
    "": ("failed", "lost"),
}


@pytest.mark.parametrize("reason", ENDS)
def test_ends_without_an_outcome(rig: Rig, reason: str) -> None:
    """The scheduler's reason counts when an outcome is overdue, and not before."""
    rig.launch(1)
    rig.start(1)
    rig.run(10)
    rig.toy.end(rig.job(1), reason)
    rig.run(15)
    assert rig.ends(1) == []
    rig.run(15)
    assert rig.end(1) == ENDS[reason]
    outcome = rig.ends(1)[0].outcome
    assert (outcome.host, outcome.started is not None) == ("node1", True)
    assert rig.folders() == []


@pytest.mark.parametrize("reason", ENDS)
def test_outcomes_win(rig: Rig, reason: str) -> None:
    """Whatever the scheduler says, and however late the outcome is seen: what the task left counts."""
    rig.launch(1)
    rig.start(1)
    rig.toy.end(rig.job(1), reason)
    rig.run(12)
    outcome(rig.spool, 1, 1)
    rig.run(60)
    assert rig.end(1) == ("succeeded", "returned")


@pytest.mark.parametrize("reason", ["exit", "done", ""])
def test_a_job_that_ends_before_the_task_begins(rig: Rig, reason: str) -> None:
    """Without a claim it is a failed launch, which says what was printed."""
    rig.launch(1)
    (folder,) = rig.folders()
    (folder / "output").write_text("module: no such thing\n", encoding="utf-8")
    rig.toy.end(rig.job(1), reason)
    rig.run(40)
    assert rig.end(1) == ("failed", "launch")
    assert "module: no such thing" in rig.ends(1)[0].outcome.message


def test_an_end_that_was_none(rig: Rig) -> None:
    """A job that is put back into the queue after it was said to have ended goes on; history may have said so too."""
    rig.launch(1)
    rig.start(1)
    rig.run(10)
    rig.toy.end(rig.job(1), "node-failure")
    rig.run(10)
    rig.toy.requeue(rig.job(1))
    rig.run(100)
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.run(5)
    assert rig.end(1) == ("succeeded", "returned")


def test_an_end_is_looked_at_twice(rig: Rig) -> None:
    """Even with long intervals, an end without an outcome only counts if a look after it says the same."""
    rig.options = rig.options.__class__("toy", interval=60.0, max_interval=120.0)
    rig.next_owner()
    rig.launch(1)
    rig.start(1)
    rig.toy.end(rig.job(1), "node-failure")
    rig.executor._watch.look_now()
    rig.run(14.5)
    rig.toy.requeue(rig.job(1))
    rig.run(300)
    assert rig.ends(1) == []


def test_an_end_that_nobody_can_confirm(rig: Rig) -> None:
    """While the scheduler can't be asked again, an end without an outcome doesn't count."""
    rig.launch(1)
    rig.start(1)
    rig.toy.end(rig.job(1), "node-failure")
    rig.run(5.5)
    assert rig.note(1).state == "ended"
    rig.toy.down = True
    rig.run(2000)
    assert rig.ends(1) == []
    rig.toy.down = False
    rig.run(200)
    assert rig.end(1) == ("failed", "node-failure")


@pytest.mark.parametrize("jump", [-86400, 86400])
def test_ends_when_the_clock_jumps(rig: Rig, jump: float) -> None:
    """The grace for an outcome is as long as ever, whatever the time of day becomes."""
    rig.launch(1)
    rig.start(1)
    rig.run(6)
    rig.toy.end(rig.job(1), "node-failure")
    rig.run(6)
    assert rig.note(1).state == "ended"
    rig.now += jump
    rig.run(7)
    assert rig.ends(1) == []
    rig.run(30)
    assert rig.end(1) == ("failed", "node-failure")


# duplicates


def seen(job: str, index: int | None, phase: Phase, tag: str, reason: str = "", restarts: int = 0) -> JobSeen:
    return JobSeen(job, tag, index, phase, reason, None, "node1", restarts)


def test_a_job_whose_attempt_is_another_jobs(rig: Rig) -> None:
    """Its end says nothing: the job that has the claim is followed, its id reported, and its end counts."""
    rig.launch(1)
    rig.spool.claim(Claim(rig.spool.queue or "", 1, 1, 9, 0, "", "node7", rig.now, None, None, "77", 0))
    rig.start(1)
    running = seen("77", 0, Phase.RUNNING, "pq-0123456789ab-other")
    rig.commands.instead("look", told(rig.job(1).seen()), *[told(rig.job(1).seen(), running)] * 9)
    rig.run(60)
    assert rig.ends(1) == []
    assert rig.ids(1) == ["1", "77"]
    over = seen("77", 0, Phase.ENDED, "pq-0123456789ab-other", "walltime")
    rig.commands.next["look"].clear()
    rig.commands.instead("look", *[told(rig.job(1).seen(), over)] * 20)
    rig.run(200)
    assert rig.end(1) == ("timeout", "walltime")


def test_a_batch_that_was_submitted_twice(rig: Rig) -> None:
    """Of two jobs with one tag the one that runs counts, then the one that may run."""
    rig.launch(1)
    tag = rig.job(1).tag
    rig.spool.claim(Claim(rig.spool.queue or "", 1, 1, 9, 0, "", "node7", rig.now, None, None, "2", 0))
    over, running = seen("1", 0, Phase.ENDED, tag, "exit"), seen("2", 0, Phase.RUNNING, tag)
    rig.commands.instead("look", *[told(over, running), told(running, over)] * 20)
    rig.run(500)
    assert rig.ends(1) == []
    assert (rig.ids(1), rig.starts(1)) == (["1", "2"], [0])


def test_a_job_that_ends_twice(rig: Rig) -> None:
    """One end is reported, whatever looks tell after it."""
    rig.launch(1, 2)
    rig.start(1, 2)
    rig.toy.end(rig.job(1), "oom")
    rig.run(60)
    rig.job(1).reason = "node-failure"
    rig.run(60)
    assert rig.end(1) == ("failed", "oom")


# arrays


def test_an_array_that_is_pending_as_one(rig: Rig) -> None:
    """Its one row tells of all elements; after it was split, each has its own."""
    rig.launch(1, 2, 3)
    tag = rig.job(1).tag
    whole = JobSeen("1", tag, None, Phase.PENDING, "Priority", 5.0)
    rig.commands.instead("look", *[told(whole)] * 3)
    rig.run(20)
    assert [rig.note(key).reason for key in (1, 2, 3)] == ["Priority"] * 3
    assert [rig.note(key).job for key in (1, 2, 3)] == ["1_0", "1_1", "1_2"]
    running = seen("1_1", 1, Phase.RUNNING, tag)
    rig.commands.next["look"].clear()
    rig.commands.instead("look", *[told(whole, running)] * 100)
    rig.run(60)
    assert [rig.note(key).state for key in (1, 2, 3)] == ["pending", "running", "pending"]
    assert [rig.starts(key) for key in (1, 2, 3)] == [[], [0], []]


def test_an_array_of_which_some_are_over(rig: Rig) -> None:
    """Ends of elements are theirs alone, and the folder stays until the last one."""
    rig.launch(1, 2, 3, 4)
    rig.start(1, 2, 3)
    rig.toy.finish(rig.job(1))
    rig.toy.end(rig.job(2), "oom")
    rig.run(60)
    assert (rig.end(1), rig.end(2)) == (("succeeded", "returned"), ("failed", "oom"))
    assert rig.ends(3) + rig.ends(4) == []
    assert len(rig.folders()) == 1
    rig.toy.finish(rig.job(3))
    rig.start(4)
    rig.toy.finish(rig.job(4))
    rig.run(1)
    assert (rig.end(3), rig.end(4)) == (("succeeded", "returned"),) * 2
    assert rig.folders() == []


def test_an_element_whose_folder_is_gone(rig: Rig) -> None:
    """With nothing but its id, it is found in the row of its array."""
    rig.launch(1, 2)
    tag = rig.job(1).tag
    for folder in rig.folders():
        (folder / "attempts").unlink()
    rig.next_owner()
    whole = JobSeen("1", tag, None, Phase.PENDING, "Priority")
    rig.commands.instead("look", *[told(whole)] * 100)
    rig.run(2000)
    assert rig.ends(1) == []
    assert rig.note(2).reason == "Priority"


def test_another_clusters_ids(rig: Rig) -> None:
    """A job that runs on a cluster with a name is the one of its claim, although that doesn't name it."""
    rig.launch(1, partition="far")
    rig.start(1)
    rig.toy.end(rig.job(1), "exit")
    rig.run(60)
    assert rig.end(1) == ("failed", "lost")
    assert rig.ids(1) == ["1;far"]


def test_down_at_first(rig: Rig) -> None:
    """Limits that can't be asked are taken to be the usual ones."""
    rig.commands.instead("limits", DOWN)
    rig.launch(*range(1, 5))
    assert [words[2] for words in rig.commands.of("submit")] == ["4"]
    assert not [one for one in rig.reports if isinstance(one, Ended)]
