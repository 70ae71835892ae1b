"""Where a queue lives: ``.perqueue`` in the folder of the work, found upward from the current folder.

A queue's folder appears complete or not at all, so that any number of processes may create it at once. It belongs to
one *home* host, the one that made it: local tasks and the supervisor run there and nowhere else.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from perqueue.core.errors import StorageError, UsageError
from perqueue.plugins.stores import store_plugin
from perqueue.runner.process import host
from perqueue.runner.spool import Spool

from .place import home_host

if TYPE_CHECKING:
    from perqueue.store.protocol import Store

NAME: Final = ".perqueue"
FORMAT: Final = 1
PERQUEUE_FILE: Final = ".pq_active-sqlite.db"
"""What PerQueue 0.3 keeps its queue in."""


class NoQueueError(UsageError):
    """No queue in the folder or above it."""

    def __init__(self, start: str) -> None:
        super().__init__(f"there is no queue in {start} or above it: submit something here, or make one with `pq init`")


class QueueExistsError(UsageError):
    """There is a queue already where one should be made."""

    def __init__(self, root: str) -> None:
        super().__init__(f"there is a queue in {root} already; `pq info` shows it, `pq rm --all` empties it")


@frozen
class QueueFolder:
    """A queue's folder and what is fixed about it.

    Args:
        root: Absolute path of ``.perqueue``.
        id: Tells this queue from any other, whatever its folder is called.
        home: Host name of the machine that made it.
        store: Name of the store plugin that keeps its state.
    """

    root: str
    id: str
    home: str
    store: str

    @property
    def folder(self) -> str:
        """The folder of the work, in which ``.perqueue`` lies."""
        return os.path.dirname(self.root)

    @property
    def at_home(self) -> bool:
        """Whether this is the queue's home host."""
        return host() == self.home

    @property
    def blobs(self) -> str:
        """Folder of the large arrays."""
        return f"{self.root}/blobs"

    @property
    def logs(self) -> str:
        """Folder of what tasks print."""
        return f"{self.root}/logs"

    @property
    def wake(self) -> str:
        """The named pipe on which the supervisor hears that there is news."""
        return f"{self.root}/wake"

    @property
    def lock(self) -> str:
        """The file that the supervisor locks while it lives."""
        return f"{self.root}/supervisor.lock"

    @property
    def supervisor_log(self) -> str:
        """What the supervisor has to say."""
        return f"{self.root}/supervisor.log"

    def log(self, key: int, attempt: int) -> str:
        """What an attempt printed."""
        return f"{self.logs}/{key}.{attempt}.log"

    def spool(self) -> Spool:
        """The folder through which attempts report."""
        return Spool(self.root, self.id)

    def open_store(self) -> Store:
        """The queue's state. The handle stays with the queue when it is moved to another store.

        Raises:
            StorageError: It can't be opened.
        """
        from perqueue.store.following import FollowingStore  # whoever only looks for a queue opens none

        return FollowingStore(self.store, self._store_now, lambda name: store_plugin(name).open(self.root))

    def _store_now(self) -> str | None:
        """The store that keeps its state now; None if it is not where it was, or another queue is there."""
        try:
            found = open_folder(self.root)
        except StorageError:
            return None
        return found.store if found.id == self.id else None


def open_folder(root: str) -> QueueFolder:
    """The queue whose ``.perqueue`` is ``root``.

    Raises:
        StorageError: There is none, it is damaged, or it is of a newer format.
    """
    try:
        with open(f"{root}/queue.json", encoding="utf-8") as file:
            told = json.load(file)
        if told["format"] > FORMAT:
            raise StorageError(f"{root} has format {told['format']}: install a newer perqueue")
        return QueueFolder(root, told["id"], told["home"], told["store"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{root} is not a perqueue queue ({type(error).__name__}: {error})") from error


def find_folder(start: str | None = None) -> QueueFolder | None:
    """The queue of a folder (the current one by default): in it, or in the nearest folder above it."""
    here = os.path.abspath(start or os.getcwd())
    while True:
        if os.path.exists(f"{here}/{NAME}/queue.json"):
            return open_folder(f"{here}/{NAME}")
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


def need_folder(start: str | None = None) -> QueueFolder:
    """As :func:`find_folder`.

    Raises:
        NoQueueError: There is none.
    """
    found = find_folder(start)
    if found is None:
        raise NoQueueError(os.path.abspath(start or os.getcwd()))
    return found


def create_folder(where: str, store: str = "sqlite") -> QueueFolder:
    """Make a queue in the folder ``where``, which must exist.

    Raises:
        QueueExistsError: There is one already (perhaps made at this very moment).
        StorageError: It can't be written.
    """
    root = f"{os.path.abspath(where)}/{NAME}"
    if os.path.exists(f"{root}/queue.json"):
        raise QueueExistsError(root)
    plugin = store_plugin(store)
    made = QueueFolder(root, uuid.uuid4().hex, home_host(), plugin.name)
    making = f"{root}.{os.getpid()}.{made.id[:8]}.new"
    try:
        os.mkdir(making)
        with open(f"{making}/.gitignore", "w", encoding="utf-8") as file:
            file.write("*\n")
        Spool(making).make()
        for name in ("blobs", "logs"):
            os.mkdir(f"{making}/{name}")
        plugin.create(making)
        with open(f"{making}/queue.json", "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, "id": made.id, "home": made.home, "store": made.store}, file)
        _put_in_place(making, root)
    except OSError as error:
        if os.path.exists(f"{root}/queue.json"):
            raise QueueExistsError(root) from error
        raise StorageError(f"can't make a queue in {where}: {error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return made


def switch_store(folder: QueueFolder, store: str) -> QueueFolder:
    """Have another store count, which must be there already; at once, and whatever happens meanwhile.

    Raises:
        StorageError: It can't be written; the store that counted still does.
    """
    path = f"{folder.root}/queue.json"
    making = f"{path}.{os.getpid()}.new"
    try:
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        with open(making, "w", encoding="utf-8") as file:
            json.dump({**told, "store": store}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(making, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(making)
        raise StorageError(f"{path} can't be written: {error}; nothing was changed") from error
    return evolve(folder, store=store)


def _put_in_place(making: str, root: str) -> None:
    """Rename a finished queue to its place. A configuration that lies there already goes with it."""
    from perqueue.config import FILE  # not where a queue is only looked for

    try:
        os.rename(making, root)
        return
    except OSError:
        try:
            there = set(os.listdir(root))
        except OSError:
            there = set()
        if FILE not in there or there - {FILE, ".gitignore"}:
            raise
    before = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # where folders can't be locked, two at once are as unlikely as they always were
            fcntl.flock(before, fcntl.LOCK_EX)
        if os.path.exists(f"{root}/queue.json"):
            raise FileExistsError(root)
        for name in there:
            shutil.copy2(f"{root}/{name}", f"{making}/{name}")
        for name in there:
            os.unlink(f"{root}/{name}")
        try:
            os.rename(making, root)
        except OSError:
            for name in there:
                shutil.copy2(f"{making}/{name}", f"{root}/{name}")
            raise
    finally:
        os.close(before)


def find_or_create(start: str | None = None, store: str = "sqlite") -> tuple[QueueFolder, bool]:
    """The queue of a folder, made there if neither it nor a folder above has one; whether it was made.

    Raises:
        UnknownPluginError: It is to be made, and there is no such store.
        StorageError: It can't be written.
    """
    found = find_folder(start)
    if found is not None:
        return found, False
    where = os.path.abspath(start or os.getcwd())
    try:
        return create_folder(where, store), True
    except QueueExistsError:
        return need_folder(where), False
