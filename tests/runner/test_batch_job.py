"""``python -m perqueue.runner.batch``: one attempt in a batch job, from its job file to its outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.runner.reading import data

from perqueue.runner.batch.place import Place, find_place, job_file
from perqueue.runner.process import session_members

if TYPE_CHECKING:
    from tests.runner.conftest import Alone, Queue

SLURM = {"SLURM_JOB_ID": "19", "SLURM_ARRAY_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": "1"}


def test_runs_a_job(queue: Queue, run_alone: Alone) -> None:
    """The job's outcome is written, synced when it is to be durable, and the status is 0."""
    job = queue.job("def main(**kw): print('hello'); return True, kw", args='{"a":1}', durable=True, walltime=1000)
    process = run_alone(job)
    assert process.wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.data, outcome.restarts) == ("succeeded", '{"a":1}', 0)
    assert queue.log(job) == "hello\n"
    claim = queue.spool.read_claim(job.key, 1)
    assert claim is not None
    assert (claim.pid, claim.server, claim.walltime, claim.job) == (process.pid, None, 1000, "")


def test_failure_is_no_failure_of_the_runner(queue: Queue, run_alone: Alone) -> None:
    """A task that raises is an outcome; the runner's own status is 0."""
    job = queue.job("def main(**kw): raise ValueError('no')")
    assert run_alone(job).wait(queue.patience) == 0
    assert queue.outcome(job).reason == "raised"


def test_has_a_group_but_no_session_of_its_own(queue: Queue, run_alone: Alone) -> None:
    """A task leads its own process group within the job's session, and what it leaves in that group is ended."""
    job = queue.job(
        "import os, subprocess\n"
        "def main(**kw):\n"
        "    left = subprocess.Popen(['sleep', '1000'])\n"
        "    return True, {'pid': os.getpid(), 'group': os.getpgrp(), 'session': os.getsid(0), 'left': left.pid}"
    )
    process = run_alone(job)
    process.wait(queue.patience)
    told = data(queue.outcome(job))
    assert told["pid"] == told["group"] != process.pid
    assert told["session"] == process.pid
    queue.wait_until(lambda: not queue.running(told["left"]), "the end of what was left")


def test_two_runners_race(queue: Queue, run_alone: Alone) -> None:
    """Of several runners of one attempt exactly one runs it; the others leave with status 75 and no trace."""
    job = queue.job("def main(**kw):\n    open('ran', 'a').write('x')\n    return True, None")
    racers = [run_alone(job) for _ in range(3)]
    assert sorted(racer.wait(queue.patience) for racer in racers) == [0, 75, 75]
    assert (queue.folder / "ran").read_text() == "x"
    assert queue.spool.list_new() == [f"{job.key}.1"]
    assert queue.log(job) == ""
    assert run_alone.error.read_text() == ""


def test_an_attempt_with_an_outcome_is_left_alone(queue: Queue, run_alone: Alone) -> None:
    """What has an outcome is not run again, even if its claim has gone."""
    job = queue.job("def main(**kw):\n    open('ran', 'a').write('x')\n    return True, None")
    assert run_alone(job).wait(queue.patience) == 0
    os.unlink(queue.spool.claim_path(job.key, 1))
    assert run_alone(job).wait(queue.patience) == 75
    assert (queue.folder / "ran").read_text() == "x"


def test_attempt_that_can_not_be_claimed(queue: Queue, run_alone: Alone) -> None:
    """Without a spool nothing runs, and the status says that perqueue failed."""
    job = queue.job("def main(**kw):\n    open('ran', 'a')\n    return True, None")
    (queue.root / "spool").rename(queue.root / "away")
    assert run_alone(job).wait(queue.patience) == 70
    assert not (queue.folder / "ran").exists()
    assert "can't be claimed" in run_alone.error.read_text()


def test_log_that_can_not_be_opened(queue: Queue, run_alone: Alone) -> None:
    """The task does not run, and its outcome says why."""
    job = queue.job("def main(**kw): return True, None", log=str(queue.folder / "missing" / "log"))
    assert run_alone(job).wait(queue.patience) == 0
    assert queue.outcome(job).reason == "launch"


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_wrong_command_line(queue: Queue, run_alone: Alone, text: str | None) -> None:
    """A job file that is missing or none is told in one line, with status 2."""
    path = queue.folder / "1.job"
    if text is not None:
        path.write_text(text)
    for lines, arguments in enumerate(([], [str(path)], ["a", "1", "b"], ["--rank", str(path), "-", "0"]), 1):
        assert run_alone.start(*arguments).wait(queue.patience) == 2
        assert len(run_alone.error.read_text().splitlines()) == lines


