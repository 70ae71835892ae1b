"""``pq migrate``: move a queue to another kind of store, history and all.

Everything happens under the lease and inside the exclusive transaction of the old store, so that nobody writes to it
meanwhile. The new store is made under a name of its own, held against the old one, and put where it belongs. Then
``queue.json`` is replaced, and that is the move: before it the old store counts, after it the new one. Whoever had
the queue open, or waits to write, goes on with the store that counts (see :mod:`perqueue.store.following`).
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing, suppress
from typing import Final

from perqueue.core.errors import StorageError, UsageError
from perqueue.core.states import EntryState
from perqueue.engine.folder import QueueFolder, need_folder, switch_store
from perqueue.engine.lease import release, take_lease
from perqueue.plugins.stores import store_plugin
from perqueue.store.copying import check, dump, restore
from perqueue.store.protocol import BusyStoreError, Snapshot, StorePlugin

from ..printing import counted, note, put, ranges

PATIENCE: Final = 15.0
"""Seconds for a supervisor that has nothing left to do to leave."""
_PREFIX: Final = "migrating-"


class InUseError(UsageError):
    """The queue can't be moved while it moves."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the queue can't be moved now: {why}")


def migrate_queue(name: str) -> None:
    """Move the queue of the current folder to the store of this name.

    Raises:
        InUseError: Something is with an executor, or somebody drives the queue.
        UsageError: It is there already, one of the stores can't be moved, or this is not the queue's home.
        UnknownPluginError: There is no such store.
        StorageError: Something can't be read or written, or the copy is not equal; the queue is as it was.
    """
    folder = need_folder()
    new, old = store_plugin(name), store_plugin(folder.store)
    if new.name == old.name:
        raise UsageError(f"the queue in {folder.folder} is kept by {name!r} already: there is nothing to move")
    for plugin in (old, new):
        if not plugin.files:
            raise UsageError(f"the store {plugin.name!r} does not say which files are its own: ask its plugin's author")
    if not folder.at_home:
        raise UsageError(f"the queue's home is {folder.home}: run `pq migrate` there")
    _move(folder, old, new)


def _move(folder: QueueFolder, old: StorePlugin, new: StorePlugin) -> None:
    with closing(old.open(folder.root)) as store:
        with store.snapshot() as shown:
            _refuse(shown)
        lease = take_lease(store, PATIENCE)
        if lease is None:
            raise InUseError("somebody drives it (see `pq info`); try again when nothing is left to do")
        try:
            with store.transaction(lease) as state:
                _refuse(state)
                _sweep(folder)
                making = f"{folder.root}/{_PREFIX}{os.getpid()}"
                try:
                    os.mkdir(making)
                    number = _copy(state, new, making)
                    _make_room(folder, new)
                    for name in new.files:
                        os.rename(f"{making}/{name}", f"{folder.root}/{name}")
                    _sync(folder.root)
                finally:
                    shutil.rmtree(making, ignore_errors=True)
                switch_store(folder, new.name)
                # That was the move: whatever else fails, it stands.
                with suppress(OSError):
                    _sync(folder.root)
                busy = state.busy()
        finally:
            # In the old store, so that its files are at rest whichever of the two counts now.
            with suppress(StorageError):
                release(store, lease)
    put(f"moved the queue to {new.name!r}: {counted(number, 'record')} copied and compared")
    try:
        put(f"the files of {old.name!r} are kept in {_put_aside(folder, old)}; they are not needed any more")
    except (StorageError, InUseError, OSError) as error:
        names = ", ".join(f"{folder.root}/{name}" for name in old.files)
        note(f"the old files stay where they are, in {names}, and do not count any more: {error}")
    if busy:
        note("there is work to do: `pq tick` has it done")


def _refuse(shown: Snapshot) -> None:
    active = shown.keys([state for state in EntryState if state.active])
    if active:
        raise InUseError(
            f"with an executor are {ranges(active)}; wait until they have ended (`pq watch`), or `pq cancel -s qr`"
        )
    if shown.stops():
        raise InUseError("attempts are being stopped; try again when they have ended, `pq tick` sees to it")


def _copy(state: Snapshot, new: StorePlugin, making: str) -> int:
    """Make the new store and hold it against the old one; how many records it has."""
    new.create(making)
    with closing(new.open(making)) as store:
        restore(dump(state), store)
    # Opened anew: what counts is what is in the files.
    with closing(new.open(making)) as store, store.snapshot() as copy:
        return check(copy, state)


def _make_room(folder: QueueFolder, new: StorePlugin) -> None:
    """What a move that was cut short, or an earlier one, left where the new store goes."""
    if any(os.path.lexists(f"{folder.root}/{name}") for name in new.files):
        put(f"older files of {new.name!r}, which do not count any more, are kept in {_put_aside(folder, new)}")


def _put_aside(folder: QueueFolder, plugin: StorePlugin) -> str:
    aside = f"{folder.root}/replaced-{plugin.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    while os.path.lexists(aside):
        aside += "+"
    try:
        if plugin.settle is not None:
            plugin.settle(folder.root)
    except BusyStoreError as error:
        raise InUseError(
            f"another process still has the files of {plugin.name!r} open from before; end it first ({error})"
        ) from error
    os.mkdir(aside)
    for name in plugin.files:
        if os.path.lexists(f"{folder.root}/{name}"):
            os.rename(f"{folder.root}/{name}", f"{aside}/{name}")
    return aside


def _sweep(folder: QueueFolder) -> None:
    """What moves that were killed had begun; under the lease nobody else is at it."""
    for name in os.listdir(folder.root):
        if name.startswith(_PREFIX):
            shutil.rmtree(f"{folder.root}/{name}", ignore_errors=True)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
