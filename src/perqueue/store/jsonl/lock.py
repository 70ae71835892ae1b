"""One writer at a time, on all hosts that have the folder mounted.

``flock`` is let go of by the kernel however its owner dies, and keeps apart two handles of one process too. On NFS,
Linux makes it a lock of the server's, which all hosts see.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from perqueue.core.errors import StorageError

from ..protocol import BusyStoreError
from .files import LOCK, told

BUSY_SECONDS: Final = 60.0
_SHORTEST: Final = 0.0005
_LONGEST: Final = 0.02
"""Seconds between two tries."""


@contextmanager
def locked(folder: str, patience: float | None = None) -> Iterator[None]:
    """Keep every other writer out.

    Raises:
        BusyStoreError: Somebody else held the lock for longer than ``patience`` seconds.
        StorageError: The file can't be locked.
    """
    seconds = BUSY_SECONDS if patience is None else patience
    deadline = time.monotonic() + seconds
    path, pause = f"{folder}/{LOCK}", _SHORTEST
    while (descriptor := _try(path)) is None:
        if time.monotonic() >= deadline:
            raise BusyStoreError(folder, seconds)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
    try:
        yield
    finally:
        # Said, not only closed: a child that was forked meanwhile has the file open too.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _try(path: str) -> int | None:
    with told(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The folder may have been moved away, and another one put in its place.
        with told(path):
            now, mine = os.stat(path), os.fstat(descriptor)
        if (now.st_dev, now.st_ino) == (mine.st_dev, mine.st_ino):
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
