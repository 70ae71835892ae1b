"""How jobs of a real Slurm end, and what the queue records of it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest
from tests.chaos.driving import gated, quick, rest, submit, wait_begun, wait_left
from tests.chaos.laws import check_laws
from tests.chaos.scripts import noting
from tests.chaos.stored import stored
from tests.queues import wait_until
from tests.slurm.cluster import Cluster, Variant
from tests.slurm.conftest import configure
from tests.slurm.jobs import job_of, line_of

from perqueue import PersistentQueue, Resources, Task
from perqueue.core.records import Outcome
from perqueue.core.states import EntryState


def ended(folder: Path, key: int) -> Outcome:
    """How an entry ended, once nothing moves; all laws hold then, and nothing is left."""
    rest(folder)
    found = check_laws(folder)
    wait_left(folder)
    return found.outcome(key)


def test_a_task_that_succeeds(here: Path) -> None:
    """A task runs as a job, and its result comes back; nothing is left of it."""
    (key,) = submit(quick(resources="1:xeon24:1m"))
    assert ended(here, key).data == '{"n":1}'


def test_a_running_job_that_is_cancelled(here: Path, slurm: Cluster) -> None:
    """Cancelling an entry ends its job."""
    (key,) = submit(gated("1:xeon24:5m"))
    wait_begun(here, key)
    with PersistentQueue() as queue:
        queue.cancel(key)
    assert ended(here, key).reason == "cancelled"
    wait_until(lambda: not slurm.ask("squeue", "-h"), "the end of the job")


@pytest.mark.slow
@pytest.mark.parametrize("variant", [Variant(accounting=True)])
def test_jobs_on_clusters_with_and_without_a_name(here: Path, slurm: Cluster) -> None:
    """Each is asked about and cancelled by itself: one by the name that its flags give its cluster, one as usual."""
    configure(here, xeon24='flags = ["--clusters=pqtest"]')
    named, other, usual = submit(gated("1:xeon24:5m"), gated("1:xeon24:6m"), gated("1:xeon40:5m"))
    for key in (named, other, usual):
        wait_begun(here, key)
    assert job_of(here, named).endswith(";pqtest")
    assert job_of(here, usual).isdecimal()
    slurm.ask("scancel", job_of(here, other).partition(";")[0])
    with PersistentQueue() as queue:
        queue.cancel(named)
    wait_until(lambda: stored(here).states[other] is EntryState.failed, "the end of one job")
    wait_until(lambda: stored(here).states[named] is EntryState.failed, "the end of the other one")
    (here / "go").touch()
    rest(here)
    found = stored(here)
    assert (found.outcome(other).reason, found.outcome(named).reason) == ("cancelled", "cancelled")
    assert found.states[usual] is EntryState.succeeded


def test_a_waiting_job_that_is_cancelled(here: Path, slurm: Cluster) -> None:
    """Cancelling an entry takes a job that waits out of Slurm's queue: it never runs."""
    configure(here, xeon24='flags = ["--hold"]')
    (key,) = submit(quick(resources="1:xeon24:5m"))
    job_of(here, key)
    with PersistentQueue() as queue:
        queue.cancel(key)
    assert ended(here, key).reason == "cancelled"
    assert not slurm.ask("squeue", "-h")


def test_a_job_that_is_removed(here: Path, slurm: Cluster) -> None:
    """Removing an entry ends its job too."""
    (key,) = submit(gated("1:xeon24:5m"))
    wait_begun(here, key)
    with PersistentQueue() as queue:
        queue.remove(key)
    wait_until(lambda: not slurm.ask("squeue", "-h"), "the end of the job")
    rest(here)
    assert stored(here).entries == {}


@pytest.mark.slow
def test_a_job_that_somebody_else_cancels(here: Path, slurm: Cluster) -> None:
    """``scancel`` is no failure of the task: that is what the entry says."""
    (key,) = submit(gated("1:xeon24:5m"))
    wait_begun(here, key)
    slurm.ask("scancel", job_of(here, key))
    assert ended(here, key).reason == "cancelled"


