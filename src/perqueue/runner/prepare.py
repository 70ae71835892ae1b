"""What the fork server does for a task before it is forked, so that the task's process has less to do.

What could block on a file system that the server does not live on is left to the task.
"""

from __future__ import annotations

import json
import os
import time
import warnings

from perqueue.runner.errors import JobError
from perqueue.runner.job import Job
from perqueue.runner.load import MAIN, module_name
from perqueue.runner.named import NamedTuple
from perqueue.runner.process import boot_id, host
from perqueue.runner.records import Claim, claim_text, filled
from perqueue.runner.spool import Spool

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any, Final

_SMALL: Final = 1 << 16
_MOST_PROGRAMS: Final = 64
_PID: Final = b'"pid":0,'
_MARK: Final = '{"$'
"""Stands in the text of every value that is more than JSON."""


class Prepared(NamedTuple):
    """A task that is ready to be forked: only what :mod:`marshal` takes, for it travels as bytes.

    - ``job``: the job's fields, in order; None where the task must read them from ``raw`` itself.
    - ``claim``: path of the claim that the server created, and its text before and after the process id.
    - ``program``, ``module``: the script, compiled, and its module's name; None where the task must load it itself.
    - ``values``: the arguments and the inputs, where they are plain JSON, read already.
    """

    job: tuple[Any, ...] | None
    raw: bytes
    claim: tuple[str, bytes, bytes]
    program: CodeType | None
    module: str
    values: tuple[dict[str, Any], dict[str, Any]] | None


class Preparer:
    """Prepares the tasks of one queue's fork server."""

    def __init__(self, root: str) -> None:
        self._folder = f"{os.path.dirname(root)}/"
        self._root = root
        self._server = os.getpid()
        self._programs: dict[str, tuple[tuple[int, int, int], CodeType]] = {}

    def prepare(self, header: Mapping[str, Any], body: bytes) -> Prepared | None:
        """A task made ready; None where somebody else has its claim.

        Raises:
            OSError: The claim can't be created.
        """
        queue, key, attempt = header["queue"], header["key"], header["attempt"]
        spool = Spool(self._root, queue)
        claim = Claim(
            queue, key, attempt, 0, _ticks(), boot_id(), host(), time.time(), header["walltime"], self._server
        )
        head, _, tail = claim_text(claim).partition(_PID)
        if not spool.reserve(key, attempt, filled(head, 0, tail)):
            return None
        place = (spool.claim_path(key, attempt), head, tail)
        job = _parsed(header, body) if len(body) <= _SMALL else None
        if job is None:
            return Prepared(None, json.dumps(dict(header)).encode() + b"\n" + body, place, None, "", None)
        # What is imported by its name is imported by the task, which has the path for it.
        program = self._program(job.code) if job.module in ("", MAIN) else None
        return Prepared(tuple(job), b"", place, program, module_name(job.code), _values(job))

    def _program(self, code: str) -> CodeType | None:
        """The script, compiled, if it lies in the folder that the queue is in and compiles without a murmur."""
        if not code.startswith(self._folder):
            return None
        try:
            found = os.stat(code)
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            known = self._programs.get(code)
            if known is not None and known[0] == mark:
                return known[1]
            with open(code, "rb") as file:
                source = file.read()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                program: CodeType = compile(source, code, "exec", dont_inherit=True)
        except Exception:  # the task will meet the same, and report it
            return None
        if len(self._programs) >= _MOST_PROGRAMS:
            del self._programs[next(iter(self._programs))]
        # A file that was written to within its time stamp's grain might change again unnoticed; a stamp of whole
        # seconds is one of a file system that knows no finer ones.
        grain = 50_000_000 if found.st_mtime_ns % 1_000_000_000 else 2_000_000_000
        if time.time_ns() - found.st_mtime_ns > grain:
            self._programs[code] = (mark, program)
        return program


def _parsed(header: Mapping[str, Any], body: bytes) -> Job | None:
    try:
        return Job.from_parts(header, body)
    except JobError:  # reported by the process that will try again
        return None


def _values(job: Job) -> tuple[dict[str, Any], dict[str, Any]] | None:
    if job.input_file is not None or _MARK in job.args or (job.input is not None and _MARK in job.input):
        return None
    try:
        args, given = json.loads(job.args), json.loads(job.input or "{}")
    except ValueError:  # reported by the task
        return None
    return (args, given) if isinstance(args, dict) and isinstance(given, dict) else None


def _ticks() -> int:
    """The time since boot in clock ticks, of which a process forked right now has its start time; 0 if unknown."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0 if clock is None else int(time.clock_gettime(clock) * os.sysconf("SC_CLK_TCK"))
