"""The hooks. A plugin is a module or object with any of these, in the entry-point group ``perqueue``."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from perqueue.executors.protocol import ExecutorPlugin
from perqueue.store.protocol import StorePlugin

NAME = "perqueue"
hookspec = pluggy.HookspecMarker(NAME)
hookimpl = pluggy.HookimplMarker(NAME)


@hookspec
def perqueue_executors() -> Iterable[ExecutorPlugin]:
    """The executors that the plugin brings."""
    raise AssertionError  # pluggy never calls the specification


@hookspec
def perqueue_stores() -> Iterable[StorePlugin]:
    """The stores that the plugin brings."""
    raise AssertionError  # pluggy never calls the specification
