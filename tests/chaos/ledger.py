"""What tasks themselves say of their runs: one appended line when one begins, one when it is done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from attrs import frozen

At = tuple[int, int]
"""An attempt: entry key and number."""


@frozen
class Ledger:
    """How often each attempt began and came to its end, and the process that it began in last."""

    begun: Counter[At]
    done: Counter[At]
    pids: dict[At, int]


def read_ledger(folder: Path) -> Ledger:
    """All that tasks of this folder have said so far."""
    found = Ledger(Counter(), Counter(), {})
    try:
        text = (folder / "ledger").read_text(encoding="utf-8")
    except FileNotFoundError:
        return found
    for line in text.splitlines():
        name, word, pid = line.split()
        key, _, attempt = name.partition(".")
        at = int(key), int(attempt)
        {"begun": found.begun, "done": found.done}[word][at] += 1
        found.pids[at] = int(pid)
    return found
