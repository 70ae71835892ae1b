"""The files of the store's folder: their names, and writing them so that they are whole or not there.

``journal-N.jsonl`` has the transactions, one a line; ``snapshot-N.json`` is the state with which journal N begins (none
for the first, which begins with nothing); ``history-N.jsonl`` has what is left of journal N when nobody needs its
transactions any more: its events.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from perqueue.core.errors import StorageError

LOCK: Final = "lock"
_NEW: Final = ".new"
_NAME: Final = re.compile(r"(journal|snapshot|history)-([0-9]{6,})\.jsonl?")


def journal(number: int) -> str:
    """Name of a journal."""
    return f"journal-{number:06}.jsonl"


def snapshot(number: int) -> str:
    """Name of the state with which a journal begins."""
    return f"snapshot-{number:06}.json"


def history(number: int) -> str:
    """Name of what is kept of a journal for ever."""
    return f"history-{number:06}.jsonl"


class MissingFileError(StorageError):
    """A file of the store is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is missing, and the queue can't be read without it: put it back from a backup or a snapshot of "
            "the file system; what the other files of the folder hold is untouched"
        )


def identity(folder: str) -> tuple[int, int]:
    """What tells this store from any other that has its name, before or after."""
    found = os.stat(folder)
    return found.st_dev, found.st_ino


def numbers(folder: str, kind: str) -> list[int]:
    """Numbers of the files of one kind, ascending."""
    found = (_NAME.fullmatch(name) for name in os.listdir(folder))
    return sorted(int(match[2]) for match in found if match is not None and match[1] == kind)


def put(folder: str, name: str, pieces: Iterable[bytes]) -> int:
    """Write a file that appears under its name when it is whole and durable; its size in bytes."""
    making = begin(folder, name, pieces)
    size = os.path.getsize(making)
    finish(folder, making, name)
    return size


def begin(folder: str, name: str, pieces: Iterable[bytes]) -> str:
    """Write a file under a name of its own, from which :func:`finish` takes it."""
    making = f"{folder}/{name}.{os.getpid()}.{os.urandom(4).hex()}{_NEW}"
    try:
        with open(making, "xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            os.unlink(making)
        raise
    return making


def finish(folder: str, making: str, name: str) -> None:
    """Give a file that was begun its name."""
    os.replace(making, f"{folder}/{name}")
    sync_folder(folder)


def sweep(folder: str) -> None:
    """Remove what processes that were killed had begun; for whoever holds the lock."""
    for name in os.listdir(folder):
        if name.endswith(_NEW):
            remove(folder, name)


def remove(folder: str, name: str) -> None:
    """Remove a file that is not needed any more; it stays where that can't be done."""
    with suppress(OSError):
        os.unlink(f"{folder}/{name}")


def sync_folder(folder: str) -> None:
    """Make names durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # file systems that know no such thing
            raise
    finally:
        os.close(descriptor)


def gone(error: OSError) -> bool:
    """Whether a file went away, perhaps on another host, while it was read."""
    return error.errno in (errno.ENOENT, errno.ESTALE)


@contextmanager
def told(path: str) -> Iterator[None]:
    """The system's errors in our words."""
    try:
        yield
    except OSError as error:
        raise _in_words(error, path) from error


def _in_words(error: OSError, path: str) -> StorageError:
    if gone(error):
        missing = error.filename if isinstance(error.filename, str) else path
        if _NAME.fullmatch(os.path.basename(missing)) and os.path.isdir(os.path.dirname(missing)):
            return MissingFileError(missing)
        return StorageError(f"{path} does not exist; `pq init -b json` makes a queue")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
        return StorageError(f"{path} can't be written: {error}; nothing was changed; make room and try again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(f"{path} is closed or read-only for you: {error}; ask its owner, or copy the queue")
    return StorageError(f"{path}: {error}; nothing was changed")
