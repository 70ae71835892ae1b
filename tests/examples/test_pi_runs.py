"""The main job, from its submission scripts to finished work, through a real queue."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from perqueue import PersistentQueue
from perqueue.core.states import EntryState

ROOT = Path(__file__).parents[2]


def run(script: Path, *args: str, command: str = "run") -> subprocess.CompletedProcess[str]:
    """``pq COMMAND SCRIPT`` in the current folder."""
    argv = [sys.executable, "-m", "perqueue", command, str(script), *args]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", ["submit.py", pytest.param("submit_operators.py", marks=pytest.mark.slow)])
def test_main_job(queue_folder: Path, name: str) -> None:
    """Both forms of the example run to the end, plot and diameter included, and say so."""
    done = run(ROOT / "examples" / "pi" / name, "10000")
    assert done.returncode == 0, done.stderr
    estimate, plot, sphere = PersistentQueue().get_entries()
    assert {entry.state for entry in (estimate, plot, sphere)} == {EntryState.succeeded}
    assert isinstance(estimate.data["pi_estimates"], np.ndarray)
    assert abs(sphere.data["diameter_mm"] - 93.7207) < 0.0005
    assert plot.data["plot"] == queue_folder / "pi_error.png"
    assert plot.data["plot"].read_bytes().startswith(b"\x89PNG")
    assert "93.7207" in done.stdout
    assert str(plot.data["plot"]) in done.stdout


def test_both_forms_are_the_same_graph(queue_folder: Path) -> None:
    """The dictionary and the operators describe the same dependencies."""
    edges = []
    for name in ("submit.py", "submit_operators.py"):
        folder = queue_folder / name
        folder.mkdir()
        subprocess.run([sys.executable, str(ROOT / "examples" / "pi" / name), "10"], cwd=folder, check=True)
        edges.append(set(PersistentQueue(folder).get_dependency_graph(1).edges))
    assert edges[0] == edges[1] == {(2, 1), (3, 1)}


@pytest.mark.slow
def test_scripts_of_the_article(queue_folder: Path) -> None:
    """The article's own three scripts, as they are printed, run as they are."""
    for script in (ROOT / "tests" / "seed").glob("*.py"):
        shutil.copy(script, queue_folder)
    done = run(Path("submit_pi.py"))
    assert done.returncode == 0, done.stderr
    estimate, plot, sphere = PersistentQueue().get_entries()
    assert estimate.data["N_samples"] == 10**5
    assert len(estimate.data["pi_estimates"]) == 6
    assert plot.data is None
    assert Path("pi_error.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(sphere.data["actual_sphere_diameter"], np.float64)
    assert sphere.data["actual_sphere_diameter"] == pytest.approx(93.7389, abs=5e-5)
