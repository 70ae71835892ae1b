"""Only checking: a submission script runs, what it would submit is checked, and nothing is stored.

Whoever starts the script names a file in the environment. One line is appended to it for each submission, so a script
may submit several times, fork, or start others that submit. Only this module reads that variable.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from perqueue.core.errors import StorageError

if TYPE_CHECKING:
    from .findings import Finding

CHECK: Final = "PERQUEUE_CHECK"
"""The environment variable with the file's path. Tasks don't get it, and none runs while it is set."""


class Record(NamedTuple):
    """What a script would have done.

    Args:
        submissions: How many submissions were checked.
        tasks: How many tasks they have.
        skipped: The other writes that it asked for, which were not done.
        findings: What was found.
    """

    submissions: int
    tasks: int
    skipped: tuple[str, ...]
    findings: tuple[Finding, ...]


def only_checking() -> bool:
    """Whether this process only checks what it submits."""
    return bool(os.environ.get(CHECK))


def note_checked(tasks: int, findings: Sequence[Finding]) -> None:
    """Say what was found in one submission.

    Raises:
        StorageError: The file can't be written.
    """
    tell(CHECK, {"tasks": tasks, "findings": [found.as_json() for found in findings]})


def note_skipped(what: str) -> None:
    """Say that a write was not done.

    Raises:
        StorageError: The file can't be written.
    """
    tell(CHECK, {"skipped": what})


def read_record(path: str) -> Record:
    """What was said."""
    from .findings import Finding  # not where submission scripts only ask whether they are checked

    submissions = tasks = 0
    skipped: list[str] = []
    findings: list[Finding] = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            told = json.loads(line)
            if "skipped" in told:
                skipped.append(told["skipped"])
                continue
            submissions += 1
            tasks += told["tasks"]
            findings += [Finding.from_json(found) for found in told["findings"]]
    return Record(submissions, tasks, tuple(skipped), tuple(findings))


def tell(variable: str, told: dict[str, Any]) -> None:
    """Append a line to the file that a variable of the environment names.

    Raises:
        StorageError: The file can't be written.
    """
    path = os.environ[variable]
    try:
        # One write in append mode: lines of processes that submit at once stay whole.
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(file, (json.dumps(told) + "\n").encode())
        finally:
            os.close(file)
    except OSError as error:
        raise StorageError(f"{path} (named by {variable}) can't be written: {error}") from error
