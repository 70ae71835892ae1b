"""Old names: loops (see :mod:`perqueue.core.groups`)."""

from perqueue.core.groups import CyclicalGroup

__all__ = ["CyclicalGroup"]
