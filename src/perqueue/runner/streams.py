"""The standard streams of a task's process: it reads nothing, and prints to its log."""

from __future__ import annotations

import contextlib
import os
import sys

from perqueue.runner.errors import LogError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from perqueue.runner.job import Job


def read_nothing() -> None:
    """Let stdin read nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    if nothing > 2:
        os.close(nothing)


def redirect(job: Job) -> LogError | None:
    """Let stdout and stderr append to the log; what stood against it is returned, and they print nowhere then."""
    refused = None
    try:
        # Appended to, never cut: a second runner of the same attempt must not harm the first one's log.
        out = err = append_to(job.log or job.out or os.devnull)
        if not job.log and job.err:
            err = append_to(job.err)
    except OSError as exc:
        refused = LogError(exc)
        out = err = append_to(os.devnull)
    os.dup2(out, 1)
    os.dup2(err, 2)
    if out > 2:
        os.close(out)
    if err > 2 and err != out:
        os.close(err)
    return refused


def append_to(path: str) -> int:
    """A descriptor that appends to the file. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


def ease_streams() -> None:
    """Make stdout and stderr show each line at once and never fail over a character; make those that are missing."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # this process was started without it
            setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115
        getattr(sys, name).reconfigure(line_buffering=True, errors="backslashreplace")


def write_log(text: str) -> None:
    """Write to the log itself: the user's code may have replaced or closed sys.stderr."""
    flush()
    with contextlib.suppress(OSError):
        os.write(2, text.encode("utf-8", "backslashreplace"))


def flush() -> None:
    """Write out what was printed; a stream that can't is left alone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue
