"""What answers of qstat mean.

The texts in ``answers`` were captured of OpenPBS 23.06.06 by ``tests/pbs/capture.py``, but for those that it doesn't
name: these have the form, states and codes that were observed elsewhere, and made-up names and times.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perqueue.executors.batch.dialect import Answer, Down, JobSeen, Listing, NoHistory, Phase
from perqueue.executors.pbs.dialect import PbsDialect
from perqueue.executors.pbs.listing import whole

ANSWERS = Path(__file__).parent / "answers"
PREFIX = "pq-3f2a9c1d-"
WAITS = "Not enough free nodes available"


def look(name: str, status: int = 0, prefix: str = PREFIX) -> tuple[JobSeen, ...]:
    listing = PbsDialect().looked(Answer(status, (ANSWERS / name).read_text(), ""), prefix)
    assert isinstance(listing, Listing)
    return listing.jobs


def one(name: str) -> JobSeen:
    (job,) = look(name)
    return job


def told(name: str) -> JobSeen:
    listing = PbsDialect().told(Answer(0, (ANSWERS / name).read_text(), ""), PREFIX)
    assert isinstance(listing, Listing)
    (job,) = listing.jobs
    return job


def test_a_job_that_waits_has_the_servers_reason() -> None:
    """A queued job is pending, with what PBS says of why."""
    assert one("queued.json") == JobSeen(
        "0.pbs0",
        "pq-3f2a9c1d-1.1",
        0,
        Phase.PENDING,
        WAITS,
        message=f"state Q, substate 10: Not Running: {WAITS}",
    )


def test_an_estimated_start_is_a_time() -> None:
    """The estimate is in local time, to the second."""
    start = one("estimated.json").start
    assert start == time.mktime((2025, 11, 22, 18, 5, 9, 0, 0, -1))


def test_a_held_job_is_pending() -> None:
    """It says that it is held."""
    assert (one("held.json").phase, one("held.json").reason) == (Phase.PENDING, "held")


def test_a_running_job_has_its_first_host() -> None:
    """The host is that of the first chunk."""
    job = one("running.json")
    assert (job.phase, job.host, job.restarts) == (Phase.RUNNING, "pbs0", 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("finished-0", "done"),
        ("finished-3", "exit"),
        ("killed", "exit"),
        ("memory", "oom"),
        ("walltime", "walltime"),
        ("deleted-running", "cancelled"),
        ("deleted-running-by-root", "cancelled"),
        ("deleted-queued", "cancelled"),
        ("node-failed", "node-failure"),
    ],
)
def test_the_end_of_a_job_has_a_reason(name: str, reason: str) -> None:
    """Each way to end is told from the others by the code, the substate or both."""
    job = told(f"{name}.json")
    assert (job.phase, job.reason) == (Phase.ENDED, reason)


def test_what_a_person_reads_has_the_code() -> None:
    """The message has PBS's own words and numbers."""
    assert told("walltime.json").message.startswith("state F, substate 93, Exit_status -29: Job run at")


def test_a_job_that_is_queued_again_after_its_node_failed_is_pending() -> None:
    """The code of its first run is still shown, and is no end."""
    job = one("requeued.json")
    assert (job.phase, job.restarts) == (Phase.PENDING, 1)


def test_a_job_that_runs_again_is_numbered() -> None:
    """run_count counts runs, restarts begin at none."""
    job = one("running-again.json")
    assert (job.phase, job.restarts, job.host) == (Phase.RUNNING, 1, "pbs0")


def test_an_array_that_waits_has_its_elements() -> None:
    """Each of them is pending, as the array is."""
    jobs = look("array-waiting.json")
    assert [job.index for job in jobs] == [None, 0, 1, 2, 3]
    assert {job.phase for job in jobs} == {Phase.PENDING}


def test_elements_that_are_forgotten_are_over() -> None:
    """Without a history all that have ended are alike, and have their array's code: nothing follows from it."""
    jobs = {job.index: (job.phase, job.reason) for job in look("array-forgotten.json")}
    assert jobs[0] == jobs[1] == (Phase.ENDED, "done")
    assert jobs[2][0] is Phase.RUNNING
    assert jobs[3][0] is Phase.PENDING


