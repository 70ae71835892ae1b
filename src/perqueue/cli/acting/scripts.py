"""Submission scripts, run as they are by whatever command asks for it, and what became of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from perqueue.core.errors import UsageError
from perqueue.engine.receipts import RUN, read_receipts

from ..printing import entries, ranges


class NoScriptError(UsageError):
    """The script to run doesn't exist."""

    def __init__(self, script: str) -> None:
        super().__init__(f"there is no script {script!r} in {os.getcwd()}")


class WorkflowFileError(UsageError):
    """A file of another tool's workflow, where a script is run."""

    def __init__(self, script: str) -> None:
        super().__init__(f"{script} is a workflow, not a script: `pq submit {script}` submits it")


def run_submission(script: str, arguments: Sequence[str]) -> tuple[int, dict[str, list[int]]]:
    """Run a submission script to its end: its status, and what it submitted to which queues.

    Raises:
        NoScriptError: There is no such script.
    """
    with answer_file("pq-run-") as path:
        return run_to_end(script, arguments, {RUN: path}), read_receipts(path)


def run_to_end(
    script: str, arguments: Sequence[str], environment: Mapping[str, str], printing_to: IO[str] | None = None
) -> int:
    """The script's status. Ctrl-C is the script's: the terminal sends it there too, others only to us.

    Raises:
        NoScriptError: There is no such script.
        WorkflowFileError: It is no script.
    """
    if not os.path.isfile(script):
        raise NoScriptError(script)
    if script.lower().endswith(".json"):
        raise WorkflowFileError(script)
    child = subprocess.Popen(
        [sys.executable, script, *arguments], env={**os.environ, **environment}, stdout=printing_to
    )
    try:
        return child.wait()
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(1.0) or -signal.SIGINT
        child.send_signal(signal.SIGINT)
        return child.wait() or -signal.SIGINT


@contextmanager
def answer_file(prefix: str) -> Iterator[str]:
    """Path of a file for what a script has to say to us, for as long as it runs."""
    descriptor, path = tempfile.mkstemp(prefix=prefix)
    os.close(descriptor)
    try:
        yield path
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def how_it_ended(status: int) -> str:
    """What a status other than 0 means."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def left_behind(made: Mapping[str, Sequence[int]]) -> str:
    """What a script that failed had submitted before."""
    if not any(made.values()):
        return "it had submitted nothing"
    where = ", ".join(
        f"{entries(len(keys))} ({ranges(keys)}) to {os.path.dirname(root)}" for root, keys in made.items()
    )
    return f"before, it had submitted {where}: that runs on, `pq ls` lists it"
