"""Journals: one transaction a line, read on from where one was, and appended to by whoever holds the lock.

A journal ends with a *seal*, a line that names the next one. So whoever has read all of a journal knows whether it is
the newest, without looking at the folder, of which another host may have an old picture.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from attrs import evolve, frozen

from perqueue.core.errors import StorageError

from . import files
from .lines import FORMAT, MARK, DamagedFileError, Line, header, parse, torn, write
from .snapshots import Base
from .state import JournalState


@frozen
class Position:
    """How far the journals were read.

    Args:
        number: The journal.
        seq: Number of the last transaction.
        start: Where its last line begins, in bytes.
        end: Where the next line goes.
        mark: How the last line begins; empty if nothing was read of this journal.
        chain: Checksum from which the next line goes on.
        rest: Bytes behind the end, which a crash left of a line, or which is being written.
    """

    number: int
    seq: int = 0
    start: int = 0
    end: int = 0
    mark: bytes = b""
    chain: int = 0
    rest: int = 0


class RewrittenError(Exception):
    """What was read of a journal is no more what it holds: its machine lost power before that was durable."""


class UnknownFateError(StorageError):
    """A transaction may stand or not: the disk refused to keep it, and refused to take it back.

    The next one to read the queue sees which it is, and so do all after it.
    """

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"{path} can't be written: {error}, nor taken back. The last change of the queue may have been kept or "
            "not: look whether it was (`pq ls`) before you ask for it again"
        )


def first(number: int, seq: int, logged: int) -> bytes:
    """The first line of a journal."""
    told = {"perqueue": "journal", "format": FORMAT, "journal": number, "seq": seq, "events": logged}
    return write(told, 0)[0]


def start(base: Base) -> Position:
    """The place where a journal begins."""
    return Position(base.number, base.seq)


def read_on(folder: str, position: Position, state: JournalState) -> Position:
    """Bring a state up to date; the new position.

    Raises:
        RewrittenError: The state can't be brought up to date: read everything anew.
        DamagedFileError: A line is not as it was written.
        OSError: A journal can't be read; it may have been removed since the state was read.
    """
    while True:
        path = f"{folder}/{files.journal(position.number)}"
        raw = _unread(path, position)
        begun = position.end
        sealed = False
        for line in _lines(path, raw, position):
            position = _heard(path, position, line, state)
            sealed = "seal" in line.told
            if sealed:
                break
        if not sealed:
            return evolve(position, rest=len(raw) - (position.end - begun))
        position = Position(position.number + 1, position.seq)


def _heard(path: str, position: Position, line: Line, state: JournalState) -> Position:
    if position.end == 0:
        told = header(path, line, "journal")
        if (told["journal"], told["seq"]) != (position.number, position.seq) or told["events"] != state.logged:
            raise DamagedFileError(path, 1, f"it goes on after transaction {told['seq']}, not after {position.seq}")
    elif "seal" not in line.told:
        if line.told["seq"] != position.seq + 1:
            raise RewrittenError
        state.hear(line.told)
    seq = line.told.get("seq", position.seq)
    return Position(position.number, seq, line.start, line.end, b'{"crc":"%08x",' % line.crc, line.crc)


def _unread(path: str, position: Position) -> bytes:
    """What follows the last line that was read, if that is still there."""
    with open(path, "rb") as file:
        if position.mark:
            file.seek(position.start)
            if file.read(MARK) != position.mark:
                raise RewrittenError
        file.seek(position.end)
        return file.read()


def _lines(path: str, raw: bytes, position: Position) -> Iterator[Line]:
    at, chain = 0, position.chain
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        line = parse(raw[at:end], position.end + at, chain)
        if line is None:
            if end == len(raw) and torn(raw[at:end], chain):
                return
            raise _damaged(path, position.end + at)
        yield line
        at, chain = end, line.crc


def _damaged(path: str, start: int) -> DamagedFileError:
    with open(path, "rb") as file:
        number = file.read(start).count(b"\n") + 1
    return DamagedFileError(path, number, "its checksum is wrong")


def append(folder: str, position: Position, told: dict[str, object]) -> Position:
    """Write a line, durably, over what a crash left of another one; the new position. For whoever holds the lock.

    Raises:
        UnknownFateError: It is whole, may not be durable, and can't be taken back.
        OSError: It can't be written; nothing of it is left, or nothing that anybody takes for a line.
    """
    raw, crc = write(told, position.chain)
    path = f"{folder}/{files.journal(position.number)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        if position.rest:
            os.ftruncate(descriptor, position.end)
        whole = False
        try:
            _write(descriptor, raw, position.end)
            whole = True
            os.fsync(descriptor)
        except BaseException as error:
            taken_back = _take_back(descriptor, position.end, durably=whole)
            if whole and not taken_back and isinstance(error, OSError):
                raise UnknownFateError(path, error) from error
            raise
    finally:
        with suppress(OSError):  # it is durable, or something worse was raised already
            os.close(descriptor)
    seq = told.get("seq", position.seq)
    assert isinstance(seq, int)
    return Position(position.number, seq, position.end, position.end + len(raw), raw[:MARK], crc)


def _take_back(descriptor: int, end: int, *, durably: bool) -> bool:
    """Cut off what was written; whether that worked. What is torn, the next writer would cut off too."""
    try:
        os.ftruncate(descriptor, end)
        if durably:
            os.fsync(descriptor)
    except OSError:
        return False
    return True


def _write(descriptor: int, raw: bytes, at: int) -> None:
    left = memoryview(raw)
    while left:
        written = os.pwrite(descriptor, left, at)
        left, at = left[written:], at + written
