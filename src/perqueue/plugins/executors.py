"""An executor by name, without loading anybody's plugins where the local one is meant."""

from __future__ import annotations

from perqueue.executors.protocol import ExecutorPlugin


def executor_plugin(name: str) -> ExecutorPlugin:
    """The executor plugin of this name.

    Raises:
        UnknownPluginError: None is installed.
    """
    if name == "local":
        from perqueue.executors.local import LOCAL

        return LOCAL
    from .manager import load_plugins

    return load_plugins().executor(name)
