"""What a real Slurm makes of the dialect's scripts, and what ``pq config check`` finds of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.chaos.driving import rest, submit
from tests.chaos.scripts import noting
from tests.chaos.stored import stored
from tests.executors.slurm.batches import TAG, batch
from tests.slurm.cluster import Cluster, Variant
from tests.slurm.conftest import configure

from perqueue import Resources, Task
from perqueue.config import Partition
from perqueue.executors.batch.dialect import Answer, Listing
from perqueue.executors.slurm.dialect import SlurmDialect

ODD = 'it\'s "odd" $HOME `id` 100%j \\n #x é'


LOOK = """
def main(**_):
    return True, {name: value for name, value in os.environ.items() if "SLURM" in name}
"""

RANK = """
def main(**_):
    open("rank" + os.environ["SLURM_PROCID"], "w").close()
    return True, {"n": int(os.environ["SLURM_NTASKS"])}
"""


@pytest.mark.parametrize("by", ["script", "command"])
def test_names_with_anything_in_them(slurm: Cluster, queue_folder: Path, by: str) -> None:
    """Slurm understands the directives of a script, and the options of the command, as they were meant."""
    work = queue_folder / ODD
    work.mkdir()
    given = batch("1:xeon24:1m", work=str(work), output=f"{work}/output", python="/bin/true", name="é:|relax", size=2)
    command = SlurmDialect().submit(given)
    words = command.words if by == "command" else command.words[:2]
    job = slurm.ask(*words, "--hold", given=command.stdin).strip()
    shown = slurm.ask("scontrol", "show", "job", job)
    assert f"WorkDir={work}\n" in shown
    assert f"Comment={TAG} \n" in shown
    assert f"JobName=_relax:{TAG}\n" in shown
    assert "Requeue=0" in shown
    slurm.ask("scontrol", "release", job)
    while slurm.ask("squeue", "-h", "-j", job):
        pass
    assert [path.name for path in work.iterdir()] == ["output"]


def test_what_a_job_gets(here: Path, slurm: Cluster) -> None:
    """Cores, memory, GPUs and the time of a task are what its job has."""
    noting(here, "look.py", LOOK)
    asked = Resources(4, 90, "sm3090", gpus=2, gpu_type="RTX3090", memory="2G", exclusive=True)
    (key,) = submit(Task("look.py", None, asked))
    rest(here)
    environment = json.loads(stored(here).outcome(key).data or "")
    job = environment["SLURM_JOB_ID"]
    shown = slurm.ask("scontrol", "show", "job", job)
    assert environment["SLURM_NTASKS"] == "4"
    assert "MinMemoryNode=2G" in shown
    assert "TimeLimit=00:02:00" in shown
    assert "OverSubscribe=NO" in shown
    assert re.search(r"TresPerNode=gres:gpu:RTX3090:2\b", shown)


def test_several_processes(here: Path) -> None:
    """A partition's way to start processes gets as many as the task asks for, and the first one's result counts."""
    configure(here, xeon24='mpi = "srun -n {processes}"\ncores = 24')
    noting(here, "rank.py", RANK)
    (key,) = submit(Task("rank.py", None, "26:xeon24:4:2m"))
    rest(here)
    assert stored(here).outcome(key).data == '{"n":4}'
    assert sorted(path.name for path in here.glob("rank?")) == ["rank0", "rank1", "rank2", "rank3"]


def test_the_tag_is_found(slurm: Cluster) -> None:
    """A job is found again by its tag alone, in the queue."""
    dialect = SlurmDialect()
    given = batch("1:xeon24:1m", Partition("xeon24", flags=("--hold",)), work="/tmp", output="/dev/null", size=3)
    command = dialect.submit(given)
    job = slurm.ask(*command.words, given=command.stdin).strip()
    looked = subprocess.run(dialect.look("pq-").words, capture_output=True, text=True, check=True)
    listing = dialect.looked(Answer(0, looked.stdout, ""), "pq-")
    assert isinstance(listing, Listing)
    found = [(one.job, one.tag, one.index) for one in listing.jobs if one.job.startswith(f"{job}_")]
    assert found == [(f"{job}_{index}", TAG, index) for index in range(3)]


@pytest.mark.parametrize("variant", [Variant(), pytest.param(Variant(accounting=True), marks=pytest.mark.slow)])
def test_checking_the_configuration(here: Path, variant: Variant) -> None:
    """``pq config check`` asks Slurm for the controller, the accounting and each partition."""
    configure(here, xeon40='queue = "nope"')
    done = subprocess.run(
        [sys.executable, "-m", "perqueue", "config", "check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    found = {line.split(": ")[2]: line.split(": ")[0] for line in done.stdout.splitlines() if ": slurm: " in line}
    assert found == {
        "controller": "ok",
        "accounting": "ok",
        "partition xeon24": "ok",
        "partition xeon40": "problem",
        "partition xeon56": "ok",
        "partition sm3090": "ok",
    }
