"""The supervisor's life: take the queue, tick when there is news, leave when there is nothing left.

One supervisor lives per queue, held apart by a lock on a file that the kernel lets go of however it dies. Leaving and
being called can't miss each other: it first stops listening, so that whoever comes later starts another one (which
waits for the lock), and then looks once more whether there is anything to do.
"""

from __future__ import annotations

import fcntl
import math
import os
import select
import shutil
import signal
import time
from contextlib import suppress
from typing import Final

from perqueue.config import Config, load_config
from perqueue.core.errors import PerQueueError, StorageError
from perqueue.engine.beat import end_life, show_life
from perqueue.engine.folder import QueueFolder, open_folder
from perqueue.engine.lease import BEAT, beat, release, take_lease
from perqueue.engine.observing import Observing
from perqueue.engine.opening import open_executors
from perqueue.engine.tick import Mover
from perqueue.engine.wake import poke
from perqueue.executors.notes import FOLDER as SCHEDULER
from perqueue.runner.process import host
from perqueue.store.protocol import Lease, LeaseLostError, Store

from .configured import ConfigWatch

LOOK: Final = 1.0
"""Seconds between two looks at whether the queue's folder is still there and nothing was missed."""
GATHER: Final = 0.02
"""Seconds for which reports are gathered into one commit, while every core is busy anyway."""
_PATIENCE: Final = 20.0
"""Seconds that a new supervisor waits for the one before it to leave."""


class Supervisor:
    """Drives one queue on its home host, holding the lease."""

    def __init__(self, folder: QueueFolder, store: Store, config: Config, lease: Lease, wake: Wake) -> None:
        self._folder, self._store, self._config, self._wake = folder, store, config, wake
        self._executors = open_executors(folder, config, say)
        self._mover = Mover(folder, store, self._executors, config, lease, say)
        self._spool = folder.spool()
        self._identity = _identity(folder.root)
        self._seen = -1
        self._next_beat = 0.0
        self._look = True
        self._idle_since: float | None = None
        self._troubles: set[str] = set()
        self._watched = ConfigWatch(folder)
        self._observing = Observing(folder, store, say)

    def run(self) -> None:
        """Until there is nothing left to do, or the queue is gone.

        A full disk, a store that stays locked and a file server that doesn't answer pass: what was heard is kept, and
        the round that was broken off is made again every second.

        Raises:
            LeaseLostError: Somebody else moves the queue now.
        """
        self._mover.recover()
        try:
            while True:
                try:
                    if not self._round():
                        return
                    self._went_well()
                except (StorageError, OSError) as error:
                    self._troubled(error)
                    time.sleep(LOOK)
        finally:
            for executor in self._executors:
                executor.close()

    def _round(self) -> bool:
        """Move the queue, and wait for a reason to do so again. Whether there may be one."""
        # Should this round be broken off, the next one looks at everything.
        look, self._look = self._look, True
        if not self._is_here():
            return False
        self._wake.open()
        self._keep_lease()
        # Who edits the configuration and submits at once means the new one.
        self._reconfigure()
        busy = self._mover.tick(look=look)
        more = self._observing.deliver()
        busy |= more
        self._keep_lease()
        self._idle_since = None if busy else self._idle_since or time.monotonic()
        if self._idle_left() <= 0:
            return self._stays()
        self._look = self._wait_for_news(hurry=more or self._mover.restless)
        return True

    def _troubled(self, error: Exception) -> None:
        """Say what is wrong, once until it is over."""
        told = str(error) if isinstance(error, StorageError) else f"{type(error).__name__}: {error}"
        if told not in self._troubles:
            self._troubles.add(told)
            say(f"{told} (it is tried again every {LOOK:g} s)")

    def _went_well(self) -> None:
        if self._troubles:
            self._troubles.clear()
            say("the queue goes on")

    def _idle_left(self) -> float:
        """Seconds until it is time to leave."""
        return math.inf if self._idle_since is None else self._idle_since + self._config.idle - time.monotonic()

    def _wait_for_news(self, *, hurry: bool) -> bool:
        """Sleep until there is a reason to tick. Whether it is one from outside, to read the spool for.

        ``hurry``: there is a reason already.
        """
        while True:
            asked = (executor.patience() for executor in self._executors)
            patience = 0.0 if hurry else min(self._idle_left(), *asked)
            ready = self._sleep(max(0.0, min(LOOK, patience)))
            if self._wake.descriptor in ready and self._wake.drain():
                return True
            if ready:
                if any(executor.saturated() for executor in self._executors):
                    time.sleep(GATHER)
                return False
            if patience < LOOK or not self._is_here() or self._watched.changed:
                return False
            self._keep_lease()
            if self._missed():
                return True
            self._went_well()

    def _sleep(self, timeout: float) -> list[int]:
        """Wait for pokes and for executors; the descriptors that are ready."""
        poll = select.poll()
        theirs = (descriptor for executor in self._executors for descriptor in executor.descriptors())
        for descriptor in (self._wake.descriptor, *theirs):
            poll.register(descriptor, select.POLLIN)
        return [descriptor for descriptor, _ in poll.poll(timeout * 1000)]

    def _missed(self) -> bool:
        """Whether something happened of which nobody told."""
        seen, self._seen = self._seen, self._store.version()
        return seen != self._seen or bool(self._spool.list_new())

    def _is_here(self) -> bool:
        return _identity(self._folder.root) == self._identity

    def _keep_lease(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._mover.lease = beat(self._store, self._mover.lease)
            show_life(self._folder)
            self._next_beat = now + BEAT

    def _reconfigure(self) -> None:
        """Take in a configuration that was changed meanwhile: new partitions, other options of their executors.

        The local executor stays as it is, with what it runs.
        """
        config = self._watched.changed_to()
        if config is None:
            return
        local, others = self._executors[:1], self._executors[1:]
        for executor in others:
            self._mover.hear(executor)
            executor.close()
        opened = open_executors(self._folder, config, say, local=False)
        self._config, self._executors = config, local + opened
        self._mover.configure(self._executors, config)
        self._mover.recover(only=[executor.name for executor in opened])

    def _stays(self) -> bool:
        """Stop listening and look once more. Whether there is something to do after all."""
        self._wake.close()
        with self._store.snapshot() as state:
            if state.busy():
                self._idle_since = None
                return True
        # Nothing is with an executor, and nobody can launch anything before the lock is let go.
        with suppress(OSError):  # what can't be deleted now is in nobody's way; the next supervisor tries again
            self._spool.sweep(lambda _key, _attempt: False)
        shutil.rmtree(f"{self._spool.folder}/inputs", ignore_errors=True)
        shutil.rmtree(f"{self._folder.root}/{SCHEDULER}", ignore_errors=True)
        end_life(self._folder)
        return False


class Wake:
    """The reading end of the named pipe."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.descriptor = -1
        self.open()

    def open(self) -> None:
        """Listen, if it does not. Opened for writing too, so that it never reads as ended."""
        if self.descriptor >= 0:
            return
        with suppress(FileExistsError):
            os.mkfifo(self._path, 0o600)
        self.descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def drain(self) -> bool:
        """Take all pokes; whether there were any."""
        try:
            return bool(os.read(self.descriptor, 65536))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Stop listening."""
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)


