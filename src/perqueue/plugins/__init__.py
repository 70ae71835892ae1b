"""How executors, stores, codecs, commands and observers are found.

What a plugin imports is here: the mark of a hook, and the parts that hooks bring. Each name is loaded when it is first
used, because listings pass through this package and need none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from perqueue.codec.registry import Codec
    from perqueue.executors.protocol import ExecutorPlugin, Site
    from perqueue.store.protocol import LoggedEvent, StorePlugin

    from .parts import CommandPlugin, ObserverPlugin
    from .spec import hookimpl

__all__ = [
    "Codec",
    "CommandPlugin",
    "ExecutorPlugin",
    "LoggedEvent",
    "ObserverPlugin",
    "Site",
    "StorePlugin",
    "hookimpl",
]

_HOMES: Final = {
    "Codec": "perqueue.codec.registry",
    "CommandPlugin": "perqueue.plugins.parts",
    "ExecutorPlugin": "perqueue.executors.protocol",
    "LoggedEvent": "perqueue.store.protocol",
    "ObserverPlugin": "perqueue.plugins.parts",
    "Site": "perqueue.executors.protocol",
    "StorePlugin": "perqueue.store.protocol",
    "hookimpl": "perqueue.plugins.spec",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
