"""The program: which commands there are, and how every error becomes one line and an exit status.

Status 0: done. 1: something of the work, or of the queue's files, failed. 2: it can't be done as asked.
Only the module of the command that is called is imported, and each command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from perqueue.core.errors import PerQueueError, UsageError

_HERE: Final = "perqueue.cli.commands"
COMMANDS: Final = {
    "run": "driving",
    "check": "checking",
    "dry-run": "dry_running",
    "submit": "exchanging",
    "watch": "driving",
    "tick": "driving",
    "ls": "reading",
    "list": "reading",
    "info": "reading",
    "show": "reading",
    "logs": "reading",
    "history": "reading",
    "inspect": "reading",
    "export": "exchanging",
    "resubmit": "writing",
    "cancel": "writing",
    "modify": "writing",
    "rm": "writing",
    "remove": "writing",
    "init": "writing",
    "migrate": "writing",
    "plugins": "plugging",
    "config": "configuring",
}
"""The module of each command, in the order of ``pq --help``."""
ALIASES: Final = {"list": "ls", "remove": "rm"}
"""Other names of commands; ``pq --help`` shows them with the command."""


def build(name: str | None = None) -> typer.Typer:
    """The program with all its commands, or with only the one that is called."""
    # Plain help: square brackets in it are meant, and rich takes its time to import.
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=_HELP)
    app.callback()(top)
    for command in COMMANDS if name not in COMMANDS else [str(name)]:
        module = import_module(f"{_HERE}.{COMMANDS[command]}")
        body: Callable[..., Any] = module.COMMANDS[ALIASES.get(command, command)]
        inner = getattr(module, "GROUPS", {}).get(command)
        if inner:  # it has commands of its own
            group = typer.Typer(rich_markup_mode=None, context_settings=_HELP)
            group.callback(invoke_without_command=True)(body)
            for below, its_body in inner.items():
                group.command(below)(its_body)
            app.add_typer(group, name=command)
            continue
        app.command(command, hidden=command in ALIASES, context_settings=_settings(command))(body)
    if name not in COMMANDS:
        from .commands.plugging import add_commands  # only where somebody else may have it

        add_commands(app, name, COMMANDS)
    return app


_HELP: Final = {"help_option_names": ["-h", "--help"]}


def _settings(command: str) -> dict[str, Any]:
    if command == "run":  # what follows the script is the script's
        return {**_HELP, "allow_interspersed_args": False, "ignore_unknown_options": True}
    if command in ("check", "dry-run", "submit"):  # options that are not its own are the script's
        return {**_HELP, "ignore_unknown_options": True}
    return _HELP


def _say_version(asked: bool) -> None:
    if asked:
        from .printing import version

        typer.echo(f"perqueue {version()}")
        raise typer.Exit


def top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_say_version)
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as local.cores=2; may be repeated."),
    ] = None,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="NAME", help="Where everything runs: local or dry-run.")
    ] = None,
) -> None:
    """Campaigns of calculations, run by a queue that never forgets.

    The queue is the one in the current folder, or in the nearest folder above it that has one. A submission script
    makes it, and starts what drives it.

    \b
      pq run submit.py           submit, watch it run, see the results
      pq ls                      what there is, and how it is doing
      pq show 7                  all about entry 7: inputs, result, why it waits
      pq resubmit                run what failed again
      pq COMMAND --help          more about a command
    """
    del version  # said before anything else
    if settings or executor is not None:
        from .commands.configuring import use_flags

        use_flags(context, settings or [], executor)


def run(arguments: Sequence[str]) -> int:
    """Run a command; its exit status. Errors are told in one line on stderr."""
    arguments = list(arguments) or ["--help"]
    name = _called(arguments)
    try:
        command = typer.main.get_command(build(name))
        status = command.main(arguments, prog_name="pq", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except KeyboardInterrupt:
        return _told("interrupted", 130)
    except BrokenPipeError:
        return _hush()
    except SystemExit as end:  # the parser ends by itself when a write in a command meets a closed pipe
        if isinstance(end.__context__, BrokenPipeError):
            return _hush()
        raise
    except UsageError as error:
        return _told(str(error), 2)
    except PerQueueError as error:
        return _told(str(error), 1)
    except FileNotFoundError as error:
        if error.filename is None:
            return _told(str(error), 2)
        return _told(f"there is no file {error.filename!r}", 2)
    except OSError as error:
        return _told(str(error), 1)
    except typer.Abort:
        return _told("given up: nothing was changed", 1)
    except Exception as error:
        return _parser_error(error)


def _called(arguments: Sequence[str]) -> str | None:
    """The command that is called: the first word that is neither a flag of the program nor such a flag's value."""
    after_flag = False
    for part in arguments:
        if not after_flag and not part.startswith("-"):
            return part
        after_flag = part in ("--set", "--executor")
    return None


def _parser_error(error: Exception) -> int:
    """The parser's complaints, whichever click it is built on. They alone can format their message."""
    complaint = getattr(error, "format_message", None)
    if complaint is None:
        raise error
    message = str(complaint()).rstrip(".")
    context = getattr(error, "ctx", None)
    program = getattr(context, "command_path", "pq")
    return _told(f"{message[:1].lower()}{message[1:]}; see `{program} --help`", 2)


def _told(what: str, status: int) -> int:
    line = " ".join(what.split())
    try:
        sys.stdout.flush()
        sys.stderr.write(f"pq: {line}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        _hush()
    return status


def _hush() -> int:
    """Whoever read our output has gone, as ``pq ls | head`` does: end quietly, also when Python closes stdout."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 0


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
