"""Calling ``pq`` in tests: in this process where that is enough, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen
from tests.queues import wait_until

from perqueue.cli.app import run
from perqueue.core.states import EntryState
from perqueue.engine.folder import need_folder

PQ: Final = (sys.executable, "-m", "perqueue")

Pq = Callable[..., "Result"]
"""``pq("ls", "-s", "f")`` runs a command here."""


@frozen
class Result:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def caller(capsys: pytest.CaptureFixture[str]) -> Pq:
    """``pq`` within this process, with its error handling."""

    def call(*arguments: str, status: int | None = 0) -> Result:
        capsys.readouterr()
        found = run(arguments)
        told = capsys.readouterr()
        assert status is None or found == status, f"{arguments} ended with {found}\n{told.out}\n{told.err}"
        return Result(found, told.out, told.err)

    return call


def start(*arguments: str, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """``pq`` as a process of its own, its output in pipes."""
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen([*PQ, *arguments], cwd=cwd, text=True, env=env, **{**pipes, **options})


def finish(process: subprocess.Popen[str]) -> Result:
    """Its result, when it has ended."""
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out, err)


def states() -> dict[int, str]:
    """The states of all entries of the current folder's queue."""
    store = need_folder().open_store()
    try:
        with store.snapshot() as state:
            return {key: str(at) for at in EntryState for key in state.keys([at])}
    finally:
        store.close()


def wait_for(key: int, *wanted: str) -> None:
    """Wait until an entry is in one of some states."""
    wait_until(lambda: states().get(key) in wanted, f"entry {key} to be {' or '.join(wanted)}")


def settle(keys: Sequence[int] | None = None) -> dict[int, str]:
    """Wait until nothing is under way; the states."""

    def quiet() -> bool:
        now = states()
        moving = {"goahead", "queueing", "running"}
        return not any(state in moving for key, state in now.items() if keys is None or key in keys)

    wait_until(quiet, "the end of what is under way")
    return states()
