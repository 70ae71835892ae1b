"""The typed face of pluggy: what is installed, and what of it can't be used and why.

Somebody's plugin never breaks the queue. What fails to load, returns something else than its hook says, or takes a
name that is taken is left out, and listed by ``pq plugins``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from perqueue.executors.protocol import ExecutorPlugin
from perqueue.store.protocol import StorePlugin

from .codecs import CODECS
from .errors import UnknownPluginError as UnknownPluginError
from .finding import Finder, Found, Kind
from .parts import CommandPlugin, ObserverPlugin

if TYPE_CHECKING:
    from perqueue.codec.registry import Codec


@frozen
class Plugins:
    """What is installed, by name.

    Args:
        executors: Executors that can be used.
        stores: Stores that can be used.
        failed: Plugins of which something can't be used, with the reasons; they change nothing else.
        codecs: Codecs that can be used, by their tag.
        commands: Commands of ``pq`` besides its own.
        observers: Observers of what is committed.
        found: All plugins, perqueue's own first, with what each brings.
    """

    executors: Mapping[str, ExecutorPlugin]
    stores: Mapping[str, StorePlugin]
    failed: Mapping[str, str]
    codecs: Mapping[str, Codec] = field(factory=dict)
    commands: Mapping[str, CommandPlugin] = field(factory=dict)
    observers: Mapping[str, ObserverPlugin] = field(factory=dict)
    found: tuple[Found, ...] = ()

    def executor(self, name: str) -> ExecutorPlugin:
        """An executor by name.

        Raises:
            UnknownPluginError: There is none.
        """
        if name not in self.executors:
            raise UnknownPluginError("executor", name, self.executors)
        return self.executors[name]

    def store(self, name: str) -> StorePlugin:
        """A store by name.

        Raises:
            UnknownPluginError: There is none.
        """
        if name not in self.stores:
            raise UnknownPluginError("store", name, self.stores)
        return self.stores[name]


SIMULATED: Final = "dry-run"
"""The name that configuration has for what is simulated (``perqueue.dryrun.mode.NAME``), as if it were an executor."""
EXECUTORS = Kind("executor", "perqueue_executors", lambda: ExecutorPlugin, reserved=(SIMULATED,))
STORES = Kind("store", "perqueue_stores", lambda: StorePlugin)
OBSERVERS = Kind("observer", "perqueue_observers", lambda: ObserverPlugin)
_known: dict[tuple[str, ...], Plugins] = {}


def load_plugins(reserved: Collection[str] = ()) -> Plugins:
    """The built-in plugins and those of the entry-point group ``perqueue``, found once for this process.

    Args:
        reserved: Names of commands that are taken.
    """
    taken = tuple(reserved)
    if taken not in _known:
        _known[taken] = _load(taken)
    return _known[taken]


def forget_plugins() -> None:
    """Look again when asked next; for tests that install something."""
    _known.clear()


def _load(reserved: Collection[str]) -> Plugins:
    from . import builtin

    finder = Finder(builtin)
    commands = Kind("command", "perqueue_commands", lambda: CommandPlugin, reserved=reserved)
    collected: dict[str, Any] = {
        f"{kind.name}s": finder.collect(kind) for kind in (EXECUTORS, STORES, CODECS, commands, OBSERVERS)
    }
    failed = {one.name: "; ".join(map(str, one.problems)) for one in finder.found if one.problems}
    return Plugins(**collected, failed=failed, found=tuple(finder.found))
