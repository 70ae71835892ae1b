"""Old names: workflows (see :mod:`perqueue.core.tasklike`)."""

from perqueue.core.tasklike import Workflow

__all__ = ["Workflow"]
