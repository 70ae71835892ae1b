"""Stands in for the density functional theory that labels the selected structures; two models are trained anew."""

from typing import Any

from perqueue.constants import DYNAMICWIDTHGROUP_KEY


def main(selected: list[int], **kwargs: Any) -> tuple[bool, dict[str, Any]]:
    return True, {"labels": [-1.5 * structure for structure in selected], DYNAMICWIDTHGROUP_KEY: 2}
