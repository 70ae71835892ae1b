"""A PBS at command level, for tests: real commands that answer as OpenPBS does, and really run what they are given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
COMMANDS = ("qsub", "qstat", "qselect", "qdel")
SETTINGS: dict[str, Any] = {
    "server": "pbs0",
    "nodes": {"pbs0": 4, "pbs1": 4},
    "failed": [],
    "out_of_memory": [],
    "queues": ["workq", "short"],
    "history": False,
    "torque": False,
    "root": False,
    "down": False,
    "lose_replies": False,
    "slow": {},
    "kill_delay": 1.0,
    "late": 1.0,
    "max_walltime": 0,
    "shown_walltime": "24:00:00",
    "max_queued": 0,
    "max_array": 10000,
}
"""Nodes with their cores; which of them have failed; jobs that need too much; how it behaves.

It notices walltimes ``late``, as a node does.
"""


class DoublePbs:
    """It runs in a folder; its commands are in ``bin`` there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.home = folder / "home"

    def set(self, **settings: Any) -> None:
        """Have it behave otherwise from now on."""
        path = self.folder / "settings.json"
        now = json.loads(path.read_text()) if path.exists() else dict(SETTINGS)
        unknown = set(settings) - set(now)
        assert not unknown, unknown
        (self.folder / "settings.new").write_text(json.dumps(now | settings))
        os.replace(self.folder / "settings.new", path)

    def run(self, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, or any other with these on the search path."""
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            words, input=stdin, env={**os.environ, "PATH": path, **env}, capture_output=True, text=True, check=False
        )

    def log(self, name: str | None = None) -> list[dict[str, Any]]:
        """Each command that it answered: ``at``, ``name``, ``words``, ``status``."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [entry for entry in map(json.loads, lines) if name in (None, entry["name"])]

    def rows(self, *words: str) -> dict[str, dict[str, Any]]:
        """What qstat says in full."""
        answer = json.loads(self.run("qstat", *words, "-t", "-f", "-F", "json").stdout)
        rows: dict[str, dict[str, Any]] = answer.get("Jobs", {})
        return rows

    def wait(self, job: str, *states: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait until a job is in one of these states; it is kept only with a history."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            row = self.rows("-x").get(job) or self.rows().get(job, {})
            if row.get("job_state") in states:
                return row
            time.sleep(0.02)
        raise AssertionError(f"{job} is not {states}: {self.rows()}")


@contextmanager
def double_pbs(folder: Path, **settings: Any) -> Iterator[DoublePbs]:
    """Have one for a while. Nothing of it is left running."""
    double = DoublePbs(folder)
    double.bin.mkdir(parents=True)
    double.home.mkdir()
    (folder / "nodefile").write_text("pbs0\n")
    double.set(**settings)
    for name in COMMANDS:
        path = double.bin / name
        path.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {HERE}/command.py {folder} {name} "$@"\n')
        path.chmod(0o755)
    starting = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.pbs.double.server import main; main()"
    server = subprocess.Popen([sys.executable, "-S", "-E", "-c", starting, str(folder)])
    try:
        while not (folder / "socket").exists():
            assert server.poll() is None
            time.sleep(0.01)
        yield double
    finally:
        server.terminate()
        server.wait()
