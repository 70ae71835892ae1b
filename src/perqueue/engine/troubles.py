"""What doesn't work of a queue's plugins, for ``pq ls`` and ``pq plugins``: told by whoever moves the queue.

One small file in the queue's folder, which is there only while there is something to tell.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from attrs import asdict, frozen

NAME: Final = "troubles.json"


@frozen
class Trouble:
    """Something that can't be used now.

    Args:
        kind: ``executor`` or ``observer``.
        name: Which.
        why: What it raised.
        at: Since when, in Unix seconds.
    """

    kind: str
    name: str
    why: str
    at: float

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r} can't be used: {' '.join(self.why.split())}"


def read_troubles(root: str) -> list[Trouble]:
    """What doesn't work of the queue in ``root``; a file that can't be read tells nothing."""
    try:
        with open(f"{root}/{NAME}", encoding="utf-8") as file:
            return [Trouble(**told) for told in json.load(file)]
    except (OSError, ValueError, TypeError):
        return []


def note_trouble(root: str, kind: str, name: str, why: str) -> None:
    """Say why something can't be used, or with an empty ``why`` that it can be again."""
    before = read_troubles(root)
    same = next((one for one in before if (one.kind, one.name, one.why) == (kind, name, why)), None)
    rest = [one for one in before if (one.kind, one.name) != (kind, name)]
    if same is None and len(rest) == len(before) and not why:
        return
    if why:
        rest.append(same or Trouble(kind, name, why, time.time()))
    _write(root, rest)


def forget_troubles(root: str, kind: str, keep: Callable[[str], bool] = lambda _: False) -> None:
    """Forget what is told of a kind, but for names to keep: whoever begins to move the queue finds out anew."""
    before = read_troubles(root)
    left = [one for one in before if one.kind != kind or keep(one.name)]
    if len(left) != len(before):
        _write(root, left)


def _write(root: str, troubles: list[Trouble]) -> None:
    # Where it can't be written (a full disk), the log still has it.
    with suppress(OSError):
        if not troubles:
            os.unlink(f"{root}/{NAME}")
            return
        making = f"{root}/{NAME}.{os.getpid()}.new"
        with open(making, "w", encoding="utf-8") as file:
            json.dump([asdict(one) for one in troubles], file)
        os.rename(making, f"{root}/{NAME}")
