"""Old names: selections of entries (see :mod:`perqueue.core.selection`)."""

from perqueue.core.selection import Selection

__all__ = ["Selection"]
