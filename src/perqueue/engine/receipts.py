"""What a submission script submitted, told to whoever started it: a line in a file that the environment names.

One line is appended for each submission, after it was committed; so a script may submit to several queues, fork, or
start others that submit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Final

from perqueue.core.errors import StorageError

RUN: Final = "PERQUEUE_RUN"
"""The environment variable with the file's path. Tasks don't get it: what they submit is not the script's."""


def note_submission(root: str, keys: Sequence[int]) -> None:
    """Say that these entries were made in the queue ``root``, if anybody wants to know.

    Raises:
        StorageError: The file can't be written.
    """
    path = os.environ.get(RUN)
    if not path:
        return
    line = json.dumps({"root": root, "keys": list(keys)}) + "\n"
    try:
        # One write in append mode: lines of processes that submit at once stay whole.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)
    except FileNotFoundError:
        return  # whoever asked has gone
    except OSError as error:
        raise StorageError(f"{path} (named by {RUN}) can't be written: {error}; the entries are stored") from error


def read_receipts(path: str) -> dict[str, list[int]]:
    """The keys of the entries that were made, ascending, by the path of their queue's ``.perqueue``."""
    found: dict[str, set[int]] = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            told = json.loads(line)
            found.setdefault(told["root"], set()).update(told["keys"])
    return {root: sorted(keys) for root, keys in found.items()}
