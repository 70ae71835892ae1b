"""``pq submit``: hand a file to the queue, and go."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from perqueue.core.errors import UsageError

from ..printing import entries, note, put, put_json, ranges
from .scripts import how_it_ended, left_behind, run_submission

_REFUSED: Final = 2


class SubmitFileError(UsageError):
    """A file that can't be submitted, or not in this way."""


def submit_file(file: str, arguments: Sequence[str], resources: str | None, *, as_json: bool) -> int:
    """Submit what a file describes; the exit status.

    Raises:
        SubmitFileError: It is neither a workflow nor a script, or something was given that it has no use for.
        NoScriptError: There is no such script.
        UsageError: The workflow can't be read or submitted.
    """
    kind = os.path.splitext(file)[1].lower()
    if kind == ".json":
        if arguments:
            raise SubmitFileError(f"{file} takes no arguments, and there are {' '.join(arguments)!r}")
        from perqueue.checks.submission import CheckError  # not where a script checks by itself

        try:
            submitted = _submit_workflow(file, resources)
        except CheckError as error:
            for line in str(error).splitlines():  # a finding each
                note(line)
            return _REFUSED
        return _told(submitted, as_json=as_json)
    if kind != ".py":
        raise SubmitFileError(
            f"{file!r} is neither a workflow nor a script by its ending: give a Python Workflow Definition (.json) or "
            "a submission script (.py)"
        )
    if resources is not None:
        raise SubmitFileError(f"{file} is a script, which says itself what its tasks ask for: leave -r {resources} out")
    status, made = run_submission(file, arguments)
    if status:
        note(f"{file} {how_it_ended(status)}; {left_behind(made)}")
        return 1
    return _told(made, as_json=as_json)


def _submit_workflow(file: str, resources: str | None) -> dict[str, list[int]]:
    from perqueue.api.queue import PersistentQueue
    from perqueue.engine.folder import need_folder
    from perqueue.interop.reading import read_PWD

    workflow = read_PWD(file, resources)
    with PersistentQueue() as queue:
        told = queue.submit(workflow)
    return {need_folder().root: told.keys}


def _told(made: Mapping[str, Sequence[int]], *, as_json: bool) -> int:
    if as_json:
        put_json([{"queue": root, "keys": list(keys)} for root, keys in made.items()])
        return 0
    if not any(made.values()):
        put("nothing was submitted")
    for root, keys in made.items():
        where = "" if len(made) == 1 else f" to {os.path.dirname(root)}"
        put(f"submitted {entries(len(keys))}{where}: {ranges(keys)}")
    return 0
