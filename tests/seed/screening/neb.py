"""Stands in for the barrier along a band."""

from typing import Any


def main(images: list[int], fmax: float, structure: str, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    return True, {"barrier": sum(images) * fmax, "structure": structure, "pq_index": kwargs["pq_index"]}
