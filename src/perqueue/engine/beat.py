"""The sign of life of whoever moves a queue, for those that see nothing of it but its files.

A file is touched every few seconds. Its time and that of a file made just now are compared: both are the file server's,
so no host's own clock has a say.
"""

from __future__ import annotations

import os
from contextlib import suppress

from .folder import QueueFolder

SILENCE = 60.0
"""Seconds without a sign of life after which nobody moves a queue."""


def show_life(folder: QueueFolder) -> None:
    """Say that the queue is being moved. Where that can't be written, the beat of the lease must do."""
    path = _path(folder)
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
        os.utime(path)


def end_life(folder: QueueFolder) -> None:
    """Say that nobody moves it any more."""
    with suppress(OSError):
        os.unlink(_path(folder))


def is_moved(folder: QueueFolder) -> bool:
    """Whether somebody has shown a sign of life lately."""
    age = _age(folder)
    return age is not None and age <= SILENCE


def is_silent(folder: QueueFolder) -> bool:
    """Whether somebody began to move it and has not shown a sign of life for so long that it counts as dead."""
    age = _age(folder)
    return age is not None and age > SILENCE


def _age(folder: QueueFolder) -> float | None:
    """Seconds since the last sign of life, None if there is none."""
    now = f"{folder.root}/spool/tmp/now.{os.uname().nodename}.{os.getpid()}"
    try:
        seen = os.stat(_path(folder)).st_mtime
        os.close(os.open(now, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))
        return os.stat(now).st_mtime - seen
    except OSError:
        return None
    finally:
        with suppress(OSError):
            os.unlink(now)


def _path(folder: QueueFolder) -> str:
    return f"{folder.root}/beat"
