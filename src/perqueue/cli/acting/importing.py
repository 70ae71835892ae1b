"""``pq config import-myqueue``: the configuration of a MyQueue user, as ours."""

from __future__ import annotations

import sys

from perqueue.config.myqueue import convert
from perqueue.core.errors import UsageError

from ..printing import note


class TargetExistsError(UsageError):
    """A file that would be overwritten."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} exists and is left as it is: move it away, or write to another file")


def import_myqueue(file: str, target: str | None) -> None:
    """Print the TOML for a MyQueue ``config.py``, or write it to a new file.

    Raises:
        MyQueueError: It can't be read as one.
        TargetExistsError: The file to write exists.
        OSError: A file can't be read or written.
    """
    with open(file, "rb") as given:
        text = convert(file, given.read())
    if target is None:
        sys.stdout.write(text)
        return
    try:
        with open(target, "x", encoding="utf-8") as made:
            made.write(text)
    except FileExistsError as error:
        raise TargetExistsError(target) from error
    note(f"wrote {target}; `pq config check` tries it")
