"""Old names: an entry of the queue (see :mod:`perqueue.api.entry`)."""

from perqueue.api.entry import Entry

__all__ = ["Entry"]
