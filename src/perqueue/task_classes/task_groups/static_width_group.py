"""Old names: groups of a fixed width (see :mod:`perqueue.core.groups`)."""

from perqueue.core.groups import StaticWidthGroup

__all__ = ["StaticWidthGroup"]
