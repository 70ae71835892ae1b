"""What tests want of a PBS, be it the double or a real one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {
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

The double notices walltimes ``late``, as a node does.
"""


class Pbs(ABC):
    """Its commands are in ``bin`` of a folder, and note there what they were asked and what they answered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.home = folder / "home"
        self.settings = dict(SETTINGS)

    def set(self, **settings: Any) -> None:
        """Have it behave otherwise from now on. A real one leaves a test out that asks for what it can't do."""
        unknown = set(settings) - set(SETTINGS)
        assert not unknown, unknown
        changed = {name: value for name, value in settings.items() if value != self.settings[name]}
        self.settings |= settings
        self.apply(changed)

    @abstractmethod
    def apply(self, changed: dict[str, Any]) -> None:
        """Take in what changed in its settings."""

    def write_settings(self) -> None:
        """For its commands."""
        (self.folder / "settings.new").write_text(json.dumps(self.settings))
        os.replace(self.folder / "settings.new", self.folder / "settings.json")

    def run(self, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, or any other with these on the search path."""
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            words, input=stdin, env={**os.environ, "PATH": path, **env}, capture_output=True, text=True, check=False
        )

    def log(self, name: str | None = None) -> list[dict[str, Any]]:
        """Each command that it answered: ``at``, ``name``, ``words``, ``script``, ``status``, ``out``."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [entry for entry in map(json.loads, lines) if name in (None, entry["name"])]

    def job(self, number: int, index: int | None = None) -> str:
        """The id of the job that was submitted so many jobs after the first, or of an element of it."""
        taken = [entry["out"].strip() for entry in self.log("qsub") if entry["status"] == 0]
        return str(taken[number]) if index is None else re.sub(r"\[\]", f"[{index}]", taken[number])

    def rows(self, *words: str) -> dict[str, dict[str, Any]]:
        """What qstat says in full."""
        answer = json.loads(self.run("qstat", *words, "-t", "-f", "-F", "json").stdout or "{}")
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
