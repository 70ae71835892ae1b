"""The seed's four use cases on a real Slurm: the same scripts and the same results, by configuration alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.stored import is_busy
from tests.queues import wait_until
from tests.seed.test_seed_workflows import ARGUMENTS, HERE
from tests.slurm.cluster import Variant
from tests.slurm.conftest import configure

import perqueue
from perqueue import PersistentQueue


def results(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What comes of a use case in a folder with a configuration: every entry, its state and its data."""
    for script in (HERE / case).glob("*.py"):
        shutil.copy(script, folder)
    monkeypatch.chdir(folder)
    done = subprocess.run([sys.executable, "submit.py", *ARGUMENTS[case]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _settle(folder)
    for number in range(2 * (case == "segmentation")):
        # The person in the loop.
        (folder / f"image{number}.label").write_text(f"cat {number}\n")
        with PersistentQueue() as pq:
            pq.resubmit(pq.get_entries(selection=perqueue.Selection(states="f")))
        _settle(folder)
    return sorted((e.name, str(e.pq_args), str(e.state), str(e.data)) for e in PersistentQueue().get_entries())


def _settle(folder: Path) -> None:
    wait_until(lambda: not is_busy(folder), "the end of the workflow")


@pytest.mark.slow
@pytest.mark.parametrize("variant", [Variant(), Variant(accounting=True)], ids=["plain", "accounting"])
@pytest.mark.parametrize("case", list(ARGUMENTS))
def test_the_same_on_slurm(here: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Under Slurm, each entry ends as it does on one machine."""
    folders = [here / name for name in ("slurm", "local")]
    for folder in folders:
        folder.mkdir()
        configure(folder)
    on_slurm = results(case, folders[0], monkeypatch)
    monkeypatch.setenv("PERQUEUE_EXECUTOR", "local")
    assert on_slurm == results(case, folders[1], monkeypatch)
    assert {state for _, _, state, _ in on_slurm} == {"succeeded"}
