"""Stands in for molecular dynamics with the ensemble."""

from typing import Any


def main(model: dict[int, str], pq_index: list[int], **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    simulation, *_ = pq_index
    return True, {"models": sorted(model.values()), "trajectory": [simulation] * 4}
