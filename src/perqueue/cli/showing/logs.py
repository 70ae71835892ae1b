"""``pq logs``: what attempts printed."""

from __future__ import annotations

import os
import sys
import time
from typing import Final

from perqueue.core.errors import UnknownEntryError, UsageError
from perqueue.engine.folder import QueueFolder, need_folder
from perqueue.store.protocol import Store

from ..printing import note, put_json

_LOOK: Final = 0.1
"""Seconds between two looks at a log that is followed."""
_CHUNK: Final = 1 << 16


class NoAttemptError(UsageError):
    """An attempt that an entry never had."""

    def __init__(self, key: int, asked: int | None, there: int) -> None:
        had = f"it had {there} so far" if there else f"it has not started yet (`pq show {key}` says why)"
        which = "an attempt" if asked is None else f"an attempt {asked}"
        super().__init__(f"entry {key} never had {which}: {had}")


def show_logs(key: int, attempt: int | None, *, follow: bool, as_json: bool) -> None:
    """Print the log of an attempt, of the newest by default.

    Raises:
        UnknownEntryError: There is no such entry.
        NoAttemptError: It never had this attempt.
    """
    folder = need_folder()
    store = folder.open_store()
    try:
        number = _number(store, key, attempt, wait=follow and not as_json)
        files = _files(folder, store, key, number)
        if as_json:
            put_json({"key": key, "attempt": number, "files": [{"path": path, "text": _text(path)} for path in files]})
        elif follow:
            _follow(folder, store, key, number)
        else:
            _print_all(files, key, number)
    except KeyboardInterrupt:
        if not follow:
            raise
    finally:
        store.close()


def log_files(folder: QueueFolder, submitted_from: str, key: int, attempt: int) -> list[str]:
    """The existing files with what an attempt printed: the queue's log, or PerQueue's ``.out`` and ``.err``."""
    here = folder.log(key, attempt)
    if os.path.exists(here):
        return [here]
    names = (f"{submitted_from}/perqueue.local.{key}.{kind}" for kind in ("out", "err"))
    return [path for path in names if os.path.exists(path)]


def tail(path: str, lines: int) -> list[str]:
    """The last lines of a log; none where it can't be read."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _CHUNK))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _number(store: Store, key: int, attempt: int | None, *, wait: bool) -> int:
    """The attempt that is meant; when following, the first one is waited for."""
    told = False
    while True:
        with store.snapshot() as state:
            entry = state.entry(key)
            if entry is None:
                raise UnknownEntryError(key)
            number = entry.attempt if attempt is None else attempt
            if number and state.attempt(key, number) is not None:
                return number
            waits = wait and not entry.state.settled and number >= entry.attempt
            if not waits:
                raise NoAttemptError(key, attempt, entry.attempt)
        if not told:
            note(f"entry {key} has not started yet; waiting for it (Ctrl-C leaves)")
            told = True
        time.sleep(_LOOK)


def _files(folder: QueueFolder, store: Store, key: int, number: int) -> list[str]:
    with store.snapshot() as state:
        entry = state.entry(key)
        if entry is None:
            raise UnknownEntryError(key)
        context = state.context(state.task(entry.task).context)
    return log_files(folder, context.folder, key, number)


def _print_all(files: list[str], key: int, number: int) -> None:
    if not files:
        note(f"attempt {number} of entry {key} has left no log")
    for path in files:
        if len(files) > 1:
            note(path)
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                _put_bytes(chunk)


def _put_bytes(raw: bytes) -> None:
    """What a task printed, as it is: it may be no text at all."""
    sys.stdout.flush()
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()


def _follow(folder: QueueFolder, store: Store, key: int, number: int) -> None:
    read: dict[str, int] = {}
    while True:
        # Asked before reading, so that what was printed before the end is read after it.
        with store.snapshot() as state:
            entry, attempt = state.entry(key), state.attempt(key, number)
        over = entry is None or attempt is None or attempt.outcome is not None or entry.attempt != number
        if entry is None:
            return
        for path in _files(folder, store, key, number):
            with open(path, "rb") as file:
                file.seek(read.get(path, 0))
                while chunk := file.read(_CHUNK):
                    _put_bytes(chunk)
                read[path] = file.tell()
        if over:
            return
        time.sleep(_LOOK)
