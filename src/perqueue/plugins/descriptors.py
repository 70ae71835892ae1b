"""What a plugin hands in: small values that say what there is and how to open it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from perqueue.config import Config
    from perqueue.engine.folder import QueueFolder
    from perqueue.executors.protocol import Executor
    from perqueue.store.protocol import Store


@frozen
class StorePlugin:
    """A kind of store.

    Args:
        name: What ``pq init -b`` calls it.
        summary: One line for listings.
        create: Make an empty store in a queue's folder, given the path of ``.perqueue``.
        open: Open the store of a queue's folder, given the path of ``.perqueue``.
    """

    name: str
    summary: str
    create: Callable[[str], None]
    open: Callable[[str], Store]


@frozen
class ExecutorPlugin:
    """A kind of executor.

    Args:
        name: What configuration calls it.
        summary: One line for listings.
        open: Start it for a queue, under a configuration.
        resident: Whether it works only while a supervisor lives on the queue's home host.
    """

    name: str
    summary: str
    open: Callable[[QueueFolder, Config], Executor]
    resident: bool = False