def test_an_array_that_waits_stands_for_its_elements() -> None:
    """As long as no element is listed, the array tells of all of them."""
    job = one("array-queued.json")
    assert (job.job, job.index, job.phase) == ("14[].pbs0", None, Phase.PENDING)


def test_elements_of_an_array_each_have_their_phase() -> None:
    """One failed (X with a code), one runs, one was deleted before it began (X), one waits.

    What was deleted before it began is only said to be finished, with its array's code.
    """
    jobs = {job.index: job for job in look("array-begun.json")}
    assert {index: job.phase for index, job in jobs.items()} == {
        None: Phase.PENDING,
        0: Phase.ENDED,
        1: Phase.RUNNING,
        2: Phase.ENDED,
        3: Phase.PENDING,
    }
    assert (jobs[0].reason, jobs[2].reason) == ("exit", "done")
    assert jobs[1].job == "14[1].pbs0"


def test_elements_that_wait_may_not_be_listed() -> None:
    """The array then stands for them, and an element that is over is told by its comment."""
    jobs = {job.index: (job.phase, job.reason) for job in look("array-begun-short.json")}
    assert jobs[None][0] is Phase.PENDING
    assert jobs[0] == (Phase.ENDED, "done")


def test_an_array_without_any_that_wait_says_nothing_itself() -> None:
    """All of its elements are listed: what is not there is not there."""
    assert [job.index for job in look("array-all-begun.json")] == [0, 1]


def test_of_an_array_that_is_over_each_element_has_its_end() -> None:
    """The array's own code may be 0 although an element failed: only the elements' codes count."""
    jobs = {job.index: job.reason for job in look("array-finished.json")}
    assert jobs == {None: "done", 0: "done", 1: "done", 2: "exit", 3: "done"}


def test_no_jobs_is_an_answer() -> None:
    """There is no table of jobs where there are none; that is a complete listing."""
    assert PbsDialect().looked(Answer(0, (ANSWERS / "none.json").read_text(), ""), PREFIX) == Listing(())


def test_somebody_elses_jobs_are_left_out() -> None:
    """Only tags of this queue count."""
    assert look("array-begun.json", prefix="pq-000000000000-") == ()


def test_plain_text_says_the_same() -> None:
    """Long lines go on after a tab; the tag is found within one."""
    jobs = {job.job: job for job in look("plain.txt")}
    assert {name: (job.tag, job.phase) for name, job in jobs.items()} == {
        "0.pbs0": ("pq-3f2a9c1d-1.1", Phase.RUNNING),
        "1.pbs0": ("pq-3f2a9c1d-2.1", Phase.PENDING),
        "14[].pbs0": ("pq-3f2a9c1d-7.1", Phase.PENDING),
    }
    assert jobs["1.pbs0"].reason == WAITS


def test_torque_like_text_has_its_tags_in_names() -> None:
    """Wrappers show no variables, and call what is over C."""
    assert {job.job: (job.tag, job.phase, job.host) for job in look("torque.txt")} == {
        "8": ("pq-3f2a9c1d-1.1", Phase.ENDED, "a001"),
        "9": ("pq-3f2a9c1d-2.1", Phase.RUNNING, "a001"),
        "10": ("pq-3f2a9c1d-3.1", Phase.PENDING, ""),
    }


def test_broken_json_is_read_all_the_same() -> None:
    """Older versions don't escape what they print of a job's environment."""
    assert [(job.job, job.tag, job.phase) for job in look("broken.json")] == [
        ("0.pbs0", "pq-3f2a9c1d-1.1", Phase.RUNNING),
        ("1.pbs0", "pq-3f2a9c1d-2.1", Phase.PENDING),
    ]


def test_several_answers_in_a_row_are_one() -> None:
    """What was asked again is added."""
    text = (ANSWERS / "running.json").read_text() + (ANSWERS / "array-queued.json").read_text()
    listing = PbsDialect().looked(Answer(0, text, ""), PREFIX)
    assert isinstance(listing, Listing)
    assert [job.job for job in listing.jobs] == ["0.pbs0", "14[].pbs0"]


