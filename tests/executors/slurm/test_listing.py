"""What the dialect reads from the lists of a real Slurm: every state of a job, in the queue and in the accounting."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.executors.slurm.captured import PREFIX, answer

from perqueue.executors.batch.dialect import Answer, Down, JobSeen, Listing, Phase
from perqueue.executors.slurm.dialect import SlurmDialect
from perqueue.executors.slurm.states import KNOWN, phase

DIALECT = SlurmDialect()


def looked(name: str) -> dict[str, list[JobSeen]]:
    """What a captured look showed, by the names of its jobs."""
    return _by_name(DIALECT.looked(answer(name), PREFIX))


def told(name: str) -> dict[str, list[JobSeen]]:
    """What a captured history told, by the names of its jobs."""
    return _by_name(DIALECT.told(answer(name), PREFIX))


def _by_name(listing: object) -> dict[str, list[JobSeen]]:
    assert isinstance(listing, Listing)
    found: dict[str, list[JobSeen]] = {}
    for job in listing.jobs:
        found.setdefault(job.tag.removeprefix(PREFIX), []).append(job)
    return found


@pytest.mark.parametrize(
    ("name", "reason", "message"),
    [
        ("done", "done", "COMPLETED"),
        ("exit", "exit", "FAILED NonZeroExitCode"),
        ("killed", "exit", "FAILED JobLaunchFailure"),  # it began
        ("unwritable", "exit", "FAILED JobLaunchFailure"),  # it didn't
        ("cancelled", "cancelled", "CANCELLED"),
        ("unstarted", "cancelled", "CANCELLED JobHeldUser"),
        ("late", "walltime", "TIMEOUT TimeLimit"),
        ("deadline", "deadline", "DEADLINE DeadLine"),
        ("lost", "node-failure", "NODE_FAIL NodeDown"),
    ],
)
def test_ends_in_the_queue(name: str, reason: str, message: str) -> None:
    """As long as Slurm remembers a job, the queue itself says how it ended."""
    (job,) = looked("squeue-ends")[name]
    assert (job.phase, job.reason, job.message) == (Phase.ENDED, reason, message)


def test_what_was_cancelled_before_it_ran() -> None:
    """Slurm lists an array that never ran as one job, and no element of it: it stands for all that are not named."""
    seen = looked("squeue-ends")
    assert [(job.reason, job.index) for job in seen["unwanted"]] == [("cancelled", None)]
    assert [(job.reason, job.index) for job in seen["unstarted"]] == [("cancelled", None)]
    assert [(job.reason, job.index) for job in seen["cancelled"]] == [("cancelled", 0)]


@pytest.mark.parametrize(
    ("name", "reason", "message"),
    [
        ("done", "done", "COMPLETED 0:0"),
        ("exit", "exit", "FAILED 3:0"),
        ("killed", "exit", "FAILED 0:9"),
        ("unwritable", "launch", "FAILED 0:53"),
        ("cancelled", "cancelled", "CANCELLED by 0 0:0"),
        ("unstarted", "cancelled", "CANCELLED by 0 0:0"),
        ("late", "walltime", "TIMEOUT 0:0"),
        ("deadline", "deadline", "DEADLINE 1:0"),
        ("lost", "node-failure", "NODE_FAIL 0:0"),
    ],
)
def test_ends_in_the_accounting(name: str, reason: str, message: str) -> None:
    """The accounting says the same, and tells a killed job from one that could not be started."""
    (job,) = told("sacct-ends")[name]
    assert (job.phase, job.reason, job.message) == (Phase.ENDED, reason, message)


def test_memory() -> None:
    """A job that took too much memory says so in the queue."""
    (job,) = looked("squeue-oom")["oom"]
    assert (job.phase, job.reason, job.host) == (Phase.ENDED, "oom", "a001")


def test_an_account_without_the_name() -> None:
    """The accounting may not have heard a job's name yet; it was asked for by its id, so it is told of by that."""
    listing = DIALECT.told(answer("sacct-oom"), PREFIX)
    assert isinstance(listing, Listing)
    (job,) = listing.jobs
    (seen,) = looked("squeue-oom")["oom"]
    assert (job.job, job.tag, job.reason, job.message) == (seen.job, "", "oom", "OUT_OF_MEMORY 0:125")


