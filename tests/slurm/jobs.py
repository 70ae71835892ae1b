"""The processes and ids of jobs."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.stored import stored
from tests.queues import wait_until


def job_of(folder: Path, key: int) -> str:
    """The id of the job of an entry's attempt, once it is recorded."""

    def recorded() -> str:
        found = stored(folder)
        return found.attempts[key, found.entries[key].attempt].job if found.entries[key].attempt else ""

    return wait_until(recorded, f"the job of entry {key}")


def line_of(pid: int) -> list[int]:
    """A task's process and those above it: slurmstepd, the runner that the batch shell became, the task."""
    found: list[int] = []
    while pid > 1:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        if name == "slurmd":
            break
        found.insert(0, pid)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        pid = int(status[status.rindex(")") + 2 :].split()[1])
    return found
