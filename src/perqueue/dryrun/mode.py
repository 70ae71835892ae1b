"""Whether what this process submits is only simulated, and who wants to know of it."""

from __future__ import annotations

import os
from typing import Final

from perqueue.config.flags import SET, read_flags
from perqueue.config.keys import OVERRIDE

EXECUTOR: Final = "PERQUEUE_EXECUTOR"
NAME: Final = "dry-run"
"""The name of an executor that there is not: whatever is given to it is simulated."""

RECORD: Final = "PERQUEUE_DRY_RUN"
"""The environment variable with the path of a file to which submissions are told; whoever named it simulates them."""
SCENARIO: Final = "PERQUEUE_SCENARIO"
"""The environment variable with the path of the scenario, where nobody else simulates."""
SEED: Final = "PERQUEUE_SEED"
"""The environment variable with the number that takes the place of the scenario's seed."""


def dry_running() -> bool:
    """Whether this process only simulates what it submits."""
    if os.environ.get(RECORD):
        return True
    if os.environ.get(SET):  # flags of the command that started this script
        for place, value, _ in read_flags(os.environ):
            if place == OVERRIDE:
                return value == NAME
    return os.environ.get(EXECUTOR) == NAME
