"""Stands in for the band gap of a structure near the hull."""

from typing import Any


def main(hull: float, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    kept = {key: kwargs[key] for key in ("structure", "index", "direction")}
    return True, {**kept, "hull": hull, "gap": 1.0 + hull}
