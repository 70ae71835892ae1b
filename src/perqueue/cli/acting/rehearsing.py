"""``pq check``: run a submission script that stores nothing, and tell what was found."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from perqueue.checks.findings import Severity, in_order, of
from perqueue.checks.recording import CHECK, Record, read_record
from perqueue.engine.receipts import RUN

from ..printing import counted, note, one_line, put, put_json
from .scripts import answer_file, how_it_ended, run_to_end

_FAILED = 2


def check_script(script: str, arguments: Sequence[str], *, strict: bool, as_json: bool) -> int:
    """Check what a submission script would submit; the exit status.

    Args:
        script: Its path.
        arguments: What it gets.
        strict: Whether warnings count as errors.
        as_json: Print JSON rather than lines.

    Raises:
        NoScriptError: There is no such script.
    """
    status, record = _rehearse(script, arguments)
    findings = in_order(record.findings)
    errors, warnings = of(findings, Severity.error), of(findings, Severity.warning)
    if as_json:
        put_json(
            {
                "script": os.path.abspath(script),
                "status": status,
                "submissions": record.submissions,
                "tasks": record.tasks,
                "skipped": list(record.skipped),
                "findings": [found.as_json() for found in findings],
            }
        )
    else:
        for found in findings:
            put(one_line(found.shown(os.getcwd())))
        put(_counts(len(errors), len(warnings), record))
    for what in dict.fromkeys(record.skipped):
        note(f"{what}() was not done: nothing is changed while a script is only checked")
    if status:
        note(f"{script} {how_it_ended(status)}: what it would have submitted after that is not checked")
        return _FAILED
    return 1 if errors or (strict and warnings) else 0


def _rehearse(script: str, arguments: Sequence[str]) -> tuple[int, Record]:
    """Run the script to its end: its status, and what it said."""
    with answer_file("pq-check-") as path:
        # With RUN it tells its own mistakes in one line; nothing is submitted, so no receipts are written.
        environment = {CHECK: path, RUN: os.devnull}
        # What it prints goes where remarks go, so that it is never taken for what was found.
        return run_to_end(script, arguments, environment, sys.__stderr__), read_record(path)


def _counts(errors: int, warnings: int, record: Record) -> str:
    if not record.submissions:
        return "nothing was submitted, so there is nothing to check"
    where = f"in {counted(record.tasks, 'task')} of {counted(record.submissions, 'submission')}"
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')} {where}"
