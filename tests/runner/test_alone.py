"""``python -m perqueue.runner``: one job in one process, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from perqueue.runner.process import session_members

if TYPE_CHECKING:
    from tests.runner.conftest import Queue


def test_runs_a_job(queue: Queue, run_alone: Any) -> None:
    """The job's outcome is written, synced when it is to be durable, and the status is 0."""
    job = queue.job("def main(**kw): return True, kw", args='{"a":1}', durable=True, walltime=1000)
    assert run_alone(job).wait(queue.patience) == 0
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.data) == ("succeeded", '{"a":1}')
    claim = queue.spool.read_claim(job.key, 1)
    assert claim is not None
    assert (claim.pid, claim.server, claim.walltime) == (outcome.pid, None, 1000)


def test_failure_is_no_failure_of_the_runner(queue: Queue, run_alone: Any) -> None:
    """A task that raises is an outcome; the runner's own status is 0."""
    job = queue.job("def main(**kw): raise ValueError('no')")
    assert run_alone(job).wait(queue.patience) == 0
    assert queue.outcome(job).reason == "raised"


def test_two_runners_race(queue: Queue, run_alone: Any) -> None:
    """Of two runners of one attempt exactly one runs it; the other leaves with status 75 and no trace."""
    job = queue.job("def main(**kw):\n    open('ran', 'a').write('x')\n    return True, None")
    racers = [run_alone(job) for _ in range(3)]
    assert sorted(racer.wait(queue.patience) for racer in racers) == [0, 75, 75]
    assert (queue.folder / "ran").read_text() == "x"
    assert queue.spool.list_new() == [f"{job.key}.1"]
    assert queue.log(job) == ""


@pytest.mark.parametrize(
    "body",
    [
        "import time\ndef main(**kw): time.sleep(1000)",
        "import subprocess\ndef main(**kw): subprocess.run(['sleep', '1000'])",
        "import os, time\nif os.fork() == 0: time.sleep(1000)\ndef main(**kw): time.sleep(1000)",
    ],
)
def test_walltime(queue: Queue, run_alone: Any, body: str) -> None:
    """A task that runs too long has a timeout for its outcome, and nothing of it is left."""
    job = queue.job(body, walltime=0.3)
    process = run_alone(job)
    process.wait(queue.patience)
    outcome = queue.outcome(job)
    assert (outcome.verdict, outcome.reason) == ("timeout", "walltime")
    assert session_members(process.pid) == []


def test_attempt_that_can_not_be_claimed(queue: Queue, run_alone: Any) -> None:
    """Without a spool nothing runs, and the status says that perqueue failed."""
    job = queue.job("def main(**kw):\n    open('ran', 'a')\n    return True, None")
    (queue.root / "spool").rename(queue.root / "away")
    assert run_alone(job).wait(queue.patience) == 70
    assert not (queue.folder / "ran").exists()
    assert "can't be claimed" in queue.log(job)


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_wrong_command_line(queue: Queue, text: str | None) -> None:
    """A job file that is missing or none is told in one line, with status 2."""
    path = queue.folder / "1.job"
    if text is not None:
        path.write_text(text)
    for arguments in ([], [str(path)]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "perqueue.runner", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


def test_lean_import() -> None:
    """Importing the runner brings in nothing that is slow to import or has no business in it."""
    code = (
        "import json, sys\nbefore = set(sys.modules)\n"
        "import perqueue.runner.forkserver, perqueue.runner.__main__\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in json.loads(done.stdout)}
    heavy = {"attr", "attrs", "numpy", "sqlite3", "subprocess", "asyncio", "multiprocessing", "threading", "inspect"}
    assert roots.isdisjoint(heavy)
    assert roots.isdisjoint({"traceback", "dataclasses", "pathlib", "logging", "tempfile"})