@pytest.mark.parametrize(
    ("arguments", "environment", "job"),
    [
        ((), SLURM, "17_1"),
        ((), {"PBS_JOBID": "14[1].pbs0", "PBS_ARRAY_INDEX": "1"}, "14[1].pbs0"),
        (("1",), {}, ""),
        (("1",), {"PERQUEUE_JOB": "5@1", "PERQUEUE_RESTART": "0"} | SLURM, "5@1"),
    ],
)
def test_element_of_an_array(
    queue: Queue, run_alone: Alone, arguments: tuple[str, ...], environment: dict[str, str], job: str
) -> None:
    """A folder holds a job for each element; the scheduler's index says which, and the claim says which job has it."""
    body = "import os\ndef main(**kw): return True, {'left': [n for n in os.environ if n[:11] == 'PERQUEUE_JO']}"
    jobs = [queue.job(body) for _ in range(2)]
    folder = queue.folder / "jobs"
    folder.mkdir()
    for index, one in enumerate(jobs):
        (folder / f"{index}.job").write_bytes(one.to_bytes())
    assert run_alone.start(str(folder), *arguments, **environment).wait(queue.patience) == 0
    assert queue.spool.list_new() == [f"{jobs[1].key}.1"]
    assert data(queue.outcome(jobs[1])) == {"left": []}
    claim = queue.spool.read_claim(jobs[1].key, 1)
    assert claim is not None
    assert claim.job == job


@pytest.mark.parametrize("index", ["0", "5"])
def test_index_that_was_inherited(tmp_path: Path, index: str) -> None:
    """What is no array runs its only job, under its own id, although it was submitted from an array's element."""
    (tmp_path / "0.job").touch()
    environment = {"SLURM_JOB_ID": "20", "SLURM_ARRAY_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": index}
    path, array = job_file(str(tmp_path), None, environment)
    assert (path, array) == (f"{tmp_path}/0.job", False)
    assert find_place(environment, array).job == "20"


def test_places() -> None:
    """The environment tells how often a job was started before, where the scheduler counts that."""
    assert find_place({}, False) == Place("", 0)
    slurm = {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": "2", "SLURM_JOB_START_TIME": "9", "SLURM_JOB_END_TIME": "99"}
    assert find_place(slurm, False) == Place("7", 2, starts=9.0, ends=99.0)
    assert find_place({"PERQUEUE_JOB": "5", **slurm}, False) == Place("5", 0, ends=99.0)
    pbs = find_place({"PBS_JOBID": "7.pbs0"}, False)
    assert (pbs.job, pbs.restart) == ("7.pbs0", None)
    assert pbs.patience < 10
    assert not pbs.reruns
    assert find_place({"PBS_JOBID": "7[2].pbs0", "PBS_ARRAY_INDEX": "2"}, True).reruns
    other = {"PERQUEUE_JOB": "7@3", "PERQUEUE_RESTART": "4", "SLURM_JOB_ID": "1"}
    assert find_place(other, False) == Place("7@3", 4)
    assert other == {"SLURM_JOB_ID": "1"}


def test_started_with_signals_ignored(queue: Queue, run_alone: Alone) -> None:
    """What the batch shell ignored for itself is as usual in the task and in its processes."""
    job = queue.job(
        "import subprocess\n"
        "def main(**kw):\n"
        "    lines = subprocess.run(['cat', '/proc/self/status'], capture_output=True, text=True).stdout.splitlines()\n"
        "    return True, dict(line.split(':\\t') for line in lines if line.startswith(('SigIgn', 'SigBlk')))"
    )
    path = queue.folder / "1.job"
    path.write_bytes(job.to_bytes())
    script = f"trap '' USR1 TERM INT; exec {sys.executable} -P -m perqueue.runner.batch {path}"
    subprocess.run(["sh", "-c", script], check=True, timeout=queue.patience)
    told = data(queue.outcome(job))
    for number in (10, 15, 2):
        assert not int(told["SigIgn"], 16) >> (number - 1) & 1
    assert int(told["SigBlk"], 16) == 0


def test_lean_import() -> None:
    """Importing the runner brings in nothing that is slow to import, not of Python itself, or has no business in it."""
    code = (
        "import json, sys\nbefore = set(sys.modules)\n"
        "import perqueue.runner.forkserver, perqueue.runner.batch.__main__\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert roots <= sys.stdlib_module_names | {"perqueue"}
    heavy = {"sqlite3", "subprocess", "asyncio", "multiprocessing", "threading", "inspect", "ctypes"}
    assert roots.isdisjoint(heavy)
    assert roots.isdisjoint({"traceback", "dataclasses", "pathlib", "logging", "tempfile"})


def test_nothing_is_left(queue: Queue, run_alone: Alone) -> None:
    """When a batch job's process has ended, nothing of its session is left."""
    process = run_alone(queue.job("def main(**kw): return True, None"))
    process.wait(queue.patience)
    assert session_members(process.pid) == []
