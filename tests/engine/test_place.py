"""Where a process stands: at home, or in a batch job, from which nothing may be started that should outlive it."""

from __future__ import annotations

import subprocess

import pytest
from tests.engine.conftest import Bench

from perqueue.engine.place import batch_job, home_host
from perqueue.engine.wake import ensure_supervisor
from perqueue.runner.process import host
from perqueue.supervisor.loop import Wake

JOBS = {
    "SLURM_JOB_ID": "SLURM_SUBMIT_HOST",
    "PBS_JOBID": "PBS_O_HOST",
    "LSB_JOBID": "LSB_SUB_HOST",
}


@pytest.mark.parametrize("name", [*JOBS, "FLUX_JOB_ID", "HQ_JOB_ID"])
def test_a_batch_job_is_known_by_its_environment(name: str) -> None:
    """Each batch system names its jobs there; an empty name is none."""
    assert batch_job({name: "17", "HOME": "/home/me"}) == "17"
    assert batch_job({name: ""}) == batch_job({}) == ""


@pytest.mark.parametrize(("job", "submit"), JOBS.items())
def test_a_queue_that_a_job_makes_belongs_to_the_host_it_came_from(job: str, submit: str) -> None:
    """Not to the node, where nobody will be left when the job is over."""
    assert home_host({job: "17", submit: "login1"}) == "login1"
    assert home_host({job: "17"}) == host(), "where that isn't told"
    assert home_host({submit: "login1"}) == host(), "outside of a job it means nothing"


def test_no_supervisor_is_started_in_a_batch_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lives is woken, at home; none is started."""

    def started(*_: object, **__: object) -> None:
        raise AssertionError("a process is started")

    monkeypatch.setenv("PBS_JOBID", "17.server")
    monkeypatch.setattr(subprocess, "Popen", started)
    assert not ensure_supervisor(bench.folder)
    ear = Wake(bench.folder.wake)
    try:
        assert ensure_supervisor(bench.folder)
        assert ear.drain()
    finally:
        ear.close()
