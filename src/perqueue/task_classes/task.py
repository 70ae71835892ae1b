"""Old names: the task (see :mod:`perqueue.api.task`)."""

from perqueue.api.task import Task

__all__ = ["Task"]
