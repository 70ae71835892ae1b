"""One writer at a time, on all hosts that have the folder mounted.

``flock`` is let go of by the kernel however its owner dies, and keeps apart two handles of one process too. On NFS,
Linux makes it a lock of the server's, which all hosts see.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from perqueue.core.errors import StorageError

from ..protocol import BusyStoreError
from .files import LOCK, gone, told

BUSY_SECONDS: Final = 60.0
_SHORTEST: Final = 0.0005
_LONGEST: Final = 0.02
"""Seconds between two tries."""


class LostLockError(StorageError):
    """The file that keeps others out was removed while it was needed."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} was removed or replaced during a transaction; nothing was changed. Leave the file alone and try "
            "again"
        )


@contextmanager
def locked(folder: str, patience: float | None = None) -> Iterator[Callable[[], None]]:
    """Keep every other writer out. What it gives is to be called before anything is written.

    The file is made where it is missing: it holds nothing.

    Raises:
        BusyStoreError: Somebody else held the lock for longer than ``patience`` seconds.
        StorageError: The file can't be locked.
        LostLockError: From what it gives: somebody removed the file meanwhile, so others are not kept out any more.
    """
    seconds = BUSY_SECONDS if patience is None else patience
    deadline = time.monotonic() + seconds
    path, pause = f"{folder}/{LOCK}", _SHORTEST
    while (descriptor := _try(folder)) is None:
        if time.monotonic() >= deadline:
            raise BusyStoreError(folder, seconds)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)

    def check() -> None:
        if not _is(path, descriptor):
            raise LostLockError(path)

    try:
        yield check
    finally:
        # Said, not only closed: a child that was forked meanwhile has the file open too.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _try(folder: str) -> int | None:
    path = f"{folder}/{LOCK}"
    with told(folder):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The folder may have been moved away, and another one put in its place; or the file was removed.
        with told(folder):
            if _is(path, descriptor):
                return descriptor
    except BlockingIOError:
        pass
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise StorageError(
                f"{path} can't be locked: {error}. Have the file system mounted with locks (Lustre: -o flock), "
                "or keep the queue elsewhere"
            ) from error
        raise
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is(path: str, descriptor: int) -> bool:
    """Whether a file still has its name."""
    mine = os.fstat(descriptor)
    try:
        now = os.stat(path)
    except OSError as error:
        if gone(error):
            return False
        raise
    return (now.st_dev, now.st_ino) == (mine.st_dev, mine.st_ino)