def test_rows_with_a_complaint_are_not_all_rows() -> None:
    """An unknown id among others leaves some of them out: nothing follows for those."""
    text = (ANSWERS / "running.json").read_text()
    listing = PbsDialect().looked(Answer(153, text, "qstat: Unknown Job Id 9.pbs0\n"), PREFIX)
    assert isinstance(listing, Listing)
    assert not listing.complete


@pytest.mark.parametrize(
    "answer",
    [
        Answer(255, "", "Connection refused\nqstat: cannot connect to server pbs0 (errno=15010)\n"),
        Answer(162, "", "Connection refused\nqselect: cannot connect to server pbs0 (errno=15010)\n"),
        Answer(None, "", ""),
        Answer(127, "", "sh: 1: qstat: not found\n"),
        Answer(0, "", ""),
        Answer(0, "something else altogether", ""),
    ],
)
def test_a_server_that_does_not_answer_is_down(answer: Answer) -> None:
    """Nothing is known then; no job is missing."""
    assert isinstance(PbsDialect().looked(answer, PREFIX), Down)


def test_a_history_that_is_off_is_none() -> None:
    """qstat -x says so with exit 0."""
    answer = Answer(0, (ANSWERS / "none.json").read_text(), "qstat: PBS is not configured to maintain job history\n")
    assert isinstance(PbsDialect().told(answer, PREFIX), NoHistory)


def test_torque_like_wrappers_have_no_history() -> None:
    """An unknown option is exit 2."""
    assert isinstance(PbsDialect().told(Answer(2, "", "Unknown option: x\n"), PREFIX), NoHistory)


def test_a_history_without_a_job_may_tell_later() -> None:
    """An unknown job is no end of asking about others."""
    answer = Answer(153, (ANSWERS / "none.json").read_text(), "qstat: Unknown Job Id 9.pbs0\n")
    assert PbsDialect().told(answer, PREFIX) == Listing((), complete=False)
    assert isinstance(PbsDialect().told(Answer(255, "", "cannot connect"), PREFIX), Down)


def test_elements_are_asked_for_with_their_array() -> None:
    """History takes each array once."""
    command = PbsDialect().history(["14[2].pbs0", "14[0].pbs0", "3.pbs0"], 0.0)
    assert command is not None
    assert command.words[-2:] == ("14[].pbs0", "3.pbs0")


@pytest.mark.parametrize(
    ("job", "array"), [("14[2].pbs0", "14[].pbs0"), ("14[].pbs0", "14[].pbs0"), ("3.pbs0", "3.pbs0"), ("8", "8")]
)
def test_an_element_belongs_to_its_array(job: str, array: str) -> None:
    """The whole of an id."""
    assert PbsDialect().whole(job) == array


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.sampled_from(["", ".pbs0", ".a.b.c"]))
def test_whole_undoes_element(number: int, index: int, server: str) -> None:
    """An element's array is the one it was made from."""
    array = f"{number}[]{server}"
    assert whole(PbsDialect().element(array, index, 2)) == array
    assert PbsDialect().element(f"{number}{server}", 0, 1) == f"{number}{server}"


def cut(text: str) -> st.SearchStrategy[str]:
    ends = st.integers(0, len(text))
    return st.tuples(ends, ends).map(lambda ends: text[min(ends) : max(ends)])


TEXTS = st.sampled_from([path.read_text() for path in sorted(ANSWERS.iterdir())])
PIECES = st.lists(TEXTS.flatmap(cut) | st.text(max_size=40), max_size=4).map("".join)


@given(PIECES, PIECES, st.none() | st.integers(-20, 260))
@example("{" * 100_000, "", 0)
@example('{"Jobs": {"0.pbs0": {"Exit_status": 1e999, "job_state": "F", "Job_Name": "a_pq-3f2a9c1d-1.1"}}}', "", 0)
@example("[" * 100_000, "[" * 1000, 0)
def test_no_text_is_too_strange(out: str, err: str, status: int | None) -> None:
    """Whatever is printed, there is an answer."""
    answer = Answer(status, out, err)
    dialect = PbsDialect()
    assert isinstance(dialect.looked(answer, PREFIX), Listing | Down)
    assert isinstance(dialect.told(answer, PREFIX), Listing | NoHistory | Down)
    dialect.submitted(answer)
    dialect.most(answer)
    assert dialect.tried("server", answer, [])
    assert dialect.tried("queue workq", answer, [])
