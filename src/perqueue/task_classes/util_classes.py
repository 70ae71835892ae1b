"""Old names: resources and states (see :mod:`perqueue.core`)."""

from perqueue.core.resources import Resources
from perqueue.core.states import EntryState

__all__ = ["EntryState", "Resources"]
