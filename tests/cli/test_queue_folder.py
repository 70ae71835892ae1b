"""The promise of ``queue_folder``: what runs in a test's folder ends with the test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.queues import end_processes, processes_of, wait_until


def test_processes_of_a_folder_are_found_and_ended(queue_folder: Path) -> None:
    """A process that works below the folder, and one that only names it, are ended, and this one is not."""
    sleep = "import time; time.sleep(600)"
    below = queue_folder / "below"
    below.mkdir()
    works_there = subprocess.Popen([sys.executable, "-c", sleep], cwd=below)
    names_it = subprocess.Popen([sys.executable, "-c", sleep, f"{queue_folder}/.perqueue"], cwd="/")
    # A process shows its command line only a moment after it was started.
    wait_until(lambda: set(processes_of(queue_folder)) == {works_there.pid, names_it.pid}, "both to be found")
    end_processes(queue_folder)
    assert processes_of(queue_folder) == []
    assert works_there.wait() == names_it.wait() == -9
