"""Aligned columns: cut to a terminal's width, or in full for pipes; one line for each row, without tabs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from perqueue.core.states import EntryState

from .printing import clipped, coloured, on_terminal, one_line, put

PIPE_WIDTH: Final = 200
"""Characters of a cell where no terminal limits them."""
_NARROWEST: Final = 8
_GAP: Final = "  "


@frozen
class Line:
    """A row of a table; ``state`` gives the colour of the column that names it."""

    cells: tuple[str, ...]
    state: EntryState | None = None


def print_table(titles: Sequence[str], lines: Sequence[Line], flexible: Sequence[str] = ()) -> None:
    """Print a table. Where a terminal is too narrow, the ``flexible`` columns give way, the widest first."""
    rows = [tuple(clipped(one_line(cell), PIPE_WIDTH) for cell in line.cells) for line in lines]
    widths = [max(len(title), *(len(row[i]) for row in rows)) if rows else len(title) for i, title in enumerate(titles)]
    if on_terminal():
        _fit(widths, [i for i, title in enumerate(titles) if title in flexible], _terminal_width())
    where = titles.index("State") if "State" in titles else -1
    _print_row(titles, widths)
    _print_row(["-" * min(width, len(title)) for width, title in zip(widths, titles, strict=True)], widths)
    for row, line in zip(rows, lines, strict=True):
        _print_row(row, widths, where, line.state)


def _print_row(cells: Sequence[str], widths: list[int], where: int = -1, state: EntryState | None = None) -> None:
    shown = [clipped(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)]
    if state is not None and where >= 0:
        shown[where] = coloured(shown[where], state)
    put(_GAP.join(shown).rstrip())


def _fit(widths: list[int], flexible: list[int], width: int) -> None:
    """Take from the widest flexible column until all fit, or none has anything left to give."""
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while excess > 0 and flexible:
        widest = max(flexible, key=widths.__getitem__)
        others = [widths[i] for i in flexible if i != widest]
        floor = max([_NARROWEST, *(other for other in others if other < widths[widest])])
        give = min(excess, max(1, widths[widest] - floor))
        if widths[widest] <= _NARROWEST:
            return
        widths[widest] -= give
        excess -= give


def _terminal_width() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(sys.stdout.fileno()).columns
    except (ValueError, OSError):
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns
        except OSError:
            return 80