def test_seconds_of_the_walltime(here: Path) -> None:
    """A task has the seconds that it asked for, although Slurm counts in minutes."""
    (key,) = submit(gated("1:xeon24:2s"))
    outcome = ended(here, key)
    assert (stored(here).states[key], outcome.reason) == (EntryState.timeout, "walltime")


@pytest.mark.slow
def test_a_node_that_goes_down(here: Path, slurm: Cluster) -> None:
    """A job whose node is taken down has failed because of the node."""
    (key,) = submit(gated("1:xeon40:5m"))
    wait_begun(here, key)
    slurm.ask("scontrol", "update", "NodeName=b001", "State=DOWN", "Reason=test")
    assert ended(here, key).reason == "node-failure"


@pytest.mark.slow
def test_a_node_that_dies(here: Path, slurm: Cluster) -> None:
    """A job whose node dies, with all that runs there, has failed because of the node."""
    (key,) = submit(gated("1:xeon40:5m"))
    pid = wait_begun(here, key)
    slurm.signal("slurmd.b001", signal.SIGKILL)
    for one in line_of(pid):
        os.kill(one, signal.SIGKILL)
    assert ended(here, key).reason == "node-failure"


@pytest.mark.slow
def test_a_job_that_can_not_start(here: Path) -> None:
    """A job that ends before the task begins says what it printed."""
    configure(here, xeon24='prologue = ["echo no such licence", "exit 7"]')
    (key,) = submit(quick(resources="1:xeon24:1m"))
    outcome = ended(here, key)
    assert outcome.reason == "launch"
    assert "no such licence" in outcome.message


@pytest.mark.slow
def test_a_batch_shell_that_is_killed(here: Path) -> None:
    """When everything of a job is killed at once, it was not Slurm that failed to start it."""
    (key,) = submit(gated("1:xeon24:5m"))
    pid = wait_begun(here, key)
    for one in line_of(pid)[1:]:
        os.kill(one, signal.SIGKILL)
    assert ended(here, key).reason == "lost"


@pytest.mark.parametrize("variant", [Variant(groups=True)])
def test_memory(here: Path, slurm: Cluster) -> None:
    """A task that takes more memory than its job has says so."""
    noting(here, "greedy.py", "def main(**_):\n    note('begun')\n    bytearray(300 << 20)\n    return True, None\n")
    (key,) = submit(Task("greedy.py", None, Resources(1, 300, "xeon24", memory="100M")))
    assert ended(here, key).reason == "oom"


AGAIN = """
def main(**_):
    count = os.environ.get("SLURM_RESTART_COUNT", "0")
    open(f"start{count}", "w").close()
    while count == "0" or not os.path.exists("go"):
        time.sleep(0.05)
    return True, {"restart": int(count)}
"""


@pytest.mark.slow
def test_a_job_that_slurm_starts_again(here: Path, slurm: Cluster) -> None:
    """Where a partition allows it, Slurm's own restart stays the same attempt, and is counted."""
    configure(here, xeon24="requeue = true")
    noting(here, "again.py", AGAIN)
    (key,) = submit(Task("again.py", None, "1:xeon24:5m"))
    wait_until((here / "start0").exists, "the first start")
    slurm.ask("scontrol", "requeue", job_of(here, key))
    wait_until(lambda: stored(here).attempts[key, 1].restarts == 1, "the second start")
    (here / "go").touch()
    rest(here)
    assert stored(here).outcome(key).data == '{"restart":1}'
    assert list(stored(here).attempts) == [(key, 1)]


@pytest.mark.slow
def test_the_time_limit_of_slurm(here: Path, slurm: Cluster) -> None:
    """A job that hangs before the runner keeps the time is ended by Slurm, and that is a timeout."""
    configure(here, xeon24="""prologue = ["trap '' TERM", "while :; do sleep 1; done"]""")
    (key,) = submit(quick(resources="1:xeon24:20s"))
    job = job_of(here, key)
    for _ in range(3):  # Slurm's minute, and how much it is late
        with contextlib.suppress(AssertionError):
            wait_until(lambda: "TIMEOUT" in slurm.ask("squeue", "-h", "-t", "all", "-j", job, "-o", "%T"), "the limit")
            break
    assert ended(here, key).reason == "walltime"
    assert stored(here).states[key] is EntryState.timeout
