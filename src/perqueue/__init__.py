"""perqueue: campaigns of calculations as values, run by a queue that never forgets.

    from perqueue import PersistentQueue, Task

    with PersistentQueue() as pq:
        pq.submit(Task("relax.py", {"fmax": 0.01}, "local:1h") >> Task("bands.py", None, "local:10m"))

Names are loaded when they are first used, so that a task's process imports next to nothing.
"""

from __future__ import annotations

# Not imported from typing, which would cost every task's process four milliseconds; type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from perqueue.api.queue import PersistentQueue
    from perqueue.api.task import Task
    from perqueue.core.selection import Selection
    from perqueue.core.tasklike import StaticWidthGroup, Workflow

_HOMES = {
    "PersistentQueue": "perqueue.api.queue",
    "Selection": "perqueue.core.selection",
    "StaticWidthGroup": "perqueue.core.tasklike",
    "Task": "perqueue.api.task",
    "Workflow": "perqueue.core.tasklike",
}

__all__ = ["PersistentQueue", "Selection", "StaticWidthGroup", "Task", "Workflow"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
