"""The commands that hand work to the queue, and to other tools, as the command line declares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from ..options import Json


def submit(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A workflow (PWD, .json), or a submission script (.py)."),
    ],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="What a script gets.")] = None,
    resources: Annotated[
        str | None,
        typer.Option("-r", "--resources", metavar="RESOURCES", help="What each function of a workflow asks for."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Submit a workflow from a file, and don't wait for it.

    A JSON file is a Python Workflow Definition (PWD) 0.1, which pyiron, jobflow and AiiDA write too. Its modules are
    looked for in its own folder. A script is run as `python SCRIPT.py` runs it; `pq run` also watches its work.

    \b
      pq submit workflow.json -r 24:xeon24:2h
      pq submit submit.py
      pq submit submit.py 1000 --fast    the arguments are the script's
    """
    from ..acting.submitting import submit_file

    status = submit_file(file, arguments or [], resources, as_json=as_json)
    if status:
        raise typer.Exit(status)


def export(
    key: Annotated[int, typer.Argument(metavar="ID", help="Key of any entry of the submission.")],
    pwd: Annotated[bool, typer.Option("--pwd", help="As a Python Workflow Definition 0.1 (JSON).")] = False,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there rather than print it.")
    ] = None,
) -> None:
    """Write a submission for other tools.

    It has the tasks as they are now, with what was changed since, and what depends on what. Loops, switches and width
    groups can't be written.

    \b
      pq export --pwd 7 -o workflow.json
    """
    from ..acting.exporting import export_submission

    export_submission(key, output, pwd=pwd)


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"submit": submit, "export": export}
