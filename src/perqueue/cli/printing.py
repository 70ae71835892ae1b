"""Printing: what a terminal takes, what a pipe takes, and JSON."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterable
from typing import Final

from perqueue.core.states import EntryState

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_COLOURS: Final = {
    EntryState.waiting: "2",
    EntryState.goahead: "36",
    EntryState.queueing: "34",
    EntryState.running: "33",
    EntryState.succeeded: "32",
    EntryState.discarded: "35",
    EntryState.axed: "2;35",
    EntryState.failed: "31",
    EntryState.timeout: "31",
}
"""How terminals colour a state."""


def put(line: str = "") -> None:
    """A line on stdout. What can't be encoded is shown escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def put_json(value: object) -> None:
    """A value as JSON on stdout: strict, and ASCII whatever the terminal is."""
    json.dump(value, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def note(line: str) -> None:
    """A remark on stderr, so that it never ends up in what is parsed."""
    sys.stdout.flush()
    sys.stderr.write(f"pq: {line}\n")
    sys.stderr.flush()


def on_terminal() -> bool:
    """Whether stdout is a terminal that a person looks at."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def coloured(text: str, state: EntryState) -> str:
    """Text in the colour of a state, if this is a terminal that wants colours."""
    code = _COLOURS.get(state)
    if code is None or not on_terminal() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def one_line(text: str) -> str:
    """Text without line ends and control characters."""
    return indented_line(text).lstrip()


def indented_line(text: str) -> str:
    """The same with the blanks at its start, which mean something in a log."""
    return _CONTROL.sub(" ", text).rstrip()


def clipped(text: str, width: int) -> str:
    """At most ``width`` characters; what is cut ends in an ellipsis."""
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"


def moment(at: float | None) -> str:
    """A time of the wall clock in Unix seconds, as a local time."""
    if at is None:
        return "-"
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at!r} s"


def duration(seconds: float) -> str:
    """A time span, exact enough: ``0.31 s``, ``42 s``, ``3 min 20 s``, ``5 h 12 min``, ``3 d 4 h``."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.2f} s"
    whole = round(seconds)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    return f"{whole} s"


def ranges(keys: Iterable[int]) -> str:
    """Keys as selections take them: ``1,3-5``."""
    parts: list[list[int]] = []
    for key in sorted(keys):
        if parts and parts[-1][1] == key - 1:
            parts[-1][1] = key
        else:
            parts.append([key, key])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def counted(number: int, what: str, plural: str | None = None) -> str:
    """``1 entry``, ``3 entries``."""
    return f"{number} {what if number == 1 else plural or f'{what}s'}"


def entries(number: int) -> str:
    """How many entries."""
    return counted(number, "entry", "entries")


def version() -> str:
    """The installed version's number."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("perqueue")
    except PackageNotFoundError:  # used from a checkout
        return "(not installed)"
