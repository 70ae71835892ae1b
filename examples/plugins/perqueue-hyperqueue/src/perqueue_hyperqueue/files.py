"""What the executor keeps in the queue's folder: job files, launchers, and requests to stop.

``.perqueue/scheduler/hq/``: ``jobs/KEY.ATTEMPT`` what an attempt runs, ``stop/KEY.ATTEMPT`` why it has to end,
``run-….sh`` how tasks of one interpreter, environment and partition are started, ``batch.json`` what is being
submitted, ``server`` the id of the server that the jobs are with.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from contextlib import suppress
from typing import Any, Final

from perqueue.config import Config, Partition
from perqueue.core.records import Context
from perqueue.executors.protocol import Assignment
from perqueue.runner.spool import attempt_name

from . import task

_HYPERQUEUES: Final = ("HQ_*", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "OMP_NUM_THREADS")
_TAKEN: Final = 75
"""How a task ends whose attempt somebody else has; as perqueue's runner does."""


class Files:
    """The executor's folder in a queue."""

    def __init__(self, root: str, config: Config) -> None:
        self.root, self._config = root, config
        self.folder = f"{root}/scheduler/hq"
        self._launchers: dict[tuple[Context, str], str] = {}
        for name in ("jobs", "stop"):
            os.makedirs(f"{self.folder}/{name}", exist_ok=True)

    @property
    def batch(self) -> str:
        """The file of the submission that is under way."""
        return f"{self.folder}/batch.json"

    def write_job(self, assignment: Assignment) -> list[str]:
        """Write what an attempt runs; the command that runs it."""
        name = attempt_name(*assignment.at)
        _write(f"{self.folder}/jobs/{name}", assignment.job.to_bytes())
        return [self._launcher(assignment), name]

    def write_batch(self, batch: dict[str, Any]) -> None:
        """Write what is to be submitted."""
        _write(self.batch, json.dumps(batch).encode())

    def ask_to_stop(self, at: tuple[int, int], why: str) -> None:
        """Have a running attempt ended by the process that watches it."""
        _write(f"{self.folder}/stop/{attempt_name(*at)}", why.encode())

    def forget(self, at: tuple[int, int]) -> None:
        """Delete what is there for an attempt that has ended."""
        for name in ("jobs", "stop"):
            with suppress(OSError):
                os.unlink(f"{self.folder}/{name}/{attempt_name(*at)}")

    def read_server(self) -> str:
        """The id of the server that was used last."""
        try:
            with open(f"{self.folder}/server", encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""

    def write_server(self, uid: str) -> None:
        """Remember which server is used."""
        _write(f"{self.folder}/server", uid.encode())

    def _launcher(self, assignment: Assignment) -> str:
        known = (assignment.context, assignment.partition)
        if known not in self._launchers:
            partition = self._config.partition(assignment.partition) or Partition(assignment.partition)
            text = self._script(assignment.context, partition).encode()
            path = f"{self.folder}/run-{hashlib.sha256(text).hexdigest()[:16]}.sh"
            _write(path, text, 0o700)
            self._launchers[known] = path
        return self._launchers[known]

    def _script(self, context: Context, partition: Partition) -> str:
        """A script that runs the attempt that it is called with.

        What was cancelled before its turn, and what runs already, is left alone before Python starts: that must be
        cheap for thousands. What HyperQueue says in the environment stays.
        """
        root, python = shlex.quote(self.root), shlex.quote(partition.python or context.interpreter)
        modules = [f"module load {shlex.quote(name)} || exit 69" for name in partition.modules]
        if modules:
            modules.insert(0, "command -v module >/dev/null || . /etc/profile")
        lines = [
            "#!/bin/sh",
            f'[ -e {root}/spool/claims/"$1" ] && exit {_TAKEN}',
            f'exec >>{root}/logs/"$1".log 2>&1',
            *(f"export {name}={shlex.quote(value)}" for name, value in context.env if _wanted(name)),
            *modules,
            *partition.prologue,
            f'exec {python} -P {shlex.quote(task.__file__)} {shlex.quote(self.folder)} "$1"',
            "",
        ]
        return "\n".join(lines)


def _wanted(name: str) -> bool:
    own = any(name == given or (given.endswith("*") and name.startswith(given[:-1])) for given in _HYPERQUEUES)
    return not own and name.isidentifier()


def _write(path: str, content: bytes, mode: int = 0o600) -> None:
    making = f"{path}.{os.getpid()}.new"
    file = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(file, "wb") as out:
        out.write(content)
    os.rename(making, path)
