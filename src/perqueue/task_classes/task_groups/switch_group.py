"""Old names: choices (see :mod:`perqueue.core.groups`)."""

from perqueue.core.groups import SwitchGroup

__all__ = ["SwitchGroup"]
