"""The commands of the dialect, run against the double as the shell around it runs them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from tests.pbs.double.fixture import DoublePbs
from tests.pbs.site import Pbs
from tests.queues import wait_until

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import (
    SEARCH,
    Answer,
    Batch,
    Command,
    Down,
    JobSeen,
    Listing,
    NoHistory,
    Phase,
    Refused,
    Taken,
    Unclear,
)
from perqueue.executors.batch.plugin import ask
from perqueue.executors.pbs.dialect import PbsDialect

PREFIX = "pq-3f2a9c1d0b4e-"
SLEEP = "sleep 100"
DIALECT = PbsDialect()


@pytest.fixture
def submit(pbs: Pbs, tmp_path: Path) -> Callable[..., str]:
    """Submit a batch whose jobs run some shell; its id."""

    def submit(shell: str, key: int = 1, size: int = 1, **fields: object) -> str:
        submission = DIALECT.submitted(ask(DIALECT.submit(batch(tmp_path, shell, key, size, **fields)), None))
        assert isinstance(submission, Taken), submission
        return submission.job

    return submit


def batch(folder: Path, shell: str = SLEEP, key: int = 1, size: int = 1, **fields: object) -> Batch:
    tag = f"{PREFIX}{key}.1-a1b2c3"
    made = Batch(
        tag=tag,
        name="task",
        folder=str(folder),
        size=size,
        resources=Resources(1, 60),
        partition=Partition("workq", "pbs", prologue=(f"{shell}; exit",)),
        python="python",
        work=str(folder),
        output=str(folder / "output"),
    )
    return evolve(made, **fields)  # type: ignore[arg-type]


def look() -> dict[str, JobSeen]:
    listing = DIALECT.looked(ask(DIALECT.look(PREFIX), None), PREFIX)
    assert isinstance(listing, Listing), listing
    assert listing.complete
    return {job.job: job for job in listing.jobs}


def history(*jobs: str) -> Listing | NoHistory | Down:
    command = DIALECT.history(jobs, 0.0)
    assert command is not None
    return DIALECT.told(ask(command, None), PREFIX)


def remembered(*jobs: str) -> dict[str, str]:
    listing = history(*jobs)
    assert isinstance(listing, Listing), listing
    return {job.job: job.reason for job in listing.jobs}


def test_what_was_submitted_is_seen(pbs: Pbs, submit: Callable[..., str]) -> None:
    """One look shows jobs that run and that wait, by their tags; nobody had to know their ids."""
    pbs.set(nodes={"pbs0": 1})
    first, second = submit(SLEEP), submit(SLEEP, 2)
    pbs.wait(first, "R")
    jobs = look()
    assert {name: (job.tag, job.phase) for name, job in jobs.items()} == {
        first: (f"{PREFIX}1.1-a1b2c3", Phase.RUNNING),
        second: (f"{PREFIX}2.1-a1b2c3", Phase.PENDING),
    }


def test_an_empty_queue_has_no_jobs(pbs: Pbs) -> None:
    """Nobody's jobs are asked about then."""
    assert look() == {}
    assert not pbs.log("qstat")


@pytest.mark.parametrize("number", [2, 15])
def test_a_look_is_two_commands_however_many_jobs_there_are(pbs: Pbs, submit: Callable[..., str], number: int) -> None:
    """One asks for the ids, one tells of all of them."""
    pbs.set(nodes={})
    for key in range(number):
        submit(SLEEP, key)
    before = len(pbs.log())
    assert len(look()) == number
    assert [entry["name"] for entry in pbs.log()[before:]] == ["qselect", "qstat"]


def test_very_many_jobs_are_asked_for_at_once(pbs: Pbs, submit: Callable[..., str]) -> None:
    """Where the server would look up hundreds of ids one by one, it is asked for all that it has."""
    pbs.set(nodes={})
    job = submit(SLEEP)
    number, _, server = job.partition(".")
    (pbs.bin / "qselect").write_text(f"#!/bin/sh\nseq -f %.0f.{server} {number} {int(number) + 400}\n")
    assert set(look()) == {job}
    assert pbs.log("qstat")[-1]["words"] == ["-t", "-f", "-F", "json"]


