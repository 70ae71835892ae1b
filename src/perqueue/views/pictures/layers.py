"""Where boxes stand: in layers from left to right, so ordered that few arrows cross and none runs behind a box."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from attrs import frozen

_SWEEPS: Final = 8
Arrow: TypeAlias = tuple[int, int]


@frozen
class Layout:
    """A connected part of a picture.

    Args:
        layers: Boxes of each layer, top to bottom. Numbers below 0 are waypoints of long arrows.
        routes: For each arrow all that it passes, its ends included.
    """

    layers: list[list[int]]
    routes: list[list[int]]


def lay_out(boxes: Sequence[int], arrows: Sequence[Arrow]) -> list[Layout]:
    """The connected parts, in the order of their first boxes. Boxes' numbers are above 0."""
    part_of = _parts(boxes, arrows)
    return [
        _lay_out_part(
            [box for box in boxes if part_of[box] == part], [arrow for arrow in arrows if part_of[arrow[0]] == part]
        )
        for part in dict.fromkeys(part_of[box] for box in boxes)
    ]


def _parts(boxes: Iterable[int], arrows: Iterable[Arrow]) -> dict[int, int]:
    """For each box, one that stands for all that are connected with it."""
    above = {box: box for box in boxes}

    def top(box: int) -> int:
        while above[box] != box:
            above[box] = above[above[box]]
            box = above[box]
        return box

    for parent, child in arrows:
        above[top(child)] = top(parent)
    return {box: top(box) for box in above}


def _lay_out_part(boxes: list[int], arrows: list[Arrow]) -> Layout:
    depth = _depths(boxes, arrows)
    layers: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
    for box in boxes:
        layers[depth[box]].append(box)
    routes: list[list[int]] = []
    waypoint = 0
    for parent, child in arrows:
        route = [parent]
        for layer in range(depth[parent] + 1, depth[child]):
            waypoint -= 1
            layers[layer].append(waypoint)
            route.append(waypoint)
        routes.append([*route, child])
    parents: dict[int, list[int]] = {}
    children: dict[int, list[int]] = {}
    for before, after in (step for route in routes for step in pairwise(route)):
        parents.setdefault(after, []).append(before)
        children.setdefault(before, []).append(after)
    for sweep in range(_SWEEPS):
        near, ordered = (parents, layers) if sweep % 2 == 0 else (children, layers[::-1])
        for fixed, moved in pairwise(ordered):
            _order(moved, fixed, near)
    return Layout(layers, routes)


def _depths(boxes: Iterable[int], arrows: Iterable[Arrow]) -> dict[int, int]:
    """One more than the deepest of those a box depends on."""
    depth = dict.fromkeys(boxes, 0)
    missing = dict.fromkeys(depth, 0)
    children: dict[int, list[int]] = {box: [] for box in depth}
    for parent, child in arrows:
        missing[child] += 1
        children[parent].append(child)
    ready = deque(box for box in depth if not missing[box])
    while ready:
        box = ready.popleft()
        for child in children[box]:
            depth[child] = max(depth[child], depth[box] + 1)
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return depth


def _order(layer: list[int], fixed: list[int], near: dict[int, list[int]]) -> None:
    """Put each box as high as its neighbours in the layer beside are, on average; others keep their place."""
    height = {box: (place + 0.5) / len(fixed) for place, box in enumerate(fixed)}
    wanted: dict[int, float] = {}
    for place, box in enumerate(layer):
        heights = [height[other] for other in near.get(box, ()) if other in height]
        wanted[box] = sum(heights) / len(heights) if heights else (place + 0.5) / len(layer)
    layer.sort(key=wanted.__getitem__)
