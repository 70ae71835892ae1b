"""Stands in for the generation of one decorated structure of the search space."""

from typing import Any


def main(index: int) -> tuple[bool, dict[str, Any]]:
    return True, {"structure": f"decoration {index}", "index": index}