def test_a_job_that_ends_between_the_two_hides_no_other(pbs: Pbs, submit: Callable[..., str]) -> None:
    """An unknown id makes qstat leave out those after it; it is asked again without it."""
    pbs.set(nodes={})
    jobs = [submit(SLEEP, key) for key in range(12)]
    server = jobs[0].partition(".")[2]
    unknown = [f"9999990.{server}", f"9999991.{server}", f"{jobs[1]}1"]
    ids = " ".join([jobs[0], unknown[0], *jobs[1:11], unknown[1], unknown[2], jobs[11]])
    (pbs.bin / "qselect").write_text(f"#!/bin/sh\necho {ids}\n")
    assert set(look()) == set(jobs)


def test_a_finished_job_is_told_by_its_history(pbs: Pbs, submit: Callable[..., str]) -> None:
    """Jobs that are over aren't seen; their history says how they ended, also with an unknown id among them."""
    pbs.set(history=True)
    good, bad = submit("true"), submit("exit 3", 2)
    killed = submit("kill -9 $$", 3)
    for job in (good, bad, killed):
        pbs.wait(job, "F")
    assert look() == {}
    unknown = f"9999990.{good.partition('.')[2]}"
    assert remembered(unknown, good, bad, killed) == {good: "done", bad: "exit", killed: "exit"}
    assert pbs.rows("-x")[killed]["Exit_status"] == 137


def test_a_walltime_is_told(pbs: Pbs, submit: Callable[..., str]) -> None:
    """Walltime in seconds, and its own reason."""
    pbs.set(history=True)
    job = submit(SLEEP, resources=Resources(1, 1))
    pbs.wait(job, "F")
    assert remembered(job) == {job: "walltime"}


def test_elements_are_told_with_their_array(pbs: Pbs, submit: Callable[..., str]) -> None:
    """Elements run with their own index; each has its end."""
    pbs.set(history=True)
    array = submit("exit $PBS_ARRAY_INDEX", size=3)
    pbs.wait(array, "F")
    element = [DIALECT.element(array, index, 3) for index in range(3)]
    found = remembered(*element)
    assert [found[name] for name in element] == ["done", "exit", "exit"]


def test_without_a_history_there_is_none(pbs: Pbs, submit: Callable[..., str]) -> None:
    """It is off by default."""
    job = submit(SLEEP)
    assert isinstance(history(job), NoHistory)


def test_what_is_cancelled_is_over(pbs: Pbs, submit: Callable[..., str]) -> None:
    """Running, waiting, an element of an array; what is over or unknown doesn't matter."""
    pbs.set(history=True, nodes={"pbs0": 1})
    running, waiting = submit(SLEEP), submit(SLEEP, 2)
    array = submit(SLEEP, 3, size=3)
    pbs.wait(running, "R")
    wait_until(lambda: pbs.rows()[running]["substate"] == 42, "its altogether having begun")
    element = DIALECT.element(array, 1, 3)
    unknown = f"9999990.{running.partition('.')[2]}"
    for command in DIALECT.cancel([unknown, running, waiting, element]):
        ask(command, None)
    pbs.wait(running, "F")
    assert remembered(running, waiting) == {running: "cancelled", waiting: "cancelled"}
    assert pbs.rows("-x")[running]["Exit_status"] in (271, 0)  # 0 for root
    assert "Exit_status" not in pbs.rows("-x")[waiting]
    assert look()[element].phase is Phase.ENDED  # why, is not told of what had not begun
    assert look()[DIALECT.element(array, 2, 3)].phase is Phase.PENDING


