"""What the dialect makes of a real Slurm's answers to submissions and questions about the site."""

from __future__ import annotations

import pytest
from tests.executors.slurm.batches import batch
from tests.executors.slurm.captured import NAMES, PREFIX, answer, captured

from perqueue.config import Partition
from perqueue.executors.batch.dialect import Answer, Down, NoHistory, Refused, Taken, Unclear
from perqueue.executors.slurm.dialect import SlurmDialect

DIALECT = SlurmDialect()


def test_a_job_that_was_taken() -> None:
    """The id is what ``--parsable`` prints; a cluster that was named stays with it."""
    taken = DIALECT.submitted(answer("sbatch-taken"))
    assert isinstance(taken, Taken)
    assert taken.job.isdecimal()
    named = DIALECT.submitted(answer("sbatch-named-cluster"))
    assert isinstance(named, Taken)
    assert named.job.endswith(";pqtest")


def test_a_site_that_says_more() -> None:
    """What a site prints before the id does no harm."""
    assert DIALECT.submitted(Answer(0, "Welcome! Charging 17 hours.\n4711\n", "hint")) == Taken("4711")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sbatch-no-partition", "invalid partition specified: nope; Batch job submission failed: Invalid partition"),
        ("sbatch-no-node", "Invalid node name specified"),
        ("sbatch-too-much-memory", "Memory specification can not be satisfied"),
        ("sbatch-too-many-elements", "Invalid job array specification"),
        ("sbatch-unknown-option", "unrecognized option '--nope'"),
        ("sbatch-full", "Resource temporarily unavailable"),
        ("sbatch-user-full", "QOSMaxSubmitJobPerUserLimit"),
        ("sbatch-no-account", "Invalid account"),
    ],
)
def test_refusals(name: str, why: str) -> None:
    """What Slurm says no to was not taken, and the reason is passed on without decoration."""
    refused = DIALECT.submitted(answer(name))
    assert isinstance(refused, Refused)
    assert why in refused.why
    assert "sbatch: error" not in refused.why


@pytest.mark.parametrize(
    ("name", "nodes"), [("sbatch-no-node", True), ("sbatch-not-these-nodes", True), ("sbatch-no-partition", False)]
)
def test_refusals_for_the_sake_of_nodes(name: str, nodes: bool) -> None:
    """What may be due to the nodes that are left out is told from all else."""
    refused = DIALECT.submitted(answer(name))
    assert isinstance(refused, Refused)
    assert refused.nodes is nodes


def test_a_full_slurm_is_not_waited_for() -> None:
    """An ``sbatch`` that tries again by itself, for minutes, has been refused already."""
    said = answer("sbatch-full").err.splitlines()[0]
    assert DIALECT.submitted(Answer(None, "", said)) == Refused(
        "Slurm temporarily unable to accept job, sleeping and retrying"
    )
    assert DIALECT.submit(batch()).enough in said


@pytest.mark.parametrize("name", ["sbatch-down", "sbatch-hanging"])
def test_submissions_that_may_have_arrived(name: str) -> None:
    """Where the controller was not heard, nobody knows whether it took the job."""
    assert isinstance(DIALECT.submitted(answer(name)), Unclear)


@pytest.mark.parametrize(
    "given",
    [
        Answer(None, "", ""),
        Answer(None, "17\n", ""),
        Answer(-9, "", ""),
        Answer(137, "", ""),
        Answer(0, "", ""),
        Answer(0, "Submitted\n", ""),
        Answer(1, "", ""),
        Answer(1, "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"),
        Answer(1, "", "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received"),
    ],
)
def test_other_submissions_that_may_have_arrived(given: Answer) -> None:
    """An ``sbatch`` that was killed, that says nothing, or that lost touch leaves it open."""
    assert isinstance(DIALECT.submitted(given), Unclear)


def test_sites_without_accounting() -> None:
    """``sacct`` says so where there are no accounts, and where it isn't there itself there are none either, for now."""
    assert DIALECT.told(answer("sacct-disabled"), PREFIX) == NoHistory("Slurm accounting storage is disabled")
    assert isinstance(DIALECT.told(Answer(127, "", "sacct can't be run"), PREFIX), NoHistory)


def test_accounting_that_is_down() -> None:
    """An accounting that can't be reached tells nothing, and may do so later."""
    assert isinstance(DIALECT.told(answer("sacct-down"), PREFIX), Down)


def test_accounting_answers_without_the_controller() -> None:
    """The accounting needs no controller."""
    assert not isinstance(DIALECT.told(answer("sacct-controller-down"), PREFIX), Down | NoHistory)


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ("MaxArraySize            = 1001\n", 1001),
        ("MaxArraySize = 0\n", 1),
        ("MaxArraySize = 1001\nSchedulerParameters     = defer,max_array_tasks=50,bf_continue\n", 50),
        ("nothing of the kind\n", None),
    ],
)
def test_how_many_elements_an_array_may_have(settings: str, most: int | None) -> None:
    """Both of Slurm's limits count."""
    assert DIALECT.most(Answer(0, settings, "")) == most


def test_real_limits() -> None:
    """The limit is found among all the settings of a real Slurm, and not found while it is down."""
    assert DIALECT.most(answer("scontrol-config")) == 10001
    assert DIALECT.most(answer("scontrol-config-down")) is None


def _tried(title: str, name: str, *partitions: Partition) -> list[tuple[str, bool, str]]:
    return list(DIALECT.tried(title, answer(name), partitions))


def test_trying_the_controller() -> None:
    """The controller works if it says that it is up."""
    assert _tried("controller", "try-controller") == [("controller", True, "Slurmctld(primary) at head is UP")]
    ((_, works, _),) = _tried("controller", "try-controller-down")
    assert not works


def test_trying_the_accounting() -> None:
    """A site works with accounting and without; one that is down is told."""
    assert [works for _, works, _ in _tried("accounting", "try-accounting")] == [True]
    assert _tried("accounting", "sacct-disabled") == [
        ("accounting", True, "there is none; outcome files and squeue tell what became of jobs")
    ]
    assert [works for _, works, _ in _tried("accounting", "sacct-down")] == [False]


def test_trying_partitions() -> None:
    """Each configured partition must be one of Slurm's; its size and its longest time are shown."""
    partitions = [
        Partition("xeon24", "slurm"),
        Partition("big", "slurm", queue="sm3090"),
        Partition("any", "slurm", queue="xeon24,xeon40"),
        Partition("default", "slurm"),
        Partition("nope", "slurm"),
    ]
    assert _tried("partitions", "try-partitions", *partitions) == [
        ("partition xeon24", True, "2 nodes, 48 cores, at most 2-02:00:00"),
        ("partition big", True, "1 nodes, 80 cores, at most 7-00:00:00"),
        ("partition any", True, "2 nodes, 48 cores, at most 2-02:00:00; 1 nodes, 40 cores, at most 2-02:00:00"),
        ("partition default", True, "Slurm's default, xeon24"),
        ("partition nope", False, "Slurm has no partition 'nope'; set 'queue' to one of sm3090, xeon24, xeon40"),
    ]


def test_what_was_asked_is_what_is_asked() -> None:
    """The captured answers are those to the commands that the dialect gives now."""
    looks = {captured(name).command for name in NAMES if name.startswith("squeue-") and "un" not in name}
    assert looks == {" ".join(DIALECT.look(PREFIX, cluster).words) for cluster in ("", "pqtest")}
    for title, command in DIALECT.tries(()):
        assert captured(f"try-{title}").command == " ".join(command.words)
    limits = DIALECT.limits()
    assert limits is not None
    assert captured("scontrol-config").command == " ".join(limits.words)
