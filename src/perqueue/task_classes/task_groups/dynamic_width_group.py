"""Old names: groups whose width their inputs say (see :mod:`perqueue.core.groups`)."""

from perqueue.core.groups import DynamicWidthGroup

__all__ = ["DynamicWidthGroup"]
