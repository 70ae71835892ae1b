"""Which kinds of pictures there are, told without importing what draws them."""

from __future__ import annotations

import os
from typing import Final

from ..errors import PictureKindError

KINDS: Final = (".png", ".svg", ".pdf")


def check_kind(path: str) -> str:
    """The kind of picture that a file's name asks for.

    Raises:
        PictureKindError: It says none.
    """
    kind = os.path.splitext(path)[1].lower()
    if kind not in KINDS:
        raise PictureKindError(path)
    return kind[1:]
