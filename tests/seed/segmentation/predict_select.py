"""Stands in for the prediction, and the choice of the image that a person shall label next."""

from typing import Any


def main(labels: list[str], pq_iteration: list[int], **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    return True, {"image": f"image{pq_iteration[0]}", "labels": labels}
