"""A picture drawn by matplotlib, as PNG or SVG."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, TypeAlias

from attrs import frozen
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from perqueue.core.states import EntryState

from .colours import EDGES, FILLS
from .layers import Layout, lay_out
from .picture import Box, Picture

_CHARACTER: Final = 0.085
"""Inches that a character of a label takes."""
_HEIGHT: Final = 0.56
_GAP_Y: Final = 0.24
_GAP_X: Final = 0.8
_MARGIN: Final = 0.3
_LEGEND: Final = 0.42
_WIDEST: Final = 28
"""Characters of a name that are shown."""
_LARGEST: Final = 20_000
"""Pixels of a side of a picture, at most."""
_PLAIN: Final = ("#f5f5f5", "#757575")


def draw(picture: Picture, path: str, kind: str) -> None:
    """Write a picture as a file of this kind, ``png`` or ``svg``.

    Raises:
        OSError: It can't be written.
    """
    boxes = {box.id: box for box in picture.boxes}
    parts = lay_out(list(boxes), picture.arrows)
    placed = [_place_part(part, boxes) for part in parts]
    width = max([3.0, *(part.width for part in placed)]) + 2 * _MARGIN
    height = sum(part.height for part in placed) + _GAP_Y * max(0, len(placed) - 1) + 2 * _MARGIN + _LEGEND
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    top = height - _MARGIN
    for part, there in zip(parts, placed, strict=True):
        places = {box: (left + _MARGIN, top - down, wide) for box, (left, down, wide) in there.places.items()}
        for route in part.routes:
            _arrow(axes, [places[number] for number in route])
        for number in places:
            if number > 0:
                _box(axes, boxes[number], places[number])
        top -= there.height + _GAP_Y
    _legend(axes, picture)
    dpi = min(160.0, _LARGEST / max(width, height))
    figure.savefig(path, format=kind, dpi=dpi, facecolor="white")


_Place: TypeAlias = tuple[float, float, float]
"""Left end, height of the middle, and width of a box or of the way past one, in inches."""


@frozen
class _Placed:
    """A connected part: where its boxes and waypoints are, measured from its top left corner, and its size."""

    places: dict[int, _Place]
    width: float
    height: float


def _place_part(part: Layout, boxes: dict[int, Box]) -> _Placed:
    step = _HEIGHT + _GAP_Y
    height = max(len(layer) for layer in part.layers) * step - _GAP_Y
    places: dict[int, _Place] = {}
    left = 0.0
    for layer in part.layers:
        width = max(_width(boxes[number]) for number in layer if number > 0)
        first = height / 2 - step * (len(layer) - 1) / 2
        for row, number in enumerate(layer):
            places[number] = (left, first + row * step, width)
        left += width + _GAP_X
    return _Placed(places, left - _GAP_X, height)


def _width(box: Box) -> float:
    return max(len(_short(box.title)), len(box.detail), 8) * _CHARACTER + 0.25


def _short(text: str) -> str:
    name, times, copies = text.partition(" ×")
    cut = name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"
    return f"{cut}{times}{copies}"


def _box(axes: Any, box: Box, place: _Place) -> None:
    left, middle, width = place
    fill, edge = _PLAIN if box.state is None else (FILLS[box.state], EDGES[box.state])
    # A second outline behind says that there are several.
    for shift in (0.05, 0.0) if box.copies > 1 else (0.0,):
        axes.add_patch(
            FancyBboxPatch(
                (left + shift, middle - _HEIGHT / 2 - shift),
                width,
                _HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor=fill,
                edgecolor=edge,
                linewidth=1.2,
                zorder=2,
            )
        )
    lift = 0.1 if box.detail else 0.0
    style: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 3, "parse_math": False}
    axes.text(left + width / 2, middle + lift, _short(box.title), fontsize=9, color="#1a1a1a", **style)
    if box.detail:
        axes.text(left + width / 2, middle - 0.13, box.detail, fontsize=7.5, color="#4a4a4a", **style)


def _arrow(axes: Any, route: list[_Place]) -> None:
    """A curve that leaves and arrives level, passing straight through the waypoints between."""
    ends: list[tuple[float, float]] = []
    codes: list[Any] = []
    for here, there in pairwise(route):
        start, end = (here[0] + here[2], here[1]), (there[0], there[1])
        if ends:
            ends.append(start)
            codes.append(Path.LINETO)
        else:
            ends.append(start)
            codes.append(Path.MOVETO)
        half = (end[0] - start[0]) / 2
        ends += [(start[0] + half, start[1]), (end[0] - half, end[1]), end]
        codes += [Path.CURVE4] * 3
    line = Path(ends, codes)
    style: dict[str, Any] = {"linewidth": 0.9, "color": "#78828a", "zorder": 1}
    axes.add_patch(FancyArrowPatch(path=line, arrowstyle="-|>", mutation_scale=9, shrinkB=1, fill=False, **style))


def _legend(axes: Any, picture: Picture) -> None:
    there = [state for state in EntryState if any(box.counts.get(state) for box in picture.boxes)]
    if not there:
        return
    marks = [
        Line2D([], [], marker="s", linestyle="", markersize=8, markerfacecolor=FILLS[s], markeredgecolor=EDGES[s])
        for s in there
    ]
    axes.legend(marks, list(map(str, there)), loc="lower left", ncols=min(len(there), 5), frameon=False, fontsize=7.5)
