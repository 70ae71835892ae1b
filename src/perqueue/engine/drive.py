"""One tick by hand: from the command line, from cron, or from a job that has just ended.

On the queue's home host a live supervisor is only woken. Where there is none, the lease is taken, what attempts left
in the spool is committed, and a supervisor is started if there is work for one. On another host, only what lies in
the spool can be committed: local entries run at home and nowhere else.
"""

from __future__ import annotations

import sys

from attrs import frozen

from perqueue.config import load_config
from perqueue.store.protocol import Lease, Store

from .folder import QueueFolder
from .lease import release, take_lease
from .tick import Mover
from .wake import ensure_supervisor, poke


@frozen
class TickReport:
    """What a tick found and did.

    Args:
        woken: A live supervisor was woken, which does all the rest.
        held: Somebody else holds the lease and is not known to be dead; nothing was done.
        committed: How many outcomes lay in the spool and were committed.
        started: A supervisor was started.
        busy: Something has the goahead, is with an executor, or is being stopped.
        away: The home host, if this is another one.
    """

    woken: bool = False
    held: Lease | None = None
    committed: int = 0
    started: bool = False
    busy: bool = False
    away: str = ""


def tick(folder: QueueFolder) -> TickReport:
    """Move the queue one step, or wake whoever does.

    Raises:
        StorageError: The queue can't be read or written, or no supervisor can be started.
        LeaseLostError: Somebody else took the queue over meanwhile.
        ConfigError: The configuration can't be used.
    """
    away = "" if folder.at_home else folder.home
    if not away and poke(folder):
        return TickReport(woken=True, busy=True)
    store = folder.open_store()
    try:
        lease = take_lease(store)
        if lease is None:
            with store.snapshot() as state:
                return TickReport(held=state.lease(), busy=state.busy(), away=away)
        committed, busy = _move(folder, store, lease)
    finally:
        store.close()
    started = busy and ensure_supervisor(folder)
    return TickReport(committed=committed, started=started, busy=busy, away=away)


def _move(folder: QueueFolder, store: Store, lease: Lease) -> tuple[int, bool]:
    """One tick without executors: how many outcomes lay in the spool, and whether anything is left to do."""
    try:
        waiting = len(folder.spool().list_new())
        mover = Mover(folder, store, [], load_config(folder.folder), lease, _say)
        busy = mover.tick(look=True)
        return waiting - len(folder.spool().list_new()), busy
    finally:
        release(store, lease)


def _say(what: str) -> None:
    sys.stderr.write(f"perqueue: {what}\n")
