"""``pq init``: make a queue, and move an older one of the same folder aside if that was asked for."""

from __future__ import annotations

import fcntl
import os
import time
from typing import Final

from perqueue.config import load_config
from perqueue.core.errors import StorageError, UsageError
from perqueue.engine.asking import asked_by
from perqueue.engine.folder import NAME, PERQUEUE_FILE, create_folder, find_folder, open_folder
from perqueue.plugins.stores import store_plugin

from ..printing import counted, note, put

_PATIENCE: Final = 30.0
"""Seconds that the supervisor of a queue that was moved aside has to notice."""


def make_queue(where: str, backend: str | None, *, force: bool) -> None:
    """Make a queue in a folder; with ``force`` its old one is moved aside first.

    Args:
        where: The folder.
        backend: The store that keeps its state; None: the configured one.
        force: Move aside what is there.

    Raises:
        UsageError: The folder doesn't exist, or there is no such store.
        ConfigError: The configuration, which is to name the store, can't be used.
        QueueExistsError: It has a queue already.
        StorageError: It can't be written.
    """
    here = os.path.abspath(where)
    if not os.path.isdir(here):
        raise UsageError(f"there is no folder {here}: make it first")
    if backend:
        store, asked = backend, "--backend"
    else:
        config = load_config(here)
        store, asked = config.store, config.origin("queue", "store")
    with asked_by(asked):
        store_plugin(store)  # before anything is moved
    root = f"{here}/{NAME}"
    if force and os.path.lexists(root):
        _move_aside(root)
    made = create_folder(here, store)
    put(f"made a queue in {made.root}")
    above = find_folder(os.path.dirname(here)) if os.path.dirname(here) != here else None
    if above is not None:
        note(f"the queue in {above.folder} is left as it is; from {here} on, this one counts")
    if os.path.exists(f"{here}/{PERQUEUE_FILE}"):
        note(f"PerQueue's own queue {PERQUEUE_FILE} is left as it is; run its submission scripts again to move over")


def _move_aside(root: str) -> None:
    aside = f"{root}.old-{time.strftime('%Y%m%d-%H%M%S')}"
    while os.path.lexists(aside):
        aside += "+"
    running = _running(root)
    try:
        os.rename(root, aside)
    except OSError as error:
        raise StorageError(f"{root} can't be moved to {aside}: {error}") from error
    put(f"moved the old queue to {aside}")
    if running:
        note(f"{counted(running, 'attempt')} of the old queue may still be running; nobody waits for them any more")
    _wait_for_supervisor(aside)


def _running(root: str) -> int:
    """How many attempts the queue has under way, as far as it can be read."""
    try:
        folder = open_folder(root)
        store = folder.open_store()
        try:
            with store.snapshot() as state:
                return sum(number for at, number in state.counts().items() if at.active)
        finally:
            store.close()
    except StorageError:
        return 0


def _wait_for_supervisor(aside: str) -> None:
    """Wait until nobody drives the old queue.

    Its supervisor opened the database under the old path: were a new one there when it closes it, SQLite would remove
    the new one's journal.
    """
    try:
        lock = os.open(f"{aside}/supervisor.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    deadline = time.monotonic() + _PATIENCE
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"the supervisor of the old queue, now in {aside}, does not leave: end it (see "
                        f"{aside}/supervisor.log), then `pq init`"
                    ) from None
                time.sleep(0.05)
            else:
                return
    finally:
        os.close(lock)
