"""Places in a submission script."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Final

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_COMMANDS: Final = os.path.join(_PACKAGE, "cli") + os.sep


def here() -> str:
    """The line that called into this package, as ``path:line``; empty if there is none: a command did it itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_COMMANDS):
            return ""
        if not name.startswith(_PACKAGE):
            return "" if name.startswith("<") else f"{os.path.abspath(name)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def submitted_at(where: str, otherwise: str) -> tuple[str, int]:
    """The file and line of such a place; ``otherwise`` is the file if it is unknown."""
    path, _, line = where.rpartition(":")
    return (path, int(line)) if path and line.isdecimal() else (otherwise, 1)
