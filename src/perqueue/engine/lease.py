"""Who moves the queue: taking the lease, replacing a dead owner, telling a slow one from a dead one.

An owner on this host is judged by whether its process lives. One on another host is judged by its beat: if that
has not changed for a while, by this host's own clock, the owner is taken for dead. Should it only have been paused,
its next commit finds a newer epoch and is refused.
"""

from __future__ import annotations

import os
import time
from typing import Final

from attrs import evolve

from perqueue.runner.process import alive, boot_id, host, process_start
from perqueue.runner.records import Claim
from perqueue.store.protocol import Lease, Store

BEAT: Final = 5.0
"""Seconds between two beats."""
STALE: Final = 60.0
"""Seconds without a beat after which an owner on another host counts as dead."""


def take_lease(store: Store, patience: float = 0.0, *, silent: bool = False) -> Lease | None:
    """The lease, or None if its owner lives; waits up to ``patience`` seconds for that to change.

    ``silent``: the owner has not shown a sign of life in the queue's folder for so long that it counts as dead.
    """
    deadline = time.monotonic() + patience
    watched: tuple[Lease, float] | None = None
    while True:
        with store.snapshot() as snapshot:
            held = snapshot.lease()
        now = time.monotonic()
        if held is None or silent or owner_dead(held) or (watched and watched[0] == held and now - watched[1] > STALE):
            taken = _take(store, held)
            if taken is not None:
                return taken
        elif watched is None or watched[0] != held:
            watched = (held, now)
        if now >= deadline:
            return None
        time.sleep(0.02)


def release(store: Store, lease: Lease) -> None:
    """Give the lease back, if it is still ours."""
    with store.transaction() as changes:
        held = changes.lease()
        if held is not None and held.epoch == lease.epoch:
            changes.set_lease(None)


def beat(store: Store, lease: Lease) -> Lease:
    """Show that the owner lives.

    Raises:
        LeaseLostError: Somebody else took over.
    """
    beaten = evolve(lease, beat=lease.beat + 1)
    with store.transaction(lease) as changes:
        changes.set_lease(beaten)
    return beaten


def _take(store: Store, seen: Lease | None) -> Lease | None:
    with store.transaction() as changes:
        if changes.lease() != seen:
            return None
        lease = Lease(changes.last_epoch() + 1, host(), os.getpid(), process_start(os.getpid()), boot_id())
        changes.set_lease(lease)
        return lease


def owner_dead(lease: Lease) -> bool:
    """Whether the owner can be seen from here to be dead, a zombie that nobody has waited for included."""
    if lease.host != host():
        return False
    return not alive(Claim("", 0, 0, lease.pid, lease.start, lease.boot, lease.host, 0.0, None, None))
