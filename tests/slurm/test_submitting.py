"""Getting jobs to a real Slurm: in arrays, once each whatever dies or is lost on the way, and later if it says no."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.chaos.driving import quick, rest, settle, submit, wait_left
from tests.chaos.laws import check_laws
from tests.chaos.ledger import read_ledger
from tests.chaos.stored import is_busy
from tests.queues import PATIENCE, wait_until
from tests.slurm.cluster import Cluster, Variant
from tests.slurm.conftest import configure
from tests.slurm.programs import LOST, NEVER_SENT, calls, wrap

from perqueue import PersistentQueue, StaticWidthGroup
from perqueue.api import queue as api_queue
from perqueue.core.states import EntryState
from perqueue.executors.notes import read_notes

ROOT: Final = Path(__file__).parents[2]
DYING: Final = str(Path(__file__).with_name("dying.py"))
ASKED: Final = "1:xeon24:2m"


def all_succeeded(folder: Path, number: int) -> None:
    """All laws hold, and every entry has succeeded, done once by its first attempt."""
    found = check_laws(folder)
    assert len(found.entries) == number
    assert set(found.states.values()) == {EntryState.succeeded}
    assert set(read_ledger(folder).done) == {(key, 1) for key in found.entries}
    wait_left(folder)


def submit_alone(monkeypatch: pytest.MonkeyPatch, task: object) -> None:
    """Submit, as somebody who dies before he has the queue driven."""
    with monkeypatch.context() as patched:
        patched.setattr(api_queue, "drive", lambda folder: True)
        submit(task)


def die_at(folder: Path, point: str, number: int) -> bool:
    """Be a supervisor that dies at a point; False if it came to its end before that."""
    ran = subprocess.run(
        [sys.executable, "-P", DYING, f"{folder}/.perqueue", point, str(number)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode in (0, -signal.SIGKILL), ran.stderr
    return ran.returncode != 0


@pytest.mark.parametrize(
    "point",
    [pytest.param("before-submit", marks=pytest.mark.slow), "after-submit", "before-record", "after-record"],
)
def test_a_supervisor_that_dies_between_submission_and_record(
    here: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Wherever it dies around ``sbatch``, the next one finds the job or submits it: no entry is lost or run twice."""
    submit_alone(monkeypatch, StaticWidthGroup(quick(resources=ASKED), 3))
    assert die_at(here, point, 1)
    settle(here)
    all_succeeded(here, 3)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["before-commit", "after-commit", "after-submit", "before-record"])
def test_a_supervisor_that_dies_at_any_step(here: Path, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """The same at its later transactions and submissions, until one supervisor survives."""
    expected = 0
    for number in range(1, 40, 4):
        submit_alone(monkeypatch, quick(resources=ASKED) >> StaticWidthGroup(quick(resources=ASKED), 2))
        dead = die_at(here, point, number)
        settle(here)
        expected += 3
        all_succeeded(here, expected)
        if not dead:
            return
    raise AssertionError("it never survived")


@pytest.mark.parametrize(
    "what",
    [pytest.param(LOST, id="taken"), pytest.param(NEVER_SENT, id="never-sent", marks=pytest.mark.slow)],
)
def test_a_submission_whose_answer_is_lost(here: Path, what: str) -> None:
    """An ``sbatch`` that didn't hear from Slurm may have queued the job: it is looked for before it is sent again."""
    bin_ = wrap(here, sbatch=what)
    configure(here, f'bin = "{bin_}"')
    submit(StaticWidthGroup(quick(resources=ASKED), 3))
    rest(here)
    all_succeeded(here, 3)
    assert calls(bin_)["sbatch"] == (1 if what == LOST else 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "why"),
    [
        (Variant(accounting=True, extra="AccountingStorageEnforce=limits,qos"), "MaxSubmitJob"),
        (Variant(extra="MaxJobCount=4\nMinJobAge=2"), "unable to accept job"),
    ],
    ids=["user", "slurm"],
)
def test_refusals(here: Path, slurm: Cluster, why: str) -> None:
    """What Slurm has no room for, for the user or at all, waits outside, and ``pq ls`` says why; nothing fails."""
    if slurm.variant.accounting:
        user = slurm.ask("id", "-un").strip()
        slurm.ask("sacctmgr", "-i", "modify", "qos", "normal", "set", "MaxSubmitJobsPerUser=3")
        slurm.ask("sacctmgr", "-i", "add", "account", "test")
        slurm.ask("sacctmgr", "-i", "add", "user", user, "account=test")
    submit(StaticWidthGroup(quick(resources=ASKED), 7))
    notes = here / ".perqueue/scheduler/slurm.json"
    wait_until(lambda: notes.exists() and why in notes.read_text(encoding="utf-8"), "the refusal")
    for number in (1, 4, 7):
        wait_until(lambda n=number: len(read_ledger(here).done) >= n, f"{number} entries")  # type: ignore[misc]
    rest(here)
    all_succeeded(here, 7)


@pytest.mark.slow
def test_a_wide_group(here: Path) -> None:
    """Five hundred equal entries are two submissions at most."""
    bin_ = wrap(here)
    configure(here, f'bin = "{bin_}"')
    submit(StaticWidthGroup(quick(resources="1:xeon24:30m"), 500))
    for part in range(1, 10):
        wait_until(lambda n=part: len(read_ledger(here).done) >= 50 * n, f"{50 * part} entries")  # type: ignore[misc]
    rest(here)
    all_succeeded(here, 500)
    assert 1 <= calls(bin_)["sbatch"] <= 2


@pytest.mark.slow
@pytest.mark.parametrize("width", [10, 300])
def test_how_often_slurm_is_asked(here: Path, width: int) -> None:
    """One question at an interval is about all jobs, however many they are, and nothing else is asked meanwhile."""
    bin_ = wrap(here)
    configure(here, f'bin = "{bin_}"', xeon24='flags = ["--hold"]')
    keys = submit(StaticWidthGroup(quick(resources=ASKED), width))
    notes = f"{here}/.perqueue"
    wait_until(
        lambda: sum(note.state == "pending" for note in read_notes(notes, "slurm").jobs.values()) == width, "all"
    )
    before, looks = calls(bin_), set[float]()

    def ten_looks() -> bool:
        looks.add(read_notes(notes, "slurm").looked)
        return len(looks) > 10

    wait_until(ten_looks, "ten looks")
    asked = calls(bin_) - before
    assert set(asked) == {"squeue"}
    assert asked["squeue"] <= 11  # the last one's answer may still be under way
    with PersistentQueue() as queue:
        queue.remove(keys)
    wait_until(lambda: not is_busy(here), "the end of all jobs")
    assert calls(bin_)["sbatch"] == 1
    assert calls(bin_)["scancel"] == 1
