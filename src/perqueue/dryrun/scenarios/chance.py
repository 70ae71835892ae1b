"""Chance that is always the same: a number for each seed and each thing that it is drawn for.

Nothing is drawn in a row. So what one entry does never depends on what was drawn for another one before it, and a
scenario that is changed in one place keeps all other draws.
"""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Final

_STEPS: Final = 1 << 53
_MOST: Final = math.nextafter(1.0, 0.0)


def chance(seed: int, *what: object) -> float:
    """A number between 0 and 1, neither of them included, evenly distributed over different ``what``."""
    digest = blake2b(repr((seed, what)).encode(), digest_size=8).digest()
    # The last step is rounded up to 1.
    return min(((int.from_bytes(digest) >> 11) + 0.5) / _STEPS, _MOST)
