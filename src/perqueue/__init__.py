"""perqueue: campaigns of calculations as values, run by a queue that never forgets.

    from perqueue import PersistentQueue, Task

    with PersistentQueue() as pq:
        pq.submit(Task("relax.py", {"fmax": 0.01}, "local:1h") >> Task("bands.py", None, "local:10m"))

Names are loaded when they are first used, so that a task's process imports next to nothing.
"""

from __future__ import annotations

import sys

# Not imported from typing, which would cost every task's process four milliseconds; type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from perqueue.api.function import task
    from perqueue.api.queue import PersistentQueue
    from perqueue.api.task import Task
    from perqueue.checks.submission import CheckError
    from perqueue.core.answers import Choose, Continue, Discard, Stop, Width
    from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
    from perqueue.core.resources import Resources
    from perqueue.core.retry import Retry
    from perqueue.core.selection import Selection
    from perqueue.core.tasklike import Workflow
    from perqueue.runner.deadline import time_left

_HOMES = {
    "CheckError": "perqueue.checks.submission",
    "Choose": "perqueue.core.answers",
    "Continue": "perqueue.core.answers",
    "CyclicalGroup": "perqueue.core.groups",
    "Discard": "perqueue.core.answers",
    "DynamicWidthGroup": "perqueue.core.groups",
    "PersistentQueue": "perqueue.api.queue",
    "Resources": "perqueue.core.resources",
    "Retry": "perqueue.core.retry",
    "Selection": "perqueue.core.selection",
    "StaticWidthGroup": "perqueue.core.groups",
    "Stop": "perqueue.core.answers",
    "SwitchGroup": "perqueue.core.groups",
    "Task": "perqueue.api.task",
    "Width": "perqueue.core.answers",
    "Workflow": "perqueue.core.tasklike",
    "task": "perqueue.api.function",
    "time_left": "perqueue.runner.deadline",
}
_LIGHT = ("perqueue.core.answers", "perqueue.runner.deadline")
"""Homes that a task's process has imported anyway, or that it uses where it names them."""

__all__ = [
    "CheckError",
    "Choose",
    "Continue",
    "CyclicalGroup",
    "Discard",
    "DynamicWidthGroup",
    "PersistentQueue",
    "Resources",
    "Retry",
    "Selection",
    "StaticWidthGroup",
    "Stop",
    "SwitchGroup",
    "Task",
    "Width",
    "Workflow",
    "task",
    "time_left",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    load = sys.modules.get("perqueue.runner.load")
    if load is not None and load.loading() and _HOMES[name] not in _LIGHT:
        # A task's process, in which most of them are named and never used.
        from perqueue.runner.later import Later, later_task

        return (later_task if name == "task" else Later)(lambda: _real(name))
    return _real(name)


def _real(name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
