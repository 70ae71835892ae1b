"""Reading what ``qstat -f`` prints: JSON, JSON that is broken, or plain text; rows of attributes come out.

Attributes of attributes are written with a dot, as the plain form does: ``Variable_List.PERQUEUE_TAG``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

Row: TypeAlias = dict[str, str]

_JOB: Final = re.compile(r"\s*\"([0-9][^\s\"]*)\"\s*:\s*\{")
_PAIR: Final = re.compile(r"\s*\"([A-Za-z_][\w.]*)\"\s*:\s*(.*?),?\s*")
_HEAD: Final = re.compile(r"(?:Job Id|Server|Queue):[ \t]*(\S+)\s*")
_ATTRIBUTE: Final = re.compile(r"[ \t]+([A-Za-z_][\w.]*) = ?(.*)")
_VARIABLES: Final = "Variable_List"


def read_rows(text: str, kind: str = "Jobs") -> dict[str, Row]:
    """Attributes by id, for all that the text tells of. Text that is something else tells of nothing.

    Args:
        text: What was printed. It may hold several answers one after the other; a later row replaces an earlier one.
        kind: What the JSON form calls the table: ``Jobs``, ``Server`` or ``Queue``.
    """
    rows: dict[str, Row] = {}
    for line, document in _documents(text):
        table = document.get(kind) if isinstance(document, Mapping) else None
        if isinstance(table, Mapping):
            rows.update({job: dict(_flat(row)) for job, row in table.items() if isinstance(row, Mapping)})
        elif document is None:
            rows.update(_plain_rows(line) if _HEAD.search(line) else _salvaged_rows(line))
    return rows


def readable(text: str) -> bool:
    """Whether this is an answer at all, if one without any rows."""
    return any(document is not None or _HEAD.search(piece) for piece, document in _documents(text))


def _documents(text: str) -> Iterator[tuple[str, object]]:
    """The JSON documents in it, and what follows the last that can be read, with None for a document."""
    decoder = json.JSONDecoder(strict=False)
    where = 0
    while (start := text.find("{", where)) >= 0 and not text[where:start].strip():
        try:
            document, where = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        yield "", document
    if text[where:].strip():
        yield text[where:], None


def _flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            if not prefix:
                yield from _flat(value, f"{name}.")
        elif isinstance(value, str | int | float):
            yield prefix + name, str(value)


def _salvaged_rows(text: str) -> dict[str, Row]:
    # Older qstats don't escape what they print, so that one strange variable of some job spoils the whole document.
    # There is one attribute on each line, and those that matter here are plain.
    rows: dict[str, Row] = {}
    row: Row | None = None
    for line in text.splitlines():
        if head := _JOB.fullmatch(line):
            row = rows.setdefault(head[1], {})
        elif row is not None and (pair := _PAIR.fullmatch(line)):
            name = f"{_VARIABLES}.{pair[1]}" if pair[1].startswith("PERQUEUE_") else pair[1]
            row.setdefault(name, pair[2].removeprefix('"').removesuffix('"'))
    return rows


def _plain_rows(text: str) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    row: Row | None = None
    name = indent = ""
    for line in text.splitlines():
        if head := _HEAD.fullmatch(line):
            row = rows[head[1]] = {}
            name = indent = ""
        elif row is None or not line.strip():
            continue
        elif (found := _ATTRIBUTE.fullmatch(line)) and (not indent or line.startswith(indent)):
            # Attributes are indented by spaces and what goes on by a tab; Torque-like wrappers take tabs for all.
            indent = indent or line[0]
            name = found[1]
            row[name] = found[2]
        elif name:
            row[name] += line.lstrip("\t")
    for row in rows.values():
        for pair in row.get(_VARIABLES, "").split(","):
            variable, equals, value = pair.partition("=")
            if equals:
                row.setdefault(f"{_VARIABLES}.{variable}", value)
    return rows