def test_elements_of_an_array() -> None:
    """Each element of an array has a line and an id of its own."""
    seen = {job.index: (job.job, job.reason) for job in looked("squeue-ends")["array"]}
    array = seen[0][0].partition("_")[0]
    assert seen == {0: (f"{array}_0", "done"), 1: (f"{array}_1", "exit"), 2: (f"{array}_2", "exit")}
    assert {job.index: job.message for job in told("sacct-ends")["array"]} == {
        0: "COMPLETED 0:0",
        1: "FAILED 1:0",
        2: "FAILED 2:0",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("next", "Resources"),
        ("after", "Priority"),
        ("held", "JobHeldUser"),
        ("dependent", "Dependency"),
        ("overlong", "PartitionTimeLimit"),
        ("overwide", "PartitionNodeLimit"),
        ("aside", "job requeued in held state"),
    ],
)
def test_reasons_for_waiting(name: str, reason: str) -> None:
    """A waiting job has the reason that Slurm gives for it, and no host."""
    (job,) = looked("squeue-waits")[name]
    assert (job.phase, job.reason, job.host) == (Phase.PENDING, reason, "")


def test_estimates_of_the_start() -> None:
    """Where Slurm expects a job to start at some time, that is told; a running job's start is no expectation."""
    seen = looked("squeue-waits")
    text = next(line for line in answer("squeue-waits").out.splitlines() if ":pq-0123abcd-next|" in line).split("|")[4]
    assert seen["next"][0].start == datetime.fromisoformat(text).timestamp()
    assert [seen[name][0].start for name in ("held", "filling")] == [None, None]


def test_restarts() -> None:
    """A job that Slurm itself puts back keeps its id, waits, and says how often it was started again."""
    (job,) = looked("squeue-waits")["again"]
    assert (job.phase, job.reason, job.restarts) == (Phase.PENDING, "BeginTime", 1)


def test_what_runs() -> None:
    """Running jobs have a host; those that are held up or tidied up still run."""
    assert [(job.phase, job.reason, job.host) for job in looked("squeue-waits")["filling"]] == [
        (Phase.RUNNING, "", "b001")
    ]
    assert [(job.phase, job.reason) for job in looked("squeue-waits")["suspended"]] == [(Phase.RUNNING, "Suspended")]
    assert [job.phase for job in looked("squeue-completing")["closing"]] == [Phase.RUNNING]


def test_arrays_in_one_line() -> None:
    """A list that Slurm did not spell out means the same as one that it did."""

    def elements(name: str) -> list[tuple[str, int | None]]:
        seen = looked(name)
        return sorted((job.job, job.index) for job in seen["waiting"] + seen["throttled"])

    assert elements("squeue-waits-unexpanded") == elements("squeue-waits")
    assert len(elements("squeue-waits")) == 4 + 6


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("8_[0-3%2]", [0, 1, 2, 3]),
        ("8_[1,4-5,9]", [1, 4, 5, 9]),
        ("8_[0-8:4%1]", [0, 4, 8]),
        ("8_[7]", [7]),
        ("8_7", [7]),
        ("8", [0]),
        ("8_[1,3,5,...]", [None]),
        ("8_[0-9999999]", [None]),
        ("8+1", []),
        ("job", []),
        ("8_[3-1]", []),
    ],
)
def test_forms_of_ids(text: str, indices: list[int | None]) -> None:
    """Every form of a list of elements is understood; one that was cut short stands for all that are not named."""
    listing = DIALECT.looked(Answer(0, f"{text}|PENDING|0|Priority|N/A|n/a|{PREFIX}a|a:{PREFIX}a|\n", ""), PREFIX)
    assert isinstance(listing, Listing)
    assert [job.index for job in listing.jobs] == indices
    assert all(job.job == ("8" if job.index is None or text == "8" else f"8_{job.index}") for job in listing.jobs)


def test_preemption() -> None:
    """A job that made way for another may come back, as far as the queue says; in the accounting it is over."""
    seen = looked("squeue-preempted")
    assert [(job.phase, job.reason) for job in seen["low"]] == [(Phase.PENDING, "Preempted")]
    assert [(job.phase, job.restarts) for job in seen["back"]] == [(Phase.PENDING, 1)]
    accounted = told("sacct-preempted")
    assert [(job.phase, job.reason) for job in accounted["low"]] == [(Phase.ENDED, "preempted")]
    assert "back" not in accounted


def test_jobs_of_others_are_left_out() -> None:
    """Names with bars and line breaks in them, and what looks like ours in the wrong place, confuse nothing."""
    names = set(looked("squeue-waits"))
    assert "not" not in names
    assert names == {
        *("next", "after", "held", "dependent", "overlong", "overwide", "throttled", "waiting"),
        *("filling", "suspended", "again", "aside"),
    }


@pytest.mark.parametrize(
    ("comment", "name", "ours"),
    [
        (f"{PREFIX}a", "renamed", True),
        ("(null)", f"a:{PREFIX}a", True),
        (f"{PREFIX}a|account", f"a:{PREFIX}a", True),
        ("(null)", f"{PREFIX}a", True),
        ("(null)", "a:pq-another-a", False),
    ],
)
def test_a_job_is_known_by_its_name_or_its_comment(comment: str, name: str, ours: bool) -> None:
    """Either of them is enough, as sites and people change them."""
    listing = DIALECT.looked(Answer(0, f"8|RUNNING|0|None|N/A|a1|{comment}|{name}|\n", ""), PREFIX)
    assert isinstance(listing, Listing)
    assert [job.tag for job in listing.jobs] == [f"{PREFIX}a"] * ours


