"""Stands in for the training of the segmentation network, before the loop and at the end of each iteration."""

from typing import Any

from perqueue.constants import CYCLICALGROUP_KEY


def main(epochs: int, labels: list[str] | None = None, **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    known = labels or []
    return True, {"weights": [epochs] * len(known), "labels": known, CYCLICALGROUP_KEY: len(known) >= 2}
