"""Stands in for the relaxation of a structure along one of three directions."""

from typing import Any

from perqueue.constants import INDEX_KW


def main(structure: str, index: int, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    direction, *_ = kwargs[INDEX_KW]
    return True, {"structure": structure, "index": index, "direction": direction, "energy": -10.0 * index - direction}
