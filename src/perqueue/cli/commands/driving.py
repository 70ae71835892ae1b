"""The commands that see to it that work goes on, as the command line declares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer


def run(
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="A Python script that submits something.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="What the script gets.")] = None,
) -> None:
    """Run a submission script to its results.

    It watches what the script submitted until that is done, and shows what came out.

    Ctrl-C stops watching; the work goes on (`pq watch` shows it again). The exit status is 1 if anything failed or
    timed out, or can't run because of that; discarded entries are no failures.

    \b
      pq run submit.py
      pq run submit.py 1000 --fast    the arguments are the script's
    """
    from ..acting.running import run_script

    status = run_script(script, arguments or [])
    if status:
        raise typer.Exit(status)


def watch() -> None:
    """Watch the queue until nothing moves. Ctrl-C stops watching; the work goes on.

    \b
      pq watch
    """
    from ..acting.running import watch_queue

    watch_queue()


def tick() -> None:
    """Have the queue driven on.

    It wakes the supervisor that drives the queue, or starts one where it has died.

    For cron, for a queue whose machine was restarted, and for jobs that have just ended. It is safe at any time.

    \b
      pq tick
    """
    from ..acting.ticking import tick_queue

    tick_queue()


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"run": run, "watch": watch, "tick": tick}
