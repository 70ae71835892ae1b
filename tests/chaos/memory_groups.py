"""A control group with little memory, below this process's own, where that can be made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.queues import wait_until

_LIMIT: Final = 256 << 20
"""Bytes for all in the group: enough for a supervisor and a fork server."""


class NoMemoryGroupError(Exception):
    """Why there is none."""


@contextmanager
def memory_group() -> Iterator[Path]:
    """The group's folder; a process enters by writing its number to ``cgroup.procs``. All must have left at the end.

    Raises:
        NoMemoryGroupError: It can't be made.
    """
    above, limit = _above()
    group = above / f"perqueue-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise NoMemoryGroupError(f"no memory control group can be made in {above}: {error}") from error
    try:
        try:
            (group / limit).write_text(str(_LIMIT))
        except OSError as error:
            raise NoMemoryGroupError(f"memory can't be limited in {group}: {error}") from error
        yield group
    finally:
        # Also a process that has ended counts until somebody has waited for it.
        wait_until(lambda: _removed(group), f"control group {group} to be empty")


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True


def _above() -> tuple[Path, str]:
    """This process's own group, and the name of the file that limits memory, in either version of control groups."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise NoMemoryGroupError(f"this system has no control groups: {error}") from error
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return Path(f"/sys/fs/cgroup/memory{path}"), "memory.limit_in_bytes"
        if number == "0" and (Path(f"/sys/fs/cgroup{path}") / "memory.max").exists():
            return Path(f"/sys/fs/cgroup{path}"), "memory.max"
    raise NoMemoryGroupError("no control group of ours limits memory")
