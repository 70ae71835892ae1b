"""The command that looks before anything runs, as the command line declares it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from ..options import Json


def check(
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="A Python script that submits something.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="What the script gets.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Json = False,
) -> None:
    """Check what a submission script would submit, and submit nothing.

    The submission script runs; the task scripts are only read. Each line names a file and a line: an error fails
    whenever it runs, a warning may be meant so. `submit` itself refuses what has errors.

    The exit status is 0 without errors, 1 with errors, 2 if the submission script itself fails.

    \b
      pq check submit.py
      pq check --strict submit.py     warnings count too
      pq check submit.py 1000 --fast  the arguments are the script's
      pq check --json submit.py       for programs
    """
    from ..acting.rehearsing import check_script

    status = check_script(script, arguments or [], strict=strict, as_json=as_json)
    if status:
        raise typer.Exit(status)


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"check": check}
