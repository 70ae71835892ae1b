"""What a script submits, told to the command that simulates it: a line in a file that the environment names.

Lines are appended, so a script may submit several times, fork, or start others that submit. A line may also say that
the script looked at the queue and waited, so that what it submits afterwards is submitted after that.
"""

from __future__ import annotations

import json
import os
from enum import StrEnum
from typing import Any, NamedTuple

from perqueue.checks.recording import tell

from .mode import RECORD, SCENARIO, SEED
from .playing.submissions import Submission, as_data, from_data


class Kind(StrEnum):
    """What a script did."""

    submitted = "submitted"
    waited = "waited"
    skipped = "skipped"


class Deed(NamedTuple):
    """Something that a script did, and where.

    Args:
        kind: What.
        folder: The folder whose queue it meant.
        submission: What was submitted, if that is what it did.
        what: The write that was not done, if that is what it asked for.
    """

    kind: Kind
    folder: str = ""
    submission: Submission | None = None
    what: str = ""


def note(deed: Deed) -> None:
    """Tell it.

    Raises:
        StorageError: The file can't be written.
    """
    told: dict[str, Any] = {"kind": deed.kind, "folder": deed.folder, "what": deed.what}
    if deed.submission is not None:
        told["submission"] = as_data(deed.submission)
    tell(RECORD, told)


def read_deeds(path: str) -> list[Deed]:
    """What was told, in order."""
    with open(path, encoding="utf-8") as file:
        return [_deed(json.loads(line)) for line in file]


def environment(path: str, scenario: str | None, seed: int | None) -> dict[str, str]:
    """What the script's environment needs so that it tells what it does; and its scenario, for what it reads back."""
    found = {RECORD: path, SCENARIO: scenario or "", SEED: "" if seed is None else str(seed)}
    return {name: os.path.abspath(value) if name == SCENARIO and value else value for name, value in found.items()}


def _deed(told: dict[str, Any]) -> Deed:
    submission = from_data(told["submission"]) if "submission" in told else None
    return Deed(Kind(told["kind"]), told["folder"], submission, told["what"])
