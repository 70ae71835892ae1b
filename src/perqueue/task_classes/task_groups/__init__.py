"""Old names: workflows and groups (see :mod:`perqueue.core.groups`)."""

from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.tasklike import Workflow

__all__ = ["CyclicalGroup", "DynamicWidthGroup", "StaticWidthGroup", "SwitchGroup", "Workflow"]
