"""The typed face of pluggy: which executors and stores there are, and which plugins failed to load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import pluggy
from attrs import frozen

from perqueue.core.errors import PerQueueError, UsageError
from perqueue.executors.protocol import ExecutorPlugin
from perqueue.store.protocol import StorePlugin

from . import spec

_P = TypeVar("_P", ExecutorPlugin, StorePlugin)


class PluginConflictError(PerQueueError):
    """Two plugins bring something of the same name."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"two plugins bring the {what} {name!r}: uninstall one of them (`pip list` shows both)")


class UnknownPluginError(UsageError):
    """Nothing of this name is installed."""

    def __init__(self, what: str, name: str, known: Mapping[str, object]) -> None:
        super().__init__(f"there is no {what} {name!r}; installed are: {', '.join(sorted(known))}")


@frozen
class Plugins:
    """What is installed. ``failed``: plugins that could not be loaded, with the reason; they change nothing else."""

    executors: Mapping[str, ExecutorPlugin]
    stores: Mapping[str, StorePlugin]
    failed: Mapping[str, str]

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


def load_plugins() -> Plugins:
    """The built-in plugins and those of the entry-point group ``perqueue``.

    Raises:
        PluginConflictError: Two bring something of the same name.
    """
    from . import builtin

    manager = pluggy.PluginManager(spec.NAME)
    manager.add_hookspecs(spec)
    manager.register(builtin, "perqueue")
    failed = _load_installed(manager)
    executors: dict[str, ExecutorPlugin] = {}
    stores: dict[str, StorePlugin] = {}
    for name, plugin in manager.list_name_plugin():
        try:
            its_executors = _brought(manager, plugin, "perqueue_executors", ExecutorPlugin)
            its_stores = _brought(manager, plugin, "perqueue_stores", StorePlugin)
        except Exception as error:  # as when it is loaded
            failed[name] = f"{type(error).__name__}: {error}"
            continue
        for executor in its_executors:
            if executors.setdefault(executor.name, executor) is not executor:
                raise PluginConflictError("executor", executor.name)
        for store in its_stores:
            if stores.setdefault(store.name, store) is not store:
                raise PluginConflictError("store", store.name)
    return Plugins(executors, stores, failed)


def _brought(manager: pluggy.PluginManager, plugin: object, hook: str, kind: type[_P]) -> list[_P]:
    """What one plugin alone brings through a hook, so that its failure is nobody else's."""
    others = [other for other in manager.get_plugins() if other is not plugin]
    found = [part for brought in manager.subset_hook_caller(hook, others)() for part in brought]
    for part in found:
        if not isinstance(part, kind):
            raise TypeError(f"{hook}() brings {part!r}, which is no {kind.__name__}")
    return found


def _load_installed(manager: pluggy.PluginManager) -> dict[str, str]:
    from importlib.metadata import entry_points

    failed: dict[str, str] = {}
    for point in entry_points(group=spec.NAME):
        try:
            manager.register(point.load(), point.name)
            manager.check_pending()
        except Exception as error:  # whatever somebody else's module raises, the queue goes on without it
            failed[point.name] = f"{type(error).__name__}: {error}"
            if manager.has_plugin(point.name):
                manager.unregister(name=point.name)
    return failed
