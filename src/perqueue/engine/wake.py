"""Tell the supervisor that there is news, and start one where none lives.

The supervisor reads a named pipe in the queue's folder. Writing to it without blocking fails at once where nobody
reads, so whether a supervisor lives and waking it are one step, without network, port or length limit of a path.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys

from perqueue.core.errors import StorageError
from perqueue.executors.batch.surroundings import commands_settings

from .context import select
from .folder import QueueFolder
from .place import batch_job


def poke(folder: QueueFolder) -> bool:
    """Wake the supervisor. False where none is listening on this host."""
    try:
        pipe = os.open(folder.wake, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise StorageError(f"{folder.wake} can't be opened: {error}") from error
    try:
        os.write(pipe, b"!")
    except BlockingIOError:
        return True  # it has more unread pokes than it needs
    except BrokenPipeError:
        return False
    finally:
        os.close(pipe)
    return True


def ensure_supervisor(folder: QueueFolder) -> bool:
    """Wake the supervisor, or start one.

    False where none may be started: on another host than the queue's home, and inside a batch job, which takes with it
    at its end whatever was started there.
    """
    if not folder.at_home:
        return False
    if not poke(folder):
        if batch_job():
            return False
        _start(folder)
    return True


def _start(folder: QueueFolder) -> None:
    """Start a supervisor that outlives this process, its terminal and its session.

    The process started here forks before it imports anything, and ends: the supervisor is nobody's child.
    """
    command = [sys.executable, "-P", "-m", "perqueue.supervisor", folder.root]
    try:
        with open(folder.supervisor_log, "ab") as log:
            starter = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={**select(os.environ, ("PERQUEUE_*",)), **commands_settings(os.environ)},
                start_new_session=True,
            )
    except OSError as error:
        raise StorageError(f"the supervisor of {folder.root} can't be started: {error}") from error
    if starter.wait() != 0:
        raise StorageError(f"the supervisor of {folder.root} can't be started: see {folder.supervisor_log}")
