"""How much time a task has: told to it, and to all that it starts, by one variable of the environment."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final

DEADLINE: Final = "PERQUEUE_DEADLINE"
"""The environment variable with the Unix time, in seconds, at which the task will be ended."""
_LEAD: Final = 120.0
_SHARE: Final = 0.1


def time_left() -> float | None:
    """Seconds until the task that this code runs in, or was started by, will be ended; 0.0 once that time has come.

    None where nothing limits it, and outside of perqueue. It costs next to nothing, so ask as often as you like.
    """
    ends = _ends()
    return None if ends is None else max(0.0, ends - time.time())


def lead(walltime: float) -> float:
    """How many seconds before the end of its walltime a task is warned: a tenth of it, and never more than 120."""
    return min(_LEAD, _SHARE * walltime)


def announce(ends: float | None) -> None:
    """Say in this process's environment that it will be ended at a Unix time in seconds; None: never."""
    if ends is None:
        os.environ.pop(DEADLINE, None)
    else:
        os.environ[DEADLINE] = repr(ends)


def over() -> bool:
    """Whether the time that was announced has come."""
    ends = _ends()
    return ends is not None and time.time() >= ends


def _ends() -> float | None:
    try:
        return float(os.environ[DEADLINE])
    except (KeyError, ValueError):
        return None
