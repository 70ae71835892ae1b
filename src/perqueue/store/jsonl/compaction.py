"""Beginning a new journal with a snapshot, when there is more to read on than to begin with.

Under the lock, in this order: the snapshot is written under a name of its own, the next journal is made, the present
one is sealed, the snapshot takes its name. Wherever that is cut short, what is there is read to the same state: before
the seal nobody looks at the next journal, and after it the older snapshot and all journals since are still there. The
newest two snapshots and what goes on from the older one are kept, so that whoever is just reading finds the rest; of
journals before that only the events are kept, for ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from . import files, journal, snapshots
from .journal import Position
from .lines import FORMAT, DamagedFileError, header, parse, write
from .state import JournalState

FACTOR: Final = 1.0
"""How much larger than its snapshot a journal may become."""
LEAST: Final = 1 << 20
"""Bytes that a journal may have in any case."""


def due(position: Position, base_size: int) -> bool:
    """Whether it is time. Writing a snapshot then costs, over time, as much again as writing the journal did."""
    return position.end > max(LEAST, FACTOR * base_size)


def compact(folder: str, state: JournalState, position: Position) -> tuple[Position, int]:
    """Begin a new journal; where it goes on, and the size of its snapshot.

    Raises:
        OSError: There is no room. The present journal goes on.
        StorageError: What has to be read for it is damaged, or nobody can say whether the present journal goes on.
    """
    files.sweep(folder)
    number = position.number + 1
    making = files.begin(folder, files.snapshot(number), snapshots.pieces(state, number, position.seq))
    try:
        line = journal.first(number, position.seq, state.logged)
        files.put(folder, files.journal(number), [line])
        journal.append(folder, position, {"seal": number})
    except BaseException:
        with suppress(OSError):
            os.unlink(making)
        raise
    # From here on the next journal counts.
    new = journal.read_on(folder, Position(number, position.seq), state)
    try:
        size = os.path.getsize(making)
        files.finish(folder, making, files.snapshot(number))
        strip(folder)
    except OSError:
        return new, 0  # read from the older snapshot; the next time brings another one
    return new, size


def strip(folder: str) -> None:
    """Of what is not needed to read the state any more, keep the events."""
    kept = files.numbers(folder, "snapshot")[-2:]
    if len(kept) < 2:
        return
    for number in files.numbers(folder, "journal"):
        # One that is damaged stays as it is: whoever asks for the log is told.
        if number < kept[0]:
            with suppress(DamagedFileError):
                _strip(folder, number)
    for number in files.numbers(folder, "snapshot"):
        if number < kept[0]:
            files.remove(folder, files.snapshot(number))


def _strip(folder: str, number: int) -> None:
    path = f"{folder}/{files.journal(number)}"
    lines = _history(path)
    head = next(lines, None)
    if head is None:
        raise DamagedFileError(path, 1, "it is empty")
    rest = list(lines)
    if rest:
        files.put(folder, files.history(number), [head, *rest])
    files.remove(folder, files.journal(number))


def _history(path: str) -> Iterator[bytes]:
    """The lines of a history, from a journal that was sealed."""
    at = chain = out = 0
    with open(path, "rb") as file:
        for count, raw in enumerate(file, 1):
            line = parse(raw, at, chain)
            if line is None:
                raise DamagedFileError(path, count, "its checksum is wrong")
            at, chain = line.end, line.crc
            if count == 1:
                told = header(path, line, "journal")
                kept = {"perqueue": "history", "format": FORMAT, "journal": told["journal"], "events": told["events"]}
            elif "events" in line.told:
                kept = {"seq": line.told["seq"], "events": line.told["events"]}
            else:
                continue
            new, out = write(kept, out)
            yield new
