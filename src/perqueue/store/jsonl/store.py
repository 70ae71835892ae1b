"""The store: one state in memory, brought up to date from the journals before each look and each change.

A transaction stands as soon as its line is durable, whatever comes after that: an interrupt, or a new journal that
can't be begun. So from the first change until the state is known to be what the files hold, it is in *doubt*, and what
leaves it so has it read anew.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from attrs import define

from perqueue.core.errors import StorageError

from ..protocol import Lease, LeaseLostError
from . import compaction, files, journal, snapshots
from .journal import Position, RewrittenError, UnknownFateError
from .lines import DamagedFileError
from .lock import locked
from .log import Log
from .snapshots import Base
from .state import JournalState

_TRIES: Final = 6
_PAUSE: Final = 0.05
"""Seconds before what looks damaged, and may be just being written, is read again."""


class ReplacedStoreError(StorageError):
    """The folder is that of another queue now."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"{folder} was put in the place of the queue that was opened here; open it again")


@define
class _Read:
    """A state, how far it was read, and the size of the snapshot that it began with."""

    state: JournalState
    position: Position
    base_size: int


class JsonStore:
    """A queue in one folder of JSON files.

    Args:
        folder: The folder; it must exist (see :meth:`create`).

    Raises:
        StorageError: The folder is missing, is not a queue of ours, is damaged, or is of a newer format.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._log = Log(folder)
        self._read: _Read | None = None
        self._doubt = False
        self._open = False
        self._own = 0
        with files.told(folder):
            self._identity = files.identity(folder)
        self._refresh()

    @classmethod
    def create(cls, folder: str) -> None:
        """Make an empty queue, complete before it can be seen under its name.

        Raises:
            FileExistsError: There is one already.
            StorageError: The folder around it is missing, full or closed to us.
        """
        making = f"{folder}.{os.getpid()}.{os.urandom(4).hex()}.new"
        try:
            with files.told(folder):
                os.mkdir(making)
                files.put(making, files.LOCK, [])
                files.put(making, files.journal(1), [journal.first(1, 0, 0)])
            try:
                os.rename(making, folder)
            except OSError as error:
                if os.path.lexists(folder):
                    raise FileExistsError(f"there is a queue in {folder} already") from error
                with files.told(folder):
                    raise
            with files.told(folder):
                files.sync_folder(os.path.dirname(folder) or ".")
        finally:
            with suppress(OSError):
                for name in os.listdir(making):
                    os.unlink(f"{making}/{name}")
                os.rmdir(making)

    @contextmanager
    def snapshot(self) -> Iterator[JournalState]:
        """A consistent state for reading; others may write meanwhile."""
        with self._alone():
            yield self._refresh().state

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[JournalState]:
        """Exclusive; commits at the end of the block, or changes nothing if it raises.

        Raises:
            UnknownFateError: Nobody can say whether it was committed.
            StorageError: It was not.
            KeyboardInterrupt: It is whole, or never was.
        """
        with self._alone(), locked(self.folder) as check:
            read = self._refresh(patient=False)
            state = read.state
            if lease is not None and (state.holder is None or state.holder.epoch != lease.epoch):
                raise LeaseLostError(lease.epoch, state.epoch)
            self._doubt = True
            state.begin()
            try:
                yield state
            except Exception as error:
                # An interrupt may come between two changes that belong together, which can only be forgotten.
                if not isinstance(error, MemoryError | RecursionError):
                    self._undo(read)
                raise
            self._commit(read, check)

    def version(self) -> int:
        """Differs whenever another handle has committed."""
        read = self._read if self._open and self._read is not None else self._refresh()
        return read.position.seq - self._own

    def close(self) -> None:
        """Forget the state; no file is kept open."""
        self._read = None

    def _commit(self, read: _Read, check: Callable[[], None]) -> None:
        told = read.state.told()
        if told:
            try:
                with files.told(self.folder):
                    check()
                    position = journal.append(self.folder, read.position, {"seq": read.position.seq + 1, **told})
            except UnknownFateError:
                raise
            except StorageError:
                self._undo(read)
                raise
            read.position = position
            # After the line: where this is cut short, an own transaction counts as somebody's, never the reverse.
            self._own += 1
        read.state.settle()
        if told and compaction.due(read.position, read.base_size):
            self._compact(read)
        self._doubt = False

    def _compact(self, read: _Read) -> None:
        """Begin a new journal; the transaction stands whatever becomes of this, and the next one tries again."""
        try:
            read.position, read.base_size = compaction.compact(self.folder, read.state, read.position)
        except OSError:
            return  # most likely there is no room; what was read still goes on
        except Exception:
            # What is damaged, whoever reads it is told; nobody may take it for a transaction that failed.
            self._read = None

    def _undo(self, read: _Read) -> None:
        """Nothing was written."""
        read.state.undo()
        self._doubt = False

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._open:
            raise StorageError(f"the queue in {self.folder} is being read or written here: end that before you go on")
        try:
            self._open = True
            yield
        finally:
            self._open = False

    def _refresh(self, *, patient: bool = True) -> _Read:
        """The state as it is now; ``patient``: somebody may write meanwhile."""
        tries = 0
        if self._doubt:
            self._read = None
            self._doubt = False
        with files.told(self.folder):
            if files.identity(self.folder) != self._identity:
                raise ReplacedStoreError(self.folder)
        while True:
            tries += 1
            try:
                read = self._read or self._begin()
                self._read = None  # whatever is read only in part is of no use
                read.position = journal.read_on(self.folder, read.position, read.state)
            except RewrittenError:
                if tries == _TRIES:
                    raise DamagedFileError(self.folder, None, "its journals don't go on from each other") from None
            except DamagedFileError:
                if not patient or tries == _TRIES:
                    raise
                time.sleep(_PAUSE)
            except OSError as error:
                # Read anew: what was needed to read on is needed no more, so there is a newer snapshot.
                if not files.gone(error) or tries == _TRIES:
                    with files.told(self.folder):
                        raise
                time.sleep(_PAUSE / 10)
            else:
                self._read = read
                return read

    def _begin(self) -> _Read:
        """The newest snapshot."""
        state = JournalState(reader=self._log)
        numbers = files.numbers(self.folder, "snapshot")
        base = snapshots.load(self.folder, numbers[-1], state) if numbers else Base(1)
        return _Read(state, journal.start(base), base.size)