def test_what_a_refusal_leaves_is_no_job() -> None:
    """Slurm lists some submissions that it refused as failed jobs; the attempt must not be taken for one."""
    assert "FAILED|0|BadConstraints" in answer("squeue-waits").out
    text = f"8|FAILED|0|BadConstraints|N/A|n/a|{PREFIX}a|a:{PREFIX}a|\n"
    assert DIALECT.looked(Answer(0, text, ""), PREFIX) == Listing(())


@pytest.mark.parametrize("name", ["squeue-empty", "squeue-purged"])
def test_an_empty_queue(name: str) -> None:
    """Where there are no jobs, or Slurm has forgotten all that ended, the list is complete and empty."""
    assert DIALECT.looked(answer(name), PREFIX) == Listing(())


@pytest.mark.parametrize("name", ["squeue-down", "squeue-hanging"])
def test_a_controller_that_does_not_answer(name: str) -> None:
    """Nothing follows from the silence of the controller."""
    assert isinstance(DIALECT.looked(answer(name), PREFIX), Down)


def test_an_answer_in_other_columns() -> None:
    """A list that can't be read is no empty list: nothing follows from it."""
    assert isinstance(DIALECT.looked(Answer(0, "8  xeon24  relax  me  R\n", ""), PREFIX), Down)
    assert isinstance(DIALECT.looked(Answer(None, "", ""), PREFIX), Down)


def test_jobs_of_named_clusters() -> None:
    """Of one cluster that was named the list is as usual, of several each has a heading; ids carry the name."""
    listing = DIALECT.looked(answer("squeue-named-cluster"), PREFIX, "pqtest")
    assert isinstance(listing, Listing)
    assert [job.job.partition(";")[2] for job in listing.jobs] == ["pqtest"]
    line = f"|PENDING|0|None|N/A|n/a|{PREFIX}a|a:{PREFIX}a|"
    several = DIALECT.looked(Answer(0, f"CLUSTER: far\n17_3{line}\nCLUSTER: near\n18{line}\n", ""), PREFIX)
    assert isinstance(several, Listing)
    assert [job.job for job in several.jobs] == ["17_3;far", "18;near"]


@pytest.mark.parametrize("state", sorted(KNOWN))
def test_every_state_of_slurm_has_a_meaning(state: str) -> None:
    """Every state is one of waiting, running and ended, in the queue's list and in the accounting's."""
    seen = DIALECT.looked(Answer(0, f"8_1|{state}|0|None|N/A|a1|(null)|a:{PREFIX}a|\n", ""), PREFIX)
    later = DIALECT.told(Answer(0, f"8_1|{state}|0:0|a1|a:{PREFIX}a\n", ""), PREFIX)
    assert isinstance(seen, Listing)
    assert isinstance(later, Listing)
    (job,) = seen.jobs
    assert job.phase is phase(state)
    assert bool(job.reason) or job.phase is not Phase.ENDED
    # The accounting is asked for what is out of the queue: what has no end there is what it has not heard the end of.
    over = job.phase is Phase.ENDED or state == "PREEMPTED"
    assert [(one.phase, bool(one.reason)) for one in later.jobs] == [(Phase.ENDED, True)] * over


_PIECES = st.sampled_from(
    [
        "|",
        "\n",
        "_",
        "[",
        "]",
        "%",
        "-",
        ",",
        "8",
        "0",
        PREFIX,
        ":",
        "PENDING",
        "CANCELLED by",
        "0:9",
        "CLUSTER: ",
        "²",
        "\0",
    ]
)
_TEXTS = st.text() | st.lists(_PIECES, max_size=40).map("".join)


@given(status=st.none() | st.integers(-20, 300), out=_TEXTS, err=_TEXTS)
@example(status=0, out="²_[٣]|" + "|" * 7, err="")
@example(status=0, out=f"8_[1-٣]|||||||{PREFIX}", err="")
def test_no_answer_confuses_it(status: int | None, out: str, err: str) -> None:
    """Whatever a command prints, it is read as something."""
    given_answer = Answer(status, out, err)
    DIALECT.looked(given_answer, PREFIX)
    DIALECT.told(given_answer, PREFIX)
    DIALECT.submitted(given_answer)
    DIALECT.most(given_answer)
    for title, _ in DIALECT.tries(()):
        DIALECT.tried(title, given_answer, ())