def say(what: str) -> None:
    """One line to the supervisor's log, if there is room for it."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with suppress(OSError):
        # At once and unbuffered: what a full disk refuses must not be tried again at every later line.
        os.write(2, f"{stamp} supervisor {os.getpid()} on {host()}: {what}\n".encode("utf-8", "backslashreplace"))


def main(root: str) -> int:
    """Be the supervisor of a queue, unless it has one; the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        folder = open_folder(root)
        if not folder.at_home:
            say(f"not started: the queue's home is {folder.home}")
            return 1
        lock = _lock(folder)
        if lock is None:
            return 0
        _supervise(folder)
    except LeaseLostError as error:
        say(str(error))
    except (PerQueueError, OSError) as error:
        if os.path.exists(root):
            say(f"{type(error).__name__}: {error}")
            return 1
    return 0


def _supervise(folder: QueueFolder) -> None:
    store = folder.open_store()
    try:
        lease = take_lease(store, _PATIENCE)
        if lease is None:
            say("not started: somebody else moves the queue")
            return
        supervisor = Supervisor(folder, store, load_config(folder.folder), lease, Wake(folder.wake))
        supervisor.run()
        release(store, lease)
    finally:
        store.close()


def _lock(folder: QueueFolder) -> int | None:
    """The lock that makes this the only supervisor; None if another one lives and listens."""
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if poke(folder) or time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)
        else:
            return descriptor


def _identity(root: str) -> tuple[int, int] | None:
    """What tells a folder from another one of its name; None if it is gone, which a file server has to say."""
    try:
        found = os.stat(root)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
