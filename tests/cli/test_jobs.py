"""What listings tell of jobs that are with a scheduler."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from attrs import evolve
from tests.cli.program import Pq

from perqueue import Resources, Retry
from perqueue.codec import no_blobs
from perqueue.config import Config, Partition
from perqueue.core.events import Admitted, Edited, Ended, Launched, Resubmitted, Started
from perqueue.core.planner import plan
from perqueue.core.records import Context, Outcome, Verdict
from perqueue.core.task import Task
from perqueue.engine import requests
from perqueue.engine.folder import create_folder, open_folder
from perqueue.executors.notes import Note, Notes, all_notes, read_notes, write_notes

_CONFIG = Config(partitions={"big": Partition("big", "slurm")})
_CONFIGURED = '[partitions.big]\nexecutor = "slurm"\n'


@pytest.fixture
def root(pq: Pq, queue_folder: Path) -> str:
    """A queue in which entry 1 was submitted as job 17, and timed out once before; nothing drives it."""
    folder = create_folder(str(queue_folder))
    (queue_folder / "perqueue.toml").write_text(_CONFIGURED)
    asked = Resources(4, 100, "big", memory="2G")
    work = Task(str(queue_folder / "add.py"), {}, asked, name="relax", retry=Retry(2))
    store = folder.open_store()
    with store.transaction() as state:
        requests.Submission(work, _CONFIG, no_blobs).store(state, Context("python", str(queue_folder), ()))
    with store.transaction() as state:
        for event in (
            Admitted(1.0, 1),
            Ended(2.0, 1, 1, Outcome(Verdict.timeout, "walltime")),
            Admitted(3.0, 1),
            Launched(4.0, 1, 2, "17"),
        ):
            decision = plan(state, [event])
            state.apply(decision, decision.heard)
    store.close()
    return folder.root


def test_a_pending_job_says_why_and_until_when(pq: Pq, root: str) -> None:
    """A listing has the scheduler's own words for why a job waits, and when it expects to start it."""
    soon = time.time() + 3600
    write_notes(root, "slurm", Notes(time.time(), jobs={"1.2": Note("17", "pending", "Resources", soon)}))
    told = pq("ls")
    assert "Job" in told.lines[0]
    assert "pending: Resources, expected to start 20" in told.lines[2]
    (entry,) = json.loads(pq("ls", "--json").out)["entries"]
    assert (entry["job"]["reason"], entry["job"]["start"], entry["executor"]) == ("Resources", soon, "slurm:big")
    assert "its job is pending: Resources" in pq("show", "1").out


@pytest.mark.parametrize("note", [Note("17", "running"), None])
def test_nothing_is_told_of_what_is_as_it_should_be(pq: Pq, root: str, note: Note | None) -> None:
    """A job that runs, or of which nothing is known, takes no column."""
    write_notes(root, "slurm", Notes(jobs={} if note is None else {"1.2": note}))
    assert "Job" not in pq("ls").lines[0]


def test_notes_of_another_attempt_are_not_this_one_s(pq: Pq, root: str) -> None:
    """What was known of an earlier attempt's job is not told of the next."""
    write_notes(root, "slurm", Notes(jobs={"1.1": Note("16", "pending", "Priority")}))
    assert "Priority" not in pq("ls").out


def test_a_scheduler_that_can_not_be_asked_is_named(pq: Pq, root: str) -> None:
    """Why nothing is known, or nothing is submitted, stands below the listing."""
    write_notes(root, "slurm", Notes(time.time(), trouble="slurmctld: down"))
    assert "slurmctld: down" in pq("ls").err


def test_trouble_before_the_first_look(pq: Pq, root: str) -> None:
    """Who is refused at once has looked at nothing yet, so no time is told."""
    write_notes(root, "slurm", Notes(trouble="sbatch: unrecognized option"))
    assert "pq: slurm: sbatch: unrecognized option" in pq("ls").err


@pytest.mark.slow
def test_a_partition_that_is_gone_from_the_configuration_is_named(pq: Pq, root: str, queue_folder: Path) -> None:
    """Entries that nobody will ever submit are not left without a word."""
    assert "configuration doesn't have" not in pq("ls").err
    (queue_folder / "perqueue.toml").write_text("")
    assert "partition 'big' of 'slurm', which the queue's configuration doesn't have: write it into" in pq("ls").err


