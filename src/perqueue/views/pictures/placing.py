"""Where the boxes and groups of a picture stand, in inches, from its top left corner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from .boxes import Box, GroupBox, Picture
from .layers import Layout, lay_out

_CHARACTER: Final = 0.085
"""Inches that a character of a label takes."""
HEIGHT: Final = 0.56
"""Of a box."""
_GAP_Y: Final = 0.24
_GAP_X: Final = 0.8
_PADDING: Final = 0.2
"""Between a group's edge and what is in it."""
_TITLE: Final = 0.3
"""Above what is in a group."""
_WIDEST: Final = 28
"""Characters of a name that are shown."""


@frozen
class Place:
    """A rectangle: its left and upper end, and its size. Of a way past something the height is 0."""

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """How far down its middle is."""
        return self.top + self.height / 2

    def moved(self, right: float, down: float) -> Place:
        """The same rectangle elsewhere."""
        return Place(self.left + right, self.top + down, self.width, self.height)


@frozen
class Placed:
    """Where everything is.

    Args:
        places: Of boxes and groups, by their numbers.
        routes: What each arrow passes, its ends included.
        width: Of all.
        height: Of all.
    """

    places: Mapping[int, Place]
    routes: list[list[Place]]
    width: float
    height: float


def place(picture: Picture) -> Placed:
    """Give everything its place: the contents of each group by itself, then the group as one of what is around it."""
    contents = picture.contents()
    group_of = {part.id: part.group for part in picture.parts}
    arrows: dict[int, list[tuple[int, int]]] = {number: [] for number in contents}
    for start, end in picture.arrows:
        arrows[group_of[start]].append((start, end))
    sizes = {box.id: (_box_width(box), HEIGHT) for box in picture.boxes}
    inside: dict[int, Placed] = {}
    # From the innermost: a group has a higher number than the one around it.
    for group in sorted(picture.groups, key=lambda group: -group.id):
        inside[group.id] = _place_level(contents[group.id], arrows[group.id], sizes.__getitem__)
        sizes[group.id] = _group_size(group, inside[group.id])
    whole = _place_level(contents[0], arrows[0], sizes.__getitem__)
    places, routes = dict(whole.places), list(whole.routes)
    for group in sorted(picture.groups, key=lambda group: group.id):
        corner = places[group.id]
        right, down = corner.left + (corner.width - inside[group.id].width) / 2, corner.top + _TITLE
        places |= {number: there.moved(right, down) for number, there in inside[group.id].places.items()}
        routes += [[there.moved(right, down) for there in route] for route in inside[group.id].routes]
    return Placed(places, routes, whole.width, whole.height)


def short(text: str) -> str:
    """A title as it is shown: long names are cut, how many there are is not."""
    name, times, copies = text.partition(" ×")
    cut = name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"
    return f"{cut}{times}{copies}"


def group_label(group: GroupBox) -> str:
    """What stands above a group."""
    return f"{group.title} · {group.detail}" if group.detail else group.title


def _box_width(box: Box) -> float:
    return max(len(short(box.title)), len(box.detail), 8) * _CHARACTER + 0.25


def _group_size(group: GroupBox, inside: Placed) -> tuple[float, float]:
    label = len(group_label(group)) * _CHARACTER * 0.82 + 0.25
    if not inside.places:
        return label, HEIGHT
    return max(label, inside.width + 2 * _PADDING), _TITLE + inside.height + _PADDING


def _place_level(
    numbers: list[int], arrows: list[tuple[int, int]], size: Callable[[int], tuple[float, float]]
) -> Placed:
    """Place what stands side by side: its connected parts one below the other."""
    places: dict[int, Place] = {}
    routes: list[list[Place]] = []
    width = down = 0.0
    for part in lay_out(numbers, arrows):
        found = _place_part(part, size)
        places |= {number: there.moved(0.0, down) for number, there in found.places.items()}
        routes += [[there.moved(0.0, down) for there in route] for route in found.routes]
        width = max(width, found.width)
        down += found.height + _GAP_Y
    return Placed(places, routes, width, max(0.0, down - _GAP_Y))


def _place_part(part: Layout, size: Callable[[int], tuple[float, float]]) -> Placed:
    """Place a connected part: layers from left to right, in each of them one below the other, around its middle."""

    def height(number: int) -> float:
        return size(number)[1] if number > 0 else HEIGHT

    tall = max(sum(map(height, layer)) + _GAP_Y * (len(layer) - 1) for layer in part.layers)
    places: dict[int, Place] = {}
    # An arrow leaves its layer level, past whatever is wider than where it starts.
    ways: dict[int, Place] = {}
    left = 0.0
    for layer in part.layers:
        width = max(size(number)[0] for number in layer if number > 0)
        boxes = max((size(number)[0] for number in layer if number > 0 and height(number) == HEIGHT), default=0.0)
        down = (tall - sum(map(height, layer)) - _GAP_Y * (len(layer) - 1)) / 2
        for number in layer:
            middle = down + height(number) / 2
            if number < 0:
                ways[number] = Place(left, middle, width, 0.0)
            else:
                wide = boxes if height(number) == HEIGHT else size(number)[0]
                places[number] = Place(left, down, wide, height(number))
                if wide < width:
                    ways[number] = Place(left + wide, middle, width - wide, 0.0)
            down += height(number) + _GAP_Y
        left += width + _GAP_X
    routes = [_route(route, places, ways) for route in part.routes]
    return Placed(places, routes, left - _GAP_X, tall)


def _route(route: list[int], places: Mapping[int, Place], ways: Mapping[int, Place]) -> list[Place]:
    start, *between, end = route
    out = [ways[start]] if start in ways else []
    return [places[start], *out, *(ways[number] for number in between), places[end]]
