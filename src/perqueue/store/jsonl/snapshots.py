"""Snapshots: the whole state in one JSON document, a record a line with sorted keys, so that two of them diff well."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from . import files
from .lines import FORMAT, DamagedFileError, NewerFormatError, text, value
from .rows import row_out
from .state import JournalState
from .tables import TABLES

_CRC: Final = b'"crc":"'
_END: Final = b'"}\n'


@frozen
class Base:
    """Where reading begins: with a snapshot, or with nothing.

    Args:
        number: Of the journal that goes on from it.
        seq: Number of the last transaction in it.
        logged: How many events came before.
        size: Of the file, in bytes.
    """

    number: int
    seq: int = 0
    logged: int = 0
    size: int = 0


def pieces(state: JournalState, number: int, seq: int) -> Iterator[bytes]:
    """The document of a state with which journal ``number`` begins, after transaction ``seq``."""
    crc = 0
    for piece in _lines(state, number, seq):
        crc = zlib.crc32(piece, crc)
        yield piece
    yield b"%s%08x%s" % (_CRC, crc, _END)


def _lines(state: JournalState, number: int, seq: int) -> Iterator[bytes]:
    head: dict[str, object] = {
        "perqueue": "snapshot",
        "format": FORMAT,
        "journal": number,
        "seq": seq,
        "events": state.logged,
        "epoch": state.epoch,
        "lease": None if state.holder is None else row_out(state.holder),
        "counters": row_out(state.given),
    }
    yield b"{\n"
    for name, told in head.items():
        yield b"%s:%s,\n" % (text(name), text(told, sort=True))
    for name, rows in state.listed():
        yield b"%s:[" % text(name)
        between = b"\n"
        for row in rows:
            yield between + text(row, sort=True)
            between = b",\n"
        yield b"\n],\n"


def load(folder: str, number: int, state: JournalState) -> Base:
    """Read a snapshot into an empty state.

    Raises:
        DamagedFileError: It is not as it was written.
        NewerFormatError: A newer perqueue wrote it.
        OSError: It can't be read; it may just have been replaced by a newer one.
    """
    path = f"{folder}/{files.snapshot(number)}"
    with open(path, "rb") as file:
        raw = file.read()
    told = _checked(path, raw)
    if told is None:
        raise DamagedFileError(path, None, "its checksum is wrong", _instead(folder, number))
    state.hear({**told, "events": (), "put": {table.name: told[table.name] for table in TABLES if table.name in told}})
    state.logged = told["events"]
    return Base(number, told["seq"], told["events"], len(raw))


def _checked(path: str, raw: bytes) -> Mapping[str, Any] | None:
    """The document, or None if it is not as it was written."""
    body = len(raw) - len(_END) - 8 - len(_CRC)
    end = b"%s%08x%s" % (_CRC, zlib.crc32(raw[: max(body, 0)]), _END)
    if body < 0 or raw[body:] != end:
        return None
    told: Mapping[str, Any] = value(raw)
    if told["format"] > FORMAT:
        raise NewerFormatError(path, told["format"])
    return told


def _instead(folder: str, number: int) -> str:
    """What can be done without this snapshot, if all is there that it was made from."""
    older = [other for other in files.numbers(folder, "snapshot") if other < number]
    begin = older[-1] if older else 1
    if not set(range(begin, number + 1)) <= set(files.numbers(folder, "journal")):
        return ""
    first = f"{files.snapshot(begin)} and the journals since" if older else f"the journals from {files.journal(1)} on"
    return f"Move the file away: the queue is then read from {first}, which give the same"
