"""Flags for schedulers: which ones can't be given, as they would make something else of a job."""

from __future__ import annotations

from typing import Final

_REFUSED: Final = {
    "--array": "arrays are made where groups are wide",
    "--help": "it submits nothing",
    "--parsable": "it is given already",
    "--test-only": "it submits nothing; `pq dry-run --scripts DIR` writes the scripts",
    "--usage": "it submits nothing",
    "--version": "it submits nothing",
    "--wait": "nobody waits for a job; the queue looks after it",
    "--wrap": "the job is the task",
}
"""Long options of ``sbatch`` (its manual, version 22.05); what PBS has is short."""


def refused_flag(word: str) -> str | None:
    """Why a word can't be a flag of a job; None if it can."""
    if not word.startswith("-"):
        return f"{word!r} is no flag, as it begins with no dash: a flag and its value are one word, as '--mem=4G'"
    name, _, _ = word.partition("=")
    if name.startswith("--") and " " in name:
        return f"{word!r} is no flag: write {word.replace(' ', '=', 1)!r}"
    why = _REFUSED.get(name)
    return None if why is None else f"{name!r} can't be given: {why}"
