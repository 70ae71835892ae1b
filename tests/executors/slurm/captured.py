"""The answers of a real Slurm 22.05.8, as ``tests/slurm/capture.py`` wrote them down."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from perqueue.executors.batch.dialect import Answer

FOLDER: Final = Path(__file__).parent / "captured"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.txt"))
PREFIX: Final = "pq-0123abcd-"


@frozen
class Captured:
    """A command and its answer."""

    command: str
    answer: Answer


def captured(name: str) -> Captured:
    """One of them."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n--- out\n")
    out, _, err = rest.partition("--- err\n")
    command, _, status = head.rpartition("\nstatus ")
    return Captured(command.removeprefix("$ "), Answer(int(status), out, err))


def answer(name: str) -> Answer:
    """The answer alone."""
    return captured(name).answer
