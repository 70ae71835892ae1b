"""Old names: the queue (see :mod:`perqueue.api.queue`)."""

from perqueue.api.queue import PersistentQueue

__all__ = ["PersistentQueue"]
