"""Who drives a queue, found out without disturbing anybody: listings ask, so little is imported."""

from __future__ import annotations

import errno
import os

from attrs import frozen

from perqueue.store.protocol import Lease, Snapshot

from .folder import QueueFolder
from .lease import owner_dead


@frozen
class Driver:
    """Who drives a queue.

    Args:
        listening: A supervisor lives on this host.
        lease: The lease that is held, if any.
        dead: Its owner can be seen from here to be dead.
    """

    listening: bool
    lease: Lease | None
    dead: bool

    @property
    def alive(self) -> bool:
        """Whether, as far as can be seen from here, somebody drives the queue."""
        return self.listening or (self.lease is not None and not self.dead)


def driver(folder: QueueFolder, state: Snapshot) -> Driver:
    """Who drives the queue now."""
    lease = state.lease()
    return Driver(listening(folder), lease, lease is not None and owner_dead(lease))


def listening(folder: QueueFolder) -> bool:
    """Whether a supervisor lives on this host, without waking it."""
    try:
        pipe = os.open(folder.wake, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise
    os.close(pipe)
    return True
