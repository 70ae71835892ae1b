"""Queues of real processes for tests, and the promise that none of their processes outlives a test."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final, TypeVar

PATIENCE: Final = 60.0
"""Seconds after which a test gives up waiting for a fact; none is expected to come near it."""

CONFIG: Final = "[local]\nidle = 0.2\ncores = 2\n"
"""``perqueue.toml`` of a test's folder: supervisors leave soon after the last entry."""

_T = TypeVar("_T")


def wait_until(fact: Callable[[], _T], what: str) -> _T:
    """Ask until the answer is true; the answer.

    Raises:
        AssertionError: It did not become true within :data:`PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := fact():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE:g} s in vain for {what}")


def script(folder: Path, name: str, body: str) -> Path:
    """Write a script, its text dedented; its path."""
    path = folder / name
    path.write_text(dedent(body), encoding="utf-8")
    return path


def processes_of(folder: Path) -> list[int]:
    """Live processes that name the folder in their command line, or work in it or below; ours and our parents left out.

    These are a queue's supervisor, its fork servers, and the tasks with whatever they started.
    """
    mine = set(_ancestry())
    return [pid for pid in _pids() if pid not in mine and _belongs(pid, folder)]


def end_processes(folder: Path) -> None:
    """Kill every process of a folder, also those that are being started meanwhile.

    Raises:
        AssertionError: One of them can't be ended.
    """

    def none_left() -> bool:
        left = processes_of(folder)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    wait_until(none_left, f"the end of all processes of {folder}")


def _belongs(pid: int, folder: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        works_in = Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:  # it has ended, or is somebody else's
        return False
    named = os.fsencode(folder) in command
    return bool(command) and (named or works_in == folder or folder in works_in.parents)


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def _ancestry() -> Iterator[int]:
    """This process and the ones above it: the test run itself may work in the folder."""
    pid = os.getpid()
    while pid > 0:
        yield pid
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        pid = int(text[text.rindex(")") + 2 :].split()[1])
