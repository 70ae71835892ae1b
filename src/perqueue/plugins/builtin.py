"""What perqueue brings itself, registered like anybody else's."""

from __future__ import annotations

from perqueue.executors.local import LOCAL
from perqueue.executors.protocol import ExecutorPlugin
from perqueue.store.protocol import StorePlugin
from perqueue.store.sqlite import SQLITE

from .spec import hookimpl


@hookimpl
def perqueue_executors() -> tuple[ExecutorPlugin, ...]:
    """The executor on this machine."""
    return (LOCAL,)


@hookimpl
def perqueue_stores() -> tuple[StorePlugin, ...]:
    """The default store."""
    return (SQLITE,)