@pytest.mark.slow
def test_a_node_that_fails_ends_its_jobs(pbs: Pbs, submit: Callable[..., str]) -> None:
    """A job that must not be run again ends with its node; one that may runs again, and is numbered."""
    pbs.set(history=True)
    once = submit(SLEEP)
    again = submit(SLEEP, 2, partition=Partition("workq", "pbs", requeue=True, prologue=(f"{SLEEP}; exit",)))
    pbs.wait(once, "R")
    pbs.wait(again, "R")
    pbs.set(failed=["pbs0"])
    pbs.wait(once, "F")
    wait_until(lambda: look()[again].restarts == 1, "another start")
    pbs.wait(again, "R")
    assert remembered(once) == {once: "node-failure"}


def test_a_server_that_is_down_says_nothing_of_jobs(pbs: Pbs, submit: Callable[..., str], tmp_path: Path) -> None:
    """Neither a look nor a history nor a submission that then fails tells anything."""
    job = submit(SLEEP)
    pbs.set(down=True)
    assert isinstance(DIALECT.looked(ask(DIALECT.look(PREFIX), None), PREFIX), Down)
    assert isinstance(history(job), Down)
    assert isinstance(DIALECT.submitted(ask(DIALECT.submit(batch(tmp_path)), None)), Unclear)


def test_a_submission_whose_answer_is_lost_is_found_by_its_tag(pbs: Pbs, tmp_path: Path) -> None:
    """It is unclear at first; a look shows it."""
    pbs.set(lose_replies=True)
    assert isinstance(DIALECT.submitted(ask(DIALECT.submit(batch(tmp_path)), None)), Unclear)
    assert [job.tag for job in look().values()] == [f"{PREFIX}1.1-a1b2c3"]


@pytest.mark.parametrize(
    ("settings", "fields", "why"),
    [
        ({"max_walltime": 30}, {}, "Job violates queue and/or server resource limits"),
        ({"max_queued": 1}, {"size": 2}, "per-user limit"),
        ({"max_array": 1}, {"size": 2}, "Array job exceeds server or queue size limit"),
        ({"queues": ["other"]}, {}, "Unknown queue"),
        ({}, {"partition": Partition("workq", "pbs", qos="high")}, "Unknown resource"),
    ],
)
def test_a_refusal_says_why(
    pbs: Pbs, tmp_path: Path, settings: dict[str, object], fields: dict[str, object], why: str
) -> None:
    """Nothing was submitted then."""
    pbs.set(**settings)
    submission = DIALECT.submitted(ask(DIALECT.submit(batch(tmp_path, **fields)), None))  # type: ignore[arg-type]
    assert isinstance(submission, Refused)
    assert why in submission.why
    assert look() == {}


def test_a_torque_like_wrapper_is_asked_in_plain_form(pbs: Pbs, submit: Callable[..., str]) -> None:
    """It has no qselect, no JSON and no history; jobs are found by their names."""
    pbs.set(torque=True, nodes={})
    assert look() == {}
    submit(SLEEP)
    assert {job.tag: job.phase for job in look().values()} == {f"{PREFIX}1.1-a1b2c3": Phase.PENDING}
    assert isinstance(history(pbs.job(0)), NoHistory)


