"""Reading the events: of journals that are done with, and of those that still count.

They are read when somebody asks for the log, and never to open a queue. Whoever reads page by page goes on from the
line of the page before.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from attrs import frozen

from perqueue.core.errors import StorageError

from ..protocol import LoggedEvent
from . import files
from .lines import DamagedFileError, header, parse
from .state import event_in

_TRIES = 5


class MissingHistoryError(StorageError):
    """Events that happened are in no file."""

    def __init__(self, folder: str, after: int, until: int) -> None:
        super().__init__(
            f"{folder}: events {after + 1} to {until} are in none of its files; put the history-*.jsonl and "
            "journal-*.jsonl back that were there"
        )


@frozen
class _Place:
    """A line with events: its file, where it ends, the checksum that goes on, and the events before and in it."""

    name: str
    line: int
    end: int
    chain: int
    before: int
    events: Sequence[Mapping[str, Any]]


class Log:
    """The events of one folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._last: _Place | None = None

    def events(self, after: int, until: int) -> Iterator[LoggedEvent]:
        """Those with numbers above ``after`` and up to ``until``.

        Raises:
            MissingHistoryError: Some of them are gone.
            DamagedFileError: A file is not as it was written.
        """
        tries = 0
        while after < until:
            try:
                for event in self._walk(after, until):
                    after = event.seq
                    yield event
            except OSError as error:
                if not files.gone(error):
                    with files.told(self._folder):
                        raise
            # A journal may have become a history between looking for it and opening it.
            tries += 1
            self._last = None if after < until else self._last
            if after < until and tries == _TRIES:
                raise MissingHistoryError(self._folder, after, until)

    def _walk(self, after: int, until: int) -> Iterator[LoggedEvent]:
        for place in self._places(after):
            self._last = place
            number = place.before
            skipped = max(0, after - number)
            for seq, row in enumerate(place.events[skipped:], number + skipped + 1):
                if seq > until:
                    return
                yield event_in(seq, row)
            if number + len(place.events) >= until:
                return

    def _places(self, after: int) -> Iterator[_Place]:
        """Lines with events, from that of the event after this one."""
        names = self._names()
        last = self._last
        if last is not None and last.before <= after and last.name in names:
            yield last
            with open(f"{self._folder}/{last.name}", "rb") as file:
                file.seek(last.end)
                count = yield from self._lines(file, last)
            names = names[names.index(last.name) + 1 :]
        else:
            names, count = self._from(names, after)
        for name in names:
            with open(f"{self._folder}/{name}", "rb") as file:
                at = self._begin(file, name)
                if at.before != count:
                    return
                count = yield from self._lines(file, at)

    def _names(self) -> list[str]:
        """The files with events, in their order."""
        kept = {number: files.journal(number) for number in files.numbers(self._folder, "journal")}
        # A history is whole when it appears, and its journal goes after that.
        kept |= {number: files.history(number) for number in files.numbers(self._folder, "history")}
        return [kept[number] for number in sorted(kept)]

    def _from(self, names: list[str], after: int) -> tuple[list[str], int]:
        """The files from that which has the event after this one, and how many events are before it."""
        for number in range(len(names) - 1, -1, -1):
            with open(f"{self._folder}/{names[number]}", "rb") as file:
                before = self._begin(file, names[number]).before
            if before <= after:
                return names[number:], before
        return names, 0

    def _begin(self, file: BinaryIO, name: str) -> _Place:
        path = f"{self._folder}/{name}"
        line = parse(file.readline(), 0, 0)
        told = header(path, line, name.partition("-")[0])
        assert line is not None  # header() has seen to that
        return _Place(name, 1, line.end, line.crc, told["events"], ())

    def _lines(self, file: BinaryIO, at: _Place) -> Generator[_Place, None, int]:
        """The lines after one; at last, how many events there are up to the last one."""
        for raw in file:
            line = parse(raw, at.end, at.chain)
            if line is None:
                if raw.endswith(b"\n") and file.tell() < os.fstat(file.fileno()).st_size:
                    raise DamagedFileError(f"{self._folder}/{at.name}", at.line + 1, "its checksum is wrong")
                break  # still being written: it is not one of those that are asked for
            before = at.before + len(at.events)
            at = _Place(at.name, at.line + 1, line.end, line.crc, before, line.told.get("events", ()))
            yield at
        return at.before + len(at.events)
