"""What qsub says, and what the server says of itself."""

from __future__ import annotations

import pytest

from perqueue.config import Partition
from perqueue.executors.batch.dialect import Answer, Refused, Submission, Taken, Unclear
from perqueue.executors.pbs.dialect import PbsDialect

SERVER = """\
Server: pbs0
    server_state = Active
    server_host = pbs0
    scheduling = True
    total_jobs = 3
    state_count = Transit:0 Queued:1 Held:0 Waiting:0 Running:1 Exiting:0 Begun
\t:1
    default_queue = workq
    log_events = 511
    job_history_enable = True
    max_array_size = 10000
    pbs_version = 23.06.06

"""
QUEUE = """\
Queue: workq
    queue_type = Execution
    total_jobs = 3
    resources_max.walltime = 24:00:00
    enabled = True
    started = True

"""


@pytest.mark.parametrize(
    ("answer", "submission"),
    [
        (Answer(0, "0.pbs0\n", ""), Taken("0.pbs0")),
        (Answer(0, "14[].pbs0\n", ""), Taken("14[].pbs0")),
        (Answer(0, "Welcome to the cluster\n1234.head.site.org\n", ""), Taken("1234.head.site.org")),
        (Answer(0, "8\n", "option -S is ignored\n"), Taken("8")),
        (Answer(1, "", "qsub: illegal -N value\n"), Refused("qsub: illegal -N value")),
        (
            Answer(2, "", "qsub:  cannot submit non-rerunable Array Job\n"),
            Refused("qsub: cannot submit non-rerunable Array Job"),
        ),
        (Answer(170, "", "qsub: Unknown queue\n"), Refused("qsub: Unknown queue")),
        (Answer(187, "", "qsub: Unknown resource: ngpu\n"), Refused("qsub: Unknown resource: ngpu")),
        (
            Answer(188, "", "qsub: Job violates queue and/or server resource limits\n"),
            Refused("qsub: Job violates queue and/or server resource limits"),
        ),
        (
            Answer(38, "", "qsub: would exceed queue workq's per-user limit of jobs in 'Q' state\n"),
            Refused("qsub: would exceed queue workq's per-user limit of jobs in 'Q' state"),
        ),
        (Answer(127, "", "sh: 2: exec: qsub: not found\n"), Refused("sh: 2: exec: qsub: not found")),
    ],
)
def test_what_qsub_says_is_a_job_or_a_refusal(answer: Answer, submission: Submission) -> None:
    """A job id is taken; a complaint is kept for people, and nothing was submitted."""
    assert PbsDialect().submitted(answer) == submission


@pytest.mark.parametrize(
    "answer",
    [
        Answer(None, "", ""),
        Answer(-9, "", ""),
        Answer(0, "", ""),
        Answer(162, "", "Connection refused\nqsub: cannot connect to server pbs0 (errno=15010)\n"),
        Answer(255, "", "qsub: Error -1\n"),
    ],
)
def test_a_submission_without_a_clear_answer_is_unclear(answer: Answer) -> None:
    """It has to be looked for before it is tried again."""
    assert isinstance(PbsDialect().submitted(answer), Unclear)


@pytest.mark.parametrize(
    ("answer", "most"),
    [
        (Answer(0, SERVER, ""), 10000),
        (Answer(0, SERVER.replace("max_array_size", "other"), ""), None),
        (Answer(255, "", "cannot connect"), None),
        (Answer(0, '{"Server": {"pbs0": {"max_array_size": 500}}}', ""), 500),
    ],
)
def test_the_server_says_how_large_an_array_may_be(answer: Answer, most: int | None) -> None:
    """If it doesn't, nothing follows."""
    assert PbsDialect().most(answer) == most


def test_each_queue_is_tried_once() -> None:
    """Partitions may share a queue; the default one needs none."""
    partitions = [Partition("a", "pbs", queue="workq"), Partition("workq", "pbs"), Partition("default", "pbs")]
    assert [title for title, _ in PbsDialect().tries(partitions)] == ["server", "queue workq"]


def test_what_was_tried_is_told() -> None:
    """The server's version, its history, and the queues' limits."""
    dialect = PbsDialect()
    assert dialect.tried("server", Answer(0, SERVER, ""), []) == [
        ("server", True, "version 23.06.06, state Active"),
        ("history of jobs", True, "kept"),
    ]
    assert dialect.tried("queue workq", Answer(0, QUEUE, ""), []) == [("queue workq", True, "walltime up to 24:00:00")]
    stopped = QUEUE.replace("enabled = True", "enabled = False")
    assert dialect.tried("queue workq", Answer(0, stopped, ""), []) == [("queue workq", False, "it is not enabled")]


def test_without_a_history_that_is_said() -> None:
    """It is off by default, and works."""
    found = PbsDialect().tried("server", Answer(0, SERVER.replace("job_history_enable = True", "x = 1"), ""), [])
    assert found[1] == (
        "history of jobs",
        True,
        "not kept: why a job ended without an outcome is then not known",
    )


def test_a_queue_that_does_not_exist_names_the_setting() -> None:
    """Partition names are the queues' names unless configured otherwise."""
    answer = Answer(170, "", "qstat: Unknown queue xeon24\n")
    found = PbsDialect().tried("queue xeon24", answer, [Partition("xeon24", "pbs")])
    assert found == [
        (
            "queue xeon24",
            False,
            'qstat: Unknown queue xeon24; give the queue\'s name: [partitions.xeon24] queue = "..."',
        )
    ]
