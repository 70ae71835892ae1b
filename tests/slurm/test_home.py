"""What is to run on the queue's home host never runs inside somebody's batch job, which would end it with itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.chaos.driving import rest, settle, submit, wait_begun
from tests.chaos.laws import check_laws
from tests.chaos.scripts import noting
from tests.chaos.stored import stored
from tests.queues import script, wait_until
from tests.slurm.cluster import Cluster, Variant

from perqueue import Task
from perqueue.core.states import EntryState

WHERE = """
def main(**_):
    note("begun")
    while not os.path.exists("go"):
        time.sleep(0.02)
    note("done")
    with open("/proc/self/cgroup") as file:
        return True, {"inside": "/slurm" in file.read(), "job": os.environ.get("SLURM_JOB_ID")}
"""

SUBMIT = """
from perqueue import PersistentQueue, Task

with PersistentQueue() as queue:
    queue.submit(Task("where.py", None, "local:1m") | Task("where.py", None, "1:xeon24:1m"))
"""


@pytest.fixture
def variant() -> Variant:
    """Control groups, by which Slurm ends whatever a job leaves behind."""
    return Variant(groups=True)


@pytest.fixture
def there(here: Path) -> Path:
    """A folder with a task that says where it runs, and a script that submits it to this machine and to Slurm."""
    noting(here, "where.py", WHERE)
    script(here, "submit.py", SUBMIT)
    return here


def submit_in_a_job(slurm: Cluster, folder: Path) -> None:
    """Run the submission script as a batch job, to its end."""
    job = slurm.ask(
        *("sbatch", "--parsable", "--time=1", f"--chdir={folder}", f"--output={folder}/job.out", "--mem=500M"),
        given=f"#!/bin/sh\nexec {sys.executable} submit.py\n",
    ).strip()
    wait_until(lambda: not slurm.ask("squeue", "-h", "-j", job), "the end of the job that submits")


def where(folder: Path, key: int) -> str:
    """Where an entry ran, as it says itself."""
    return stored(folder).outcome(key).data or ""


def test_a_submission_from_a_job(there: Path, slurm: Cluster) -> None:
    """A job that submits gets its batch tasks to Slurm; those of the home host wait to be driven there."""
    submit_in_a_job(slurm, there)
    wait_until(lambda: stored(there).states[2] is not EntryState.goahead, "the batch task to be submitted")
    assert stored(there).states[1] is EntryState.goahead
    (there / "go").touch()
    settle(there)
    found = check_laws(there)
    assert set(found.states.values()) == {EntryState.succeeded}
    assert where(there, 1) == '{"inside":false,"job":null}'
    assert where(there, 2).startswith('{"inside":true,"job":"')


def test_a_submission_from_a_job_while_the_home_is_awake(there: Path, slurm: Cluster) -> None:
    """Where a supervisor lives, it is that one which starts the tasks that a job submits."""
    (first,) = submit(Task("where.py", None, "local:1m"))
    wait_begun(there, first)
    submit_in_a_job(slurm, there)
    (there / "go").touch()
    rest(there)
    found = check_laws(there)
    assert set(found.states.values()) == {EntryState.succeeded}
    assert where(there, 2) == '{"inside":false,"job":null}'


def test_what_a_finished_job_makes_ready(there: Path, slurm: Cluster) -> None:
    """A batch task whose successor is for the home host doesn't take that along."""
    (there / "go").touch()
    keys = submit(Task("where.py", None, "1:xeon24:1m") >> Task("where.py", None, "local:1m"))
    rest(there)
    check_laws(there)
    assert where(there, keys[1]) == '{"inside":false,"job":null}'
