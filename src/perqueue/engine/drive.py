"""One tick by hand: from the command line, from cron, or from a job that has just ended.

On the queue's home host a live supervisor is only woken. Where there is none, the lease is taken, what attempts left
in the spool is committed, and a supervisor is started if there is work for one. On another host, and inside a batch
job, no supervisor is started: what lies in the spool is committed, and batch jobs are submitted. Local entries run at
home and nowhere else.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from attrs import frozen

from perqueue.config import load_config
from perqueue.store.protocol import Lease, Store

from .beat import end_life, is_moved, is_silent, show_life
from .folder import QueueFolder
from .lease import release, take_lease
from .opening import open_executors
from .place import batch_job
from .tick import Mover, UnusableFilesError
from .wake import ensure_supervisor, poke

_LONGEST: Final = 45.0
"""Seconds that a single tick may take for a scheduler's commands."""
_SOON: Final = 0.3
"""An executor that wants to be polled sooner than this has a command under way."""


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


def tick(folder: QueueFolder, *, from_job: bool = False) -> TickReport:
    """Move the queue one step, or wake whoever does. ``from_job``: a batch job does it, so nothing local is started.

    Raises:
        StorageError: The queue can't be read or written, or no supervisor can be started.
        LeaseLostError: Somebody else took the queue over meanwhile.
        ConfigError: The configuration can't be used.
    """
    away = "" if folder.at_home and not from_job and not batch_job() else folder.home
    if folder.at_home and poke(folder):
        return TickReport(woken=True, busy=True)
    store = folder.open_store()
    try:
        lease = take_lease(store, silent=is_silent(folder))
        if lease is None:
            with store.snapshot() as state:
                return TickReport(held=state.lease(), busy=state.busy(), away=away)
        committed, busy = _move(folder, store, lease, away=bool(away))
    except OSError as error:
        raise UnusableFilesError(folder.root, error) from error
    finally:
        store.close()
    started = busy and not away and ensure_supervisor(folder)
    return TickReport(committed=committed, started=started, busy=busy, away=away)


def drive(folder: QueueFolder) -> str:
    """See to it that the queue is moved: by its supervisor, or from here, once, where none may be started.

    Empty, or what to do where local entries have to wait until somebody moves the queue at its home.
    """
    if ensure_supervisor(folder) or is_moved(folder) or not tick(folder, from_job=True).busy:
        return ""
    job = batch_job()
    where = f"this is batch job {job}, which ends" if job else f"the queue's home is {folder.home}"
    return f"stored; {where}: run `pq tick` on {folder.home} to have it driven"


def _move(folder: QueueFolder, store: Store, lease: Lease, *, away: bool) -> tuple[int, bool]:
    """One tick, with batch systems only if a supervisor is not about to come: what lay in the spool, what is left."""
    config = load_config(folder.folder)
    executors = open_executors(folder, config, _say, local=False) if away else []
    show_life(folder)
    try:
        waiting = len(folder.spool().list_new())
        mover = Mover(folder, store, executors, config, lease, _say)
        if executors:
            mover.recover()
        busy = mover.tick(look=True)
        until = time.monotonic() + _LONGEST
        while executors and time.monotonic() < until:
            # Commands are under way whose answers should be committed.
            patience = min(executor.patience() for executor in executors)
            if patience > _SOON and not mover.restless:
                break
            time.sleep(min(patience, _SOON))
            busy = mover.tick(look=True)
        return waiting - len(folder.spool().list_new()), busy
    finally:
        for executor in executors:
            executor.close()
        release(store, lease)
        end_life(folder)


def _say(what: str) -> None:
    sys.stderr.write(f"perqueue: {what}\n")
