"""The time, told in two ways: of day, which may jump, and steady, for all that is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from attrs import frozen


@frozen
class Clocks:
    """Where the time comes from, in seconds.

    Args:
        unix: The Unix time, for what is reported and written down. It may be put back or forward at any moment.
        steady: Only rises, by what has passed; it has no meaning in another process.
    """

    unix: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def age(self, moment: float) -> float:
        """Seconds since a Unix time that somebody wrote down; 0 if it is still to come, by another clock or by this
        one before it was put back."""
        return max(0.0, self.unix() - moment)


SYSTEM: Final = Clocks()
"""Those of this machine."""
