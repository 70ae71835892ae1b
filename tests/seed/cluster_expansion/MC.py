"""Stands in for Monte Carlo with the final model, at the temperature of the copy."""

from typing import Any

from perqueue.constants import INDEX_KW


def main(steps: int, error: float, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    copy, *_ = kwargs[INDEX_KW]
    return True, {"temperature": 300 + 100 * copy, "steps": steps, "error": error}
