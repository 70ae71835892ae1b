"""A picture drawn by matplotlib, as PNG or SVG."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from perqueue.core.states import EntryState

from .boxes import Box, GroupBox, Picture
from .colours import EDGES, FILLS
from .placing import Place, group_label, place, short

_MARGIN: Final = 0.3
_LEGEND: Final = 0.42
_LARGEST: Final = 20_000
"""Pixels of a side of a picture, at most."""
_PLAIN: Final = ("#f5f5f5", "#757575")
_PLANNED: Final = ("#ffffff", "#9e9e9e")
_GROUP: Final = ("#fafafa", "#9e9e9e")
_DASHES: Final = (0, (4, 3))


def draw(picture: Picture, path: str, kind: str) -> None:
    """Write a picture as a file of this kind, ``png`` or ``svg``.

    Raises:
        OSError: It can't be written.
    """
    placed = place(picture)
    width = max(3.0, placed.width) + 2 * _MARGIN
    height = placed.height + 2 * _MARGIN + _LEGEND
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    # From the top left corner, as places are.
    axes.set(xlim=(-_MARGIN, width - _MARGIN), ylim=(height - _MARGIN, -_MARGIN))
    axes.axis("off")
    depth: dict[int, int] = {0: 0}
    contents = picture.contents()
    for group in picture.groups:
        depth[group.id] = depth[group.group] + 1
        _group(axes, group, placed.places[group.id], depth[group.id], empty=not contents[group.id])
    deepest = max(depth.values()) + 1
    for route in placed.routes:
        _arrow(axes, route, deepest)
    for box in picture.boxes:
        _box(axes, box, placed.places[box.id], deepest + 1)
    _legend(axes, picture)
    dpi = min(160.0, _LARGEST / max(width, height))
    figure.savefig(path, format=kind, dpi=dpi, facecolor="white")


def _box(axes: Any, box: Box, there: Place, layer: int) -> None:
    fill, edge = _PLAIN if box.state is None else (FILLS[box.state], EDGES[box.state])
    if box.planned:
        fill, edge = _PLANNED
    # A second outline behind says that there are several.
    for shift in (0.05, 0.0) if box.copies > 1 else (0.0,):
        _outline(axes, there.moved(shift, shift), fill, edge, layer, dashed=box.planned)
    lift = 0.1 if box.detail else 0.0
    centre = there.left + there.width / 2
    _text(axes, centre, there.middle - lift, short(box.title), layer, fontsize=9, color="#1a1a1a", ha="center")
    if box.detail:
        _text(axes, centre, there.middle + 0.13, box.detail, layer, fontsize=7.5, color="#4a4a4a", ha="center")


def _group(axes: Any, group: GroupBox, there: Place, layer: int, *, empty: bool) -> None:
    fill, edge = _PLANNED if group.planned else _GROUP
    _outline(axes, there, fill, edge, layer, dashed=group.planned)
    down = there.middle if empty else there.top + 0.15
    _text(axes, there.left + 0.12, down, group_label(group), layer, fontsize=8, color="#4a4a4a", ha="left")


def _outline(axes: Any, there: Place, fill: str, edge: str, layer: int, *, dashed: bool) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (there.left, there.top),
            there.width,
            there.height,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.2,
            linestyle=_DASHES if dashed else "solid",
            zorder=layer,
        )
    )


def _text(axes: Any, x: float, y: float, text: str, layer: int, **style: Any) -> None:
    axes.text(x, y, text, va="center", zorder=layer, parse_math=False, **style)


def _arrow(axes: Any, route: list[Place], layer: int) -> None:
    """A curve that leaves and arrives level, passing straight through the waypoints between."""
    ends: list[tuple[float, float]] = []
    codes: list[Any] = []
    for here, there in pairwise(route):
        start, end = (here.left + here.width, here.middle), (there.left, there.middle)
        ends.append(start)
        codes.append(Path.LINETO if codes else Path.MOVETO)
        half = (end[0] - start[0]) / 2
        ends += [(start[0] + half, start[1]), (end[0] - half, end[1]), end]
        codes += [Path.CURVE4] * 3
    line = Path(ends, codes)
    style: dict[str, Any] = {"linewidth": 0.9, "color": "#78828a", "zorder": layer}
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
