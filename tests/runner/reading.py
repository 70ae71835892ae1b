"""What tests read in outcomes."""

from __future__ import annotations

import json
from typing import Any

from perqueue.runner.spool import Failure, Outcome


def failure(outcome: Outcome) -> Failure:
    """The failure of an outcome that has one."""
    assert outcome.error is not None
    return outcome.error


def data(outcome: Outcome) -> Any:
    """The data of an outcome of plain JSON."""
    return json.loads(outcome.data or "null")
