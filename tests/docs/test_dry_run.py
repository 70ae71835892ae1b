"""What the page on dry runs says is so: its example, its scenario, and its tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.markdown import ROOT, blocks, read

from perqueue.dryrun.scenarios.reading import TABLES
from perqueue.dryrun.scenarios.spans import Shape

PAGE = ROOT / "docs" / "dry-run.md"


def _write(folder: Path, language: str) -> None:
    for block in blocks(PAGE, language):
        name = block.text.splitlines()[0].removeprefix("# ")
        (folder / name).write_text(block.text, encoding="utf-8")


@pytest.fixture
def folder(queue_folder: Path) -> Path:
    """The files of the page, and scripts for its tasks."""
    _write(queue_folder, "python")
    _write(queue_folder, "ini")
    for name in ("search", "relax", "collect"):
        (queue_folder / f"{name}.py").write_text("def main(**given):\n    return True, given\n", encoding="utf-8")
    return queue_folder


def _pq(*arguments: str, status: int = 0) -> str:
    argv = [sys.executable, "-m", "perqueue", "dry-run", "submit.py", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_the_example(folder: Path) -> None:
    """With the page's scenario the report begins with the lines that it shows, and a picture is drawn."""
    out = _pq("--scenario", "scenario.toml", "--plot", "timeline.png", "--expect-entries", "22")
    (shown,) = (block.text for block in blocks(PAGE, "text"))
    assert out.splitlines()[:3] == shown.splitlines()
    assert os.path.getsize("timeline.png") > 1000
    assert not (folder / ".perqueue").exists()


@pytest.mark.slow
def test_the_other_ways_to_ask(folder: Path) -> None:
    """Limits that hold, scripts that nobody can write here, and exploring all end as the page says."""
    _pq("--max-core-hours", "500", "--max-jobs", "100", "--expect-entries", "3")
    _pq("--max-core-hours", "1", status=1)
    _pq("--scripts", "scripts")
    assert "nothing gets stuck" in _pq("--explore")


@pytest.mark.slow
def test_the_page_s_tests_pass(folder: Path) -> None:
    """They run under pytest as they stand."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_campaign.py"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_every_table_and_distribution_is_explained() -> None:
    """The page names each table of a scenario and each distribution."""
    text = read(PAGE)
    assert [table for table in TABLES if f"| `{table}` |" not in text] == []
    assert [str(shape) for shape in Shape if shape is not Shape.fixed and f"{{ {shape} = " not in text] == []
