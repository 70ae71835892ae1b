"""The command that shows plugins, and the commands that plugins bring.

Who calls one of perqueue's own commands pays nothing for plugins. They are looked for where the name is none of those,
and where all commands are listed; the command's own code is loaded only when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

import typer

from perqueue.core.errors import PerQueueError
from perqueue.core.telling import describe_error

from ..options import Json

if TYPE_CHECKING:
    from perqueue.plugins.parts import CommandPlugin


class BrokenCommandError(PerQueueError):
    """A plugin's command that can't be used."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the command {name!r} is a plugin's and can't be used: {why}; see `pq plugins`")


def plugins(as_json: Json = False) -> None:
    """Show what is installed, and what can't be used.

    Executors, stores, codecs, commands and observers, by the plugin that brings each. In a queue's folder also what
    its supervisor could not use.

    \b
      pq plugins
      pq plugins --json
    """
    from ..showing.plugin_list import show_plugins

    show_plugins(as_json=as_json)


def add_commands(app: typer.Typer, called: str | None, reserved: Collection[str]) -> None:
    """Add the commands of plugins: the one that is called as it is, the others by name and summary only.

    Args:
        app: The program.
        called: The command's name, if any is called.
        reserved: Names of perqueue's own commands.

    Raises:
        BrokenCommandError: The command that is called can't be used.
    """
    from perqueue.plugins.points import any_installed

    if not any_installed():
        return
    from perqueue.plugins.manager import load_plugins

    for name, command in sorted(load_plugins(reserved).commands.items()):
        if name == called:
            _add(app, command)
        else:
            app.command(name, help=command.summary)(_only_listed)


def _add(app: typer.Typer, command: CommandPlugin) -> None:
    try:
        body = command.load()
        _attach(alone := typer.Typer(rich_markup_mode=None), command, body)
        # What typer can't make a command of, it says here and not in the midst of the program.
        typer.main.get_command(alone)
    except (Exception, SystemExit) as error:
        raise BrokenCommandError(command.name, describe_error(error)) from error
    _attach(app, command, body)


def _attach(app: typer.Typer, command: CommandPlugin, body: object) -> None:
    if isinstance(body, typer.Typer):
        app.add_typer(body, name=command.name, help=command.summary)
    elif callable(body):
        app.command(command.name)(body)
    else:
        raise TypeError(f"its load() gives {body!r}, which is neither a function nor a typer.Typer")


def _only_listed() -> None:
    """Stand for a command that is not called."""


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"plugins": plugins}
