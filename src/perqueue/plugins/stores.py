"""A store by name, without loading anybody's plugins where one of perqueue's own is meant: listings should be quick."""

from __future__ import annotations

from perqueue.store.protocol import StorePlugin


def store_plugin(name: str) -> StorePlugin:
    """The store plugin of this name.

    Raises:
        UnknownPluginError: None is installed.
    """
    if name == "sqlite":
        from perqueue.store.sqlite import SQLITE

        return SQLITE
    if name == "json":
        from perqueue.store.jsonl import JSON

        return JSON
    from .manager import load_plugins

    return load_plugins().store(name)
