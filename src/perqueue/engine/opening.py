"""The executors of a queue, opened so that one that can't be used stands in nobody's way."""

from __future__ import annotations

from collections.abc import Callable

from perqueue.config import Config
from perqueue.core.resources import LOCAL
from perqueue.executors.guarded import Guarded
from perqueue.executors.protocol import Executor, Site
from perqueue.plugins.executors import executor_plugin

from .folder import QueueFolder
from .troubles import forget_troubles, note_trouble


def open_executors(
    folder: QueueFolder, config: Config, say: Callable[[str], None], *, local: bool = True
) -> list[Executor]:
    """The executors that the configuration has lanes for, the local one first; ``local``: whether to open that at all.

    One that can't be opened, or breaks later, is tried again with growing waits. What is wrong with it is told to
    ``say``, once for each new reason, and stands in ``pq ls`` and ``pq plugins`` until it works again.
    """
    site = Site(folder.root, folder.id)
    names = list(dict.fromkeys(name for name, _ in config.lanes.values()))
    forget_troubles(folder.root, "executor", keep=names.__contains__)

    def guarded(name: str) -> Executor:
        return Guarded(name, lambda: executor_plugin(name).open(site, config), _teller(folder.root, name, say))

    at_home = [executor_plugin(LOCAL).open(site, config)] if local else []
    return at_home + [guarded(name) for name in names if name != LOCAL]


def _teller(root: str, name: str, say: Callable[[str], None]) -> Callable[[str], None]:
    said = ""

    def tell(why: str) -> None:
        nonlocal said
        note_trouble(root, "executor", name, why)
        if why and why != said:
            say(f"executor {name!r} can't be used for now: {why}")
        elif said and not why:
            say(f"executor {name!r} works again")
        said = why

    return tell
