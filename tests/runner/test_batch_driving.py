"""After its outcome a batch job moves the queue, if nobody else does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perqueue.runner.batch.driving import drive_if_nobody_does, is_abandoned, plain

if TYPE_CHECKING:
    from tests.runner.conftest import Alone, Queue

    from perqueue.runner.job import Job


@pytest.fixture
def ended(queue: Queue) -> Job:
    """A job whose outcome was written just now."""
    job = queue.job("")
    Path(queue.spool.new, f"{job.key}.1").touch()
    return job


@pytest.mark.parametrize(("age", "abandoned"), [(0, False), (50, False), (70, True), (-1000, False)])
def test_beats(queue: Queue, ended: Job, age: float, abandoned: bool) -> None:
    """Nobody drives a queue whose last sign of life is a minute older than the outcome."""
    written = os.stat(Path(queue.spool.new, f"{ended.key}.1")).st_mtime
    os.utime(queue.root / "beat", (written - age, written - age))
    assert is_abandoned(ended) == abandoned


def test_no_beat(queue: Queue, ended: Job) -> None:
    """Nobody drives a queue that never gave a sign of life, unless somebody took the outcome already."""
    (queue.root / "beat").unlink()
    assert is_abandoned(ended)
    queue.spool.settle(ended.key, 1)
    assert not is_abandoned(ended)


def test_drives(queue: Queue, ended: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One tick is made beside the queue, without what tells of this job, and what it prints goes to the log."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"; pwd; echo "$SLURM_JOB_ID.$SLURM_CONF.$PERQUEUE_DEADLINE"; exit 3\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("SLURM_JOB_ID", "SLURM_CONF", "PERQUEUE_DEADLINE"):
        monkeypatch.setenv(name, name)
    drive_if_nobody_does(ended)
    assert ended.log is not None
    assert not Path(ended.log).exists()
    (queue.root / "beat").unlink()
    drive_if_nobody_does(ended)
    assert queue.log(ended).splitlines() == ["-P -m perqueue tick --from-job", str(queue.folder), ".SLURM_CONF."]
    python.unlink()
    drive_if_nobody_does(ended)


def test_environment() -> None:
    """What a scheduler says of the job is left out; where Slurm is configured, and all else, stays."""
    kept = {"SLURM_CONF": "a", "PATH": "b", "SLURMISH": "c"}
    assert plain(kept | {"SLURM_JOB_ID": "1", "PBS_JOBID": "2", "PERQUEUE_DEADLINE": "3"}) == kept


def test_a_queue_without_a_driver(queue: Queue, run_alone: Alone) -> None:
    """A job of a queue that nobody drives ends well although its step fails: here is no queue to move."""
    (queue.root / "beat").unlink()
    job = queue.job("def main(**kw): return True, None")
    assert run_alone(job).wait(queue.patience) == 0
    assert queue.outcome(job).verdict == "succeeded"
    assert queue.log(job) != ""
