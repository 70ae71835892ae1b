"""A Slurm whose controller is away for a while, and one that forgets its jobs soon."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.chaos.driving import gated, quick, rest, submit, wait_begun, wait_left
from tests.chaos.laws import check_laws
from tests.chaos.stored import stored
from tests.queues import wait_until
from tests.slurm.cluster import Cluster, Variant
from tests.slurm.conftest import configure
from tests.slurm.jobs import line_of
from tests.slurm.programs import wrap

from perqueue import StaticWidthGroup
from perqueue.core.states import EntryState
from perqueue.executors.notes import read_notes

FORGETFUL = "MinJobAge=2"


def stop_controller(slurm: Cluster) -> None:
    """End the controller, and see it gone. It saves its state, as a crash would lose the jobs of the last seconds."""
    pid = slurm.pid("slurmctld")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{pid}/fd/0").exists(), "the end of the controller")


def trouble(folder: Path) -> str:
    """What the queue says is wrong with Slurm."""
    return read_notes(f"{folder}/.perqueue", "slurm").trouble


def all_succeeded(folder: Path) -> None:
    """All laws hold, and every entry has succeeded."""
    rest(folder)
    assert set(check_laws(folder).states.values()) == {EntryState.succeeded}
    wait_left(folder)


@pytest.mark.slow
def test_a_controller_that_is_started_again(here: Path, slurm: Cluster) -> None:
    """Jobs live through a restart of the controller, and so do the entries."""
    (key,) = submit(gated("1:xeon24:5m") >> quick(resources="1:xeon24:5m"))[:1]
    wait_begun(here, key)
    stop_controller(slurm)
    slurm.start()
    (here / "go").touch()
    all_succeeded(here)


@pytest.mark.slow
def test_a_controller_that_is_down(here: Path, slurm: Cluster) -> None:
    """While the controller is down nothing changes but what outcome files tell; later all goes on."""
    keys = submit(gated("1:xeon24:5m"), gated("1:xeon40:5m", gate="later") >> quick(resources="1:xeon24:5m"))
    for key in keys[:2]:
        wait_begun(here, key)
    stop_controller(slurm)
    wait_until(lambda: trouble(here), "the queue to notice")
    (here / "go").touch()
    wait_until(lambda: stored(here).states[keys[0]] is EntryState.succeeded, "the first to succeed")
    submit(quick(resources="1:xeon24:5m"))
    assert stored(here).states[keys[1]] is EntryState.running
    slurm.start()
    (here / "later").touch()
    all_succeeded(here)


@pytest.mark.parametrize(
    "variant",
    [Variant(extra=FORGETFUL), Variant(accounting=True, extra=FORGETFUL)],
)
@pytest.mark.slow
def test_jobs_that_slurm_forgets(here: Path, slurm: Cluster) -> None:
    """What Slurm forgets right after its end is known by its outcome, with accounting and without."""
    submit(quick(resources="1:xeon24:5m") >> StaticWidthGroup(quick(3.0, resources="1:xeon24:5m"), 4))
    all_succeeded(here)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "reason"),
    [(Variant(), "vanished"), (Variant(accounting=True), "lost")],
    ids=["without", "accounting"],
)
def test_a_job_that_is_forgotten_with_no_outcome(here: Path, reason: str) -> None:
    """A job that left nothing, and that Slurm forgot at once, has vanished, unless the accounting knows of it."""
    bin_ = wrap(here, squeue="if [ -e {folder}/forget ]; then exit 0; fi")
    configure(here, f'bin = "{bin_}"\nabsence = 20')
    (key,) = submit(gated("1:xeon24:5m"))
    pid = wait_begun(here, key)
    (bin_ / "forget").touch()
    for one in line_of(pid)[1:]:
        os.kill(one, signal.SIGKILL)
    rest(here)
    assert check_laws(here).outcome(key).reason == reason


def test_a_job_that_is_missing_for_a_while(here: Path) -> None:
    """Absence counts only without a break: a job that is there again is as good as one that never was away."""
    bin_ = wrap(here, squeue="if [ -e {folder}/hide ]; then rm {folder}/hide; exit 0; fi")
    configure(here, f'bin = "{bin_}"\nabsence = 3600')
    (key,) = submit(gated("1:xeon24:5m"))
    wait_begun(here, key)
    note = f"{key}.1"
    (bin_ / "hide").touch()
    wait_until(lambda: not (bin_ / "hide").exists(), "a look that shows nothing")
    wait_until(lambda: read_notes(f"{here}/.perqueue", "slurm").jobs[note].since is None, "a look that shows the job")
    (here / "go").touch()
    all_succeeded(here)
