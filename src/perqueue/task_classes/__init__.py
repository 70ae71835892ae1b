"""Old names: tasks, groups, entries and what they are made of, loaded when they are first used."""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from perqueue.api.entry import Entry
    from perqueue.api.task import Task
    from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
    from perqueue.core.resources import Resources
    from perqueue.core.states import EntryState
    from perqueue.core.tasklike import Workflow

_HOMES = {
    "CyclicalGroup": "perqueue.core.groups",
    "DynamicWidthGroup": "perqueue.core.groups",
    "Entry": "perqueue.api.entry",
    "EntryState": "perqueue.core.states",
    "Resources": "perqueue.core.resources",
    "StaticWidthGroup": "perqueue.core.groups",
    "SwitchGroup": "perqueue.core.groups",
    "Task": "perqueue.api.task",
    "Workflow": "perqueue.core.tasklike",
}

__all__ = [
    "CyclicalGroup",
    "DynamicWidthGroup",
    "Entry",
    "EntryState",
    "Resources",
    "StaticWidthGroup",
    "SwitchGroup",
    "Task",
    "Workflow",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
