"""Stands in for a cluster expansion that proposes structures until its error is small."""

from typing import Any

from perqueue.constants import CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY


def main(first: bool, error: float = 0.4, energy: Any = None, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    error = error if first else error / 2
    return True, {"error": error, DYNAMICWIDTHGROUP_KEY: 3 if error > 0.3 else 2, CYCLICALGROUP_KEY: error < 0.15}