def test_policies_and_what_attempts_asked_for_are_shown(pq: Pq, root: str) -> None:
    """An entry shows its policy, how often it was tried again, and what an attempt asked for beyond its task."""
    shown = pq("show", "1").out
    assert "4:big:100s (memory 2G) (executor slurm:big)" in shown
    assert "2 times after walltime, oom, node-failure (time x 1.5, memory x 2, another node); 1 so far" in shown
    assert "job 17; asked for 4:big:150s (memory 2G)" in shown
    told = json.loads(pq("show", "1", "--json").out)
    assert (told["retry"]["times"], told["retries"], told["attempts"][1]["resources"]) == (
        2,
        1,
        "4:big:150s (memory 2G)",
    )


def test_why_no_retry_followed_is_told(pq: Pq, root: str) -> None:
    """Where a policy's limit is what ends it, the entry and the history say so; nothing is said of other ends."""
    store = open_folder(root).open_store()
    with store.transaction() as state:
        task = evolve(state.task(1), retry=Retry(3, max_time=150))
        for event in (
            Ended(5.0, 1, 2, Outcome(Verdict.failed, "raised", "ValueError: no")),
            Edited(6.0, (1,), task),
            Resubmitted(6.0, (1,)),
            Admitted(7.0, 1),
            Ended(8.0, 1, 3, Outcome(Verdict.timeout, "walltime", "it took too long")),
            Admitted(9.0, 1),
            Ended(10.0, 1, 4, Outcome(Verdict.timeout, "walltime", "it took too long")),
        ):
            decision = plan(state, [event])
            state.apply(decision, decision.heard)
    store.close()
    why = "it had 150s, and its retries ask for 150s at most (max_time)"
    shown = pq("show", "1").out
    assert (
        "3 times after walltime, oom, node-failure (time x 1.5 up to 150s, memory x 2, another node); 1 so far" in shown
    )
    assert f"Error: it took too long; not tried again: {why}" in shown
    assert json.loads(pq("show", "1", "--json").out)["retry"]["max_time"] == 150
    lines = [line for line in pq("history", "1").lines if "ended" in line]
    assert [line.partition("ended")[2].strip() for line in lines] == [
        "timeout (walltime)",
        "failed (raised): ValueError: no",
        "timeout (walltime): it took too long",
        f"timeout (walltime): it took too long; not tried again: {why}",
    ]
    events = json.loads(pq("history", "1", "--json").out)["events"]
    assert [event.get("not_tried_again") for event in events if event["kind"] == "ended"] == [None, None, None, why]
    assert not any("refused" in event for event in events)


def test_restarts_are_shown(pq: Pq, root: str) -> None:
    """How often the scheduler itself started an attempt again is told with the attempt."""
    store = open_folder(root).open_store()
    with store.transaction() as state:
        decision = plan(state, [Started(5.0, 1, 2, "n1", None, 3)])
        state.apply(decision, decision.heard)
    store.close()
    assert "started again 3 times by the scheduler" in pq("show", "1").out


@pytest.mark.parametrize("text", ["", "{", "[]", '{"jobs": 1}', '{"looked": 1, "jobs": {"1.1": {"weather": 2}}}'])
def test_damaged_notes_are_no_notes(tmp_path: Path, text: str) -> None:
    """They decide nothing, so a file that can't be read is as good as none."""
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler/slurm.json").write_text(text)
    assert read_notes(str(tmp_path), "slurm") == Notes()
    assert all_notes(str(tmp_path)) == {"slurm": Notes()}


def test_notes_come_back_as_they_were(tmp_path: Path) -> None:
    """What one mover of the queue wrote down the next one reads."""
    notes = Notes(1.0, 2.0, "down", {"1.2": Note("17", "missing", "?", None, 5.0), "2.1": Note()})
    write_notes(str(tmp_path), "pbs", notes)
    assert read_notes(str(tmp_path), "pbs") == notes