def test_a_job_has_the_environment_of_its_submission(
    pbs: Pbs, submit: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables with anything in them come along; those of the job itself and of an outer job don't."""
    value = "two\nlines, 'quotes' and = \"more\""
    command = DIALECT.submit(batch(tmp_path, f"env -0 >{tmp_path}/seen"))
    env = {"PATH": os.environ["PATH"], "GIVEN": value, "PBS_JOBID": "outer", "HOME": "/elsewhere"}
    done = pbs.run("env", "-i", *(f"{name}={text}" for name, text in env.items()), *command.words, stdin=command.stdin)
    job = done.stdout.strip()
    wait_until(lambda: job not in pbs.rows(), "the end of the job")
    seen = dict(pair.split("=", 1) for pair in (tmp_path / "seen").read_text().split("\0") if pair)
    assert (seen["GIVEN"], seen["PBS_JOBID"], seen["HOME"]) == (value, job, "/elsewhere")
    assert (tmp_path / "environ").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("way", ["folder", "disk"])
def test_an_environment_that_cant_be_kept(pbs: Pbs, tmp_path: Path, way: str) -> None:
    """Nothing is submitted with a part of it: that is a refusal, which is tried again."""
    kept = tmp_path / "environ.new"
    kept.mkdir() if way == "folder" else kept.symlink_to("/dev/full")
    command = DIALECT.submit(batch(tmp_path))
    submission = DIALECT.submitted(ask(command, None))
    assert isinstance(submission, Refused)
    assert "the job's environment can't be written" in submission.why
    assert not pbs.log("qsub")
    kept.rmdir() if way == "folder" else kept.unlink()
    assert isinstance(DIALECT.submitted(ask(command, None)), Taken)
    assert not kept.exists()


def test_a_submission_whose_search_path_leads_nowhere(pbs: Pbs, tmp_path: Path) -> None:
    """The environment is kept all the same, with that path in it."""
    command = DIALECT.submit(batch(tmp_path))
    done = pbs.run("/usr/bin/env", "-i", "PATH=/nowhere", f"{SEARCH}={pbs.bin}", *command.words, stdin=command.stdin)
    assert isinstance(DIALECT.submitted(Answer(done.returncode, done.stdout, done.stderr)), Taken)
    assert b"PATH=/nowhere\0" in (tmp_path / "environ").read_bytes()


def test_a_job_starts_in_its_folder_and_prints_to_its_file(
    pbs: Pbs, submit: Callable[..., str], tmp_path: Path
) -> None:
    """PBS would start it in the home folder."""
    job = submit('pwd; echo "$0 complains" >&2')
    wait_until(lambda: job not in pbs.rows(), "the end of the job")
    assert (tmp_path / "output").read_text().splitlines()[0] == str(tmp_path)
    assert "complains" in (tmp_path / "output").read_text()


def test_commands_are_found_in_a_configured_folder(pbs: Pbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs for the shell find them there too, and jobs don't hear of that folder."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    folder = str(pbs.bin)
    command = DIALECT.submit(batch(tmp_path, f"env >{tmp_path}/seen"))
    assert DIALECT.submitted(ask(command, folder)) == Taken(pbs.job(0))
    assert isinstance(DIALECT.looked(ask(DIALECT.look(PREFIX), folder), PREFIX), Listing)
    assert DIALECT.most(ask(Command(("qstat", "-B", "-f")), folder)) == 10000
    wait_until(lambda: pbs.job(0) not in pbs.rows(), "the end of the job")
    seen = (tmp_path / "seen").read_text().replace(f"PBS_O_PATH={folder}", "")
    assert folder not in seen


def test_the_configuration_is_checked(pbs: Pbs) -> None:
    """The server and each queue are asked; a queue that isn't there says what to do."""
    partitions = [Partition("workq", "pbs"), Partition("xeon24", "pbs")]
    found = [
        line
        for title, command in DIALECT.tries(partitions)
        for line in DIALECT.tried(title, ask(command, None), partitions)
    ]
    assert [(title, works) for title, works, _ in found] == [
        ("server", True),
        ("history of jobs", True),
        ("queue workq", True),
        ("queue xeon24", False),
    ]
    assert DIALECT.most(ask(Command(("qstat", "-B", "-f")), None)) == 10000


def test_the_double_prints_what_pbs_does(pbs: Pbs, submit: Callable[..., str]) -> None:
    """The attributes of a running job are those of the observed ones."""
    if not isinstance(pbs, DoublePbs):
        pytest.skip("this is about the double")
    job = submit(SLEEP)
    row = pbs.wait(job, "R")
    answer = Path(__file__).parents[1] / "executors" / "pbs" / "answers" / "running.json"
    (real,) = json.loads(answer.read_text())["Jobs"].values()
    assert set(row) <= set(real)
    assert {"Job_Name", "job_state", "substate", "Variable_List", "exec_host", "run_count", "comment"} <= set(row)
