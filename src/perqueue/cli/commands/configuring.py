"""The command of the configuration, as the command line declares it, and the flags that every command has for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import typer

from ..options import Json


def config(context: typer.Context, as_json: Json = False) -> None:
    """Show the configuration: every value, with where it came from.

    Flags (pq --set KEY=VALUE) count before environment variables (PERQUEUE_LOCAL_CORES=2), and these before files:
    perqueue.toml in the nearest folder upward, then in .perqueue, then in ~/.config/perqueue.

    \b
      pq config
      pq --set local.cores=2 config
      pq config check            try each executor and partition that it names
      pq config import-myqueue ~/.myqueue/config.py
    """
    if context.invoked_subcommand is None:
        from ..showing.settings import show_settings

        show_settings(as_json=as_json)


def check(as_json: Json = False) -> None:
    """Try each executor and partition that it names.

    A line for each thing that was tried. The exit status is 1 if there is a problem.

    \b
      pq config check
    """
    from ..acting.trying import try_settings

    status = try_settings(as_json=as_json)
    if status:
        raise typer.Exit(status)


def import_myqueue(
    file: Annotated[str, typer.Argument(metavar="FILE", help="MyQueue's config.py.")],
    write: Annotated[
        str | None, typer.Option("--write", metavar="FILE", help="Write a new file instead of printing it.")
    ] = None,
) -> None:
    """Make a perqueue.toml of a MyQueue configuration.

    Its config dict is read and never run. What has no counterpart becomes a comment.

    \b
      pq config import-myqueue ~/.myqueue/config.py
      pq config import-myqueue ~/.myqueue/config.py --write perqueue.toml
    """
    from ..acting.importing import import_myqueue

    import_myqueue(file, write)


def use_flags(context: typer.Context, given: Sequence[str], executor: str | None) -> None:
    """Have flags count in this process, and in those that it starts, for as long as the command runs.

    Raises:
        ConfigError: One of them can't be used.
    """
    from perqueue.config.flags import SET, with_flags

    before = os.environ.get(SET)

    def undo() -> None:
        if before is None:
            os.environ.pop(SET, None)
        else:
            os.environ[SET] = before

    flags = with_flags(os.environ, given, executor)
    context.call_on_close(undo)
    os.environ[SET] = flags


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"config": config}
GROUPS: Final[dict[str, dict[str, Callable[..., Any]]]] = {"config": {"check": check, "import-myqueue": import_myqueue}}
"""The commands below a command."""
