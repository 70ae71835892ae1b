"""Whole campaigns on the double of PBS: the same scripts as anywhere, sent there by configuration alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.chaos.driving import quick, rest, submit
from tests.chaos.ledger import read_ledger
from tests.chaos.scripts import noting, write_scripts
from tests.chaos.stored import stored
from tests.pbs.configuring import configure
from tests.pbs.site import Pbs
from tests.queues import wait_until

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.core.states import EntryState
from perqueue.executors.notes import read_notes

SEED = Path(__file__).parents[1] / "seed"


@pytest.fixture
def here(pbs: Pbs, queue_folder: Path) -> Path:
    """A folder whose configuration sends partitions to PBS, with task scripts."""
    write_scripts(queue_folder)
    configure(queue_folder)
    return queue_folder


def ran_once(folder: Path, keys: list[int]) -> bool:
    ledger = read_ledger(folder)
    return ledger.begun == ledger.done == Counter((key, 1) for key in keys)


def test_a_task_runs_as_a_job(pbs: Pbs, here: Path) -> None:
    """It is submitted, runs where PBS puts it, and its result comes back; the scheduler's id is kept."""
    (key,) = submit(quick(resources="2:workq:5m"))
    rest(here)
    entry = PersistentQueue().get_entry(key)
    assert (str(entry.state), entry.data, entry.mq_id) == ("succeeded", {"n": 1}, pbs.job(0))
    script = pbs.log("qsub")[0]["script"]
    assert "#PBS -l select=1:ncpus=2:mpiprocs=2" in script
    assert "#PBS -l walltime=300" in script


def test_results_go_from_job_to_job(pbs: Pbs, here: Path) -> None:
    """A chain over two partitions and this machine."""
    noting(here, "add.py", "def main(n=0, **_):\n    return True, {'n': n + 1}\n")
    tasks = [Task("add.py", None, resources) for resources in ("1:workq:5m", "local:5m", "1:short:5m")]
    keys = submit(tasks)
    rest(here)
    assert [PersistentQueue().get_data(key) for key in keys] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert len(pbs.log("qsub")) == 2


def test_equal_tasks_are_one_array(pbs: Pbs, here: Path) -> None:
    """A group becomes an array; each element runs its own entry, once."""
    keys = submit(StaticWidthGroup(quick(resources="1:workq:5m"), 6))
    rest(here)
    assert ran_once(here, keys)
    assert len(pbs.log("qsub")) == 1
    assert [PersistentQueue().get_entry(key).mq_id for key in keys] == [pbs.job(0, index) for index in range(6)]


def test_a_task_that_fails_is_told_from_its_outcome(pbs: Pbs, here: Path) -> None:
    """Its traceback comes back; others go on."""
    noting(here, "bad.py", "def main(**_):\n    raise ValueError('no luck')\n")
    bad, good = submit(Task("bad.py", None, "1:workq:5m"), quick(resources="1:workq:5m"))
    rest(here)
    assert stored(here).states == {bad: EntryState.failed, good: EntryState.succeeded}
    assert "no luck" in stored(here).outcome(bad).message


def test_what_waits_says_why(pbs: Pbs, here: Path) -> None:
    """The scheduler's reason is noted for listings."""
    pbs.set(nodes={})
    (key,) = submit(quick(resources="1:workq:5m"))

    def reason() -> str:
        notes = read_notes(f"{here}/.perqueue", "pbs").jobs
        return notes[f"{key}.1"].reason if notes else ""

    assert "Insufficient amount of resource: ncpus" in wait_until(reason, "the reason")
    pbs.set(nodes={"pbs0": 1})
    rest(here)


@pytest.mark.slow
def test_a_task_is_warned_before_its_walltime(pbs: Pbs, here: Path) -> None:
    """PBS gives no warning: the runner in the job does. What was saved then is gone on from in another attempt."""
    noting(
        here,
        "long.py",
        """
def main(**_):
    note("begun")
    while not os.path.exists("saved"):
        time.sleep(0.02)
    note("done")
    return True, {}

def checkpoint():
    open("saved", "w").close()
    return True
""",
    )
    (key,) = submit(Task("long.py", None, "1:workq:3s"))
    rest(here)
    assert stored(here).states == {key: EntryState.succeeded}
    assert read_ledger(here).begun == {(key, 1): 1, (key, 2): 1}
    assert len(pbs.log("qsub")) == 2


def test_a_dry_run_writes_the_scripts(pbs: Pbs, here: Path) -> None:
    """They are those that would be submitted; nothing is."""
    (here / "submit.py").write_text(
        "from perqueue import *\nwith PersistentQueue() as queue:\n"
        "    queue.submit(StaticWidthGroup(Task('quick.py', None, '2:workq:5m'), 3))\n"
    )
    words = [sys.executable, "-m", "perqueue", "dry-run", "submit.py", "--scripts", "scripts"]
    subprocess.run(words, check=True, capture_output=True)
    (script,) = (here / "scripts").iterdir()
    assert "#PBS -J 0-2\n" in script.read_text()
    assert not pbs.log()


def test_the_configuration_is_checked(pbs: Pbs, here: Path) -> None:
    """pq config check asks the server and each queue."""
    pbs.set(queues=["other"])
    done = subprocess.run([sys.executable, "-m", "perqueue", "config", "check"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "version 23.06.06" in done.stdout
    assert "Unknown queue workq" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "arguments", "succeed"),
    [("screening", ["1", "3"], 32), ("active_learning", [], 26), ("cluster_expansion", [], 18)],
)
def test_the_seeds_use_cases(pbs: Pbs, here: Path, case: str, arguments: list[str], succeed: int) -> None:
    """Their submission scripts as printed; only the configuration says that the partitions are PBS's."""
    pbs.set(nodes={"a001": 48, "a002": 48, "b001": 168})
    for path in (SEED / case).glob("*.py"):
        shutil.copy(path, here)
    subprocess.run([sys.executable, "submit.py", *arguments], check=True, capture_output=True)
    rest(here)
    found = Counter(str(entry.state) for entry in PersistentQueue().get_entries())
    assert found == {"succeeded": succeed}
    assert len(pbs.log("qsub")) > 0


@pytest.mark.slow
def test_five_hundred_wide(pbs: Pbs, here: Path) -> None:
    """At most two submissions, each entry once, and as many looks as for few."""
    pbs.set(nodes={"pbs0": 6})
    keys = submit(StaticWidthGroup(quick(resources="1:workq:5m"), 500))
    wait_until(lambda: len(pbs.log("qsub")) > 0, "the submission")
    rest(here)
    assert ran_once(here, keys)
    assert len(pbs.log("qsub")) <= 2
