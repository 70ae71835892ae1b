"""The lines of journals: one JSON object each, with a checksum that goes on from the line before.

A line begins with ``{"crc":"01234567",``. The checksum is of what follows, carried on from that of the line before
it, so that a line that was changed, lost or put elsewhere is noticed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from perqueue.core.errors import StorageError

FORMAT: Final = 1
MARK: Final = len(b'{"crc":"01234567",')
"""How many bytes tell a line from any other."""
_PUT_BACK: Final = "Put the file back as it was, from a backup or a snapshot of the file system"


class DamagedFileError(StorageError):
    """A file of the store is not as it was written.

    Args:
        path: The file.
        line: Which line of it, if that is known.
        why: How that was seen.
        instead: A sentence on what else can be done than to put the file back.
    """

    def __init__(self, path: str, line: int | None, why: str, instead: str = "") -> None:
        where = path if line is None else f"{path}, line {line}"
        super().__init__(
            f"{where}: {why}; nothing is guessed. {instead or _PUT_BACK}; what the other files of the folder hold is "
            "untouched"
        )


class NewerFormatError(StorageError):
    """A file of the store was written by a newer perqueue."""

    def __init__(self, path: str, version: object) -> None:
        super().__init__(f"{path} has format {version!r}, this perqueue knows {FORMAT}: install a newer perqueue")


@frozen
class Line:
    """A line as it was read.

    Args:
        told: The object without its checksum.
        start: Where it begins, in bytes.
        end: Where the next one begins.
        crc: Its checksum, from which the next one goes on.
    """

    told: Mapping[str, Any]
    start: int
    end: int
    crc: int


def text(value: object, *, sort: bool = False) -> bytes:
    """A value as one line of JSON.

    Not in ASCII: an escaped pair of lone surrogates, as names that are no UTF-8 have them, would be read as one letter.
    """
    found = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    return found.encode("utf-8", "surrogatepass")


def value(raw: bytes) -> Any:
    """What :func:`text` wrote.

    Raises:
        ValueError: It is no JSON.
    """
    return json.loads(raw.decode("utf-8", "surrogatepass"))


def write(told: Mapping[str, object], chain: int) -> tuple[bytes, int]:
    """A line, and its checksum; ``chain`` is that of the line before, 0 for the first."""
    rest = text(told)[1:]
    crc = zlib.crc32(rest, chain)
    return b'{"crc":"%08x",%s\n' % (crc, rest), crc


def parse(raw: bytes, start: int, chain: int) -> Line | None:
    """The line that begins at ``start``, or None if it is not whole."""
    if not raw.endswith(b"\n") or raw[:8] != b'{"crc":"' or raw[16:MARK] != b'",':
        return None
    crc = zlib.crc32(raw[MARK:-1], chain)
    if raw[8:16] != b"%08x" % crc:
        return None
    return Line(value(b"{" + raw[MARK:-1]), start, start + len(raw), crc)


def torn(raw: bytes, chain: int) -> bool:
    """Whether the last piece of a journal is what a crash leaves of a line, rather than a line that was changed.

    A write that was cut short lacks the line's end, or has zeros where a block never reached the disk.
    """
    if raw.endswith(b"\n"):
        return b"\0" in raw
    # Whole but for its last byte: the line was finished, and its end is damaged.
    return parse(raw[:-1] + b"\n", 0, chain) is None


def header(path: str, line: Line | None, kind: str) -> Mapping[str, Any]:
    """The first line of a file, checked.

    Raises:
        DamagedFileError: It is something else.
        NewerFormatError: A newer perqueue wrote it.
    """
    if line is None or line.told.get("perqueue") != kind:
        raise DamagedFileError(path, 1, f"it does not begin as a {kind} does")
    if line.told["format"] > FORMAT:
        raise NewerFormatError(path, line.told["format"])
    return line.told
