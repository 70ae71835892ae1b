"""The timeline as a picture: what ran when, partition by partition, in the colours of the tasks.

Attempts that didn't succeed are hatched, each verdict in its way. Their edges are dark, so that they are seen also
where there are so many that no hatch is.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Final

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from perqueue.core.records import Verdict

from ..errors import UnwritableError
from ..playing.simulation import Run
from .kinds import check_kind
from .report import Report

_MOST_NAMES: Final = 20
"""Tasks that the legend names."""
_HATCHES: Final = {Verdict.failed: "xxxx", Verdict.timeout: "////", Verdict.discarded: "...."}
_NOT_SUCCEEDED: Final = {Verdict.failed: "failed", Verdict.timeout: "timed out", Verdict.discarded: "discarded"}
_DARK: Final = "#202020"
_UNITS: Final = ((3 * 86400, 86400, "days"), (3 * 3600, 3600, "hours"), (3 * 60, 60, "minutes"), (0, 1, "seconds"))


def draw(report: Report, path: str) -> None:
    """Write the timeline as a picture.

    Raises:
        PictureKindError: The file's name doesn't say which kind.
        UnwritableError: It can't be written.
    """
    kind = check_kind(path)
    partitions: dict[str, list[Run]] = {}
    for run in report.runs:
        partitions.setdefault(run.place.size.name, []).append(run)
    rows = {name: _rows(runs) for name, runs in sorted(partitions.items())}
    heights = [max(1, max((row for row, _ in placed), default=0) + 1) for placed in rows.values()]
    figure = Figure(figsize=(11.0, min(40.0, 1.6 + sum(_inches(height) for height in heights))), layout="constrained")
    FigureCanvasAgg(figure)
    scale, unit = next((size, name) for least, size, name in _UNITS if report.makespan >= least)
    names = list(dict.fromkeys(phase.task for phase in report.phases))
    palette = colormaps["tab20"]
    colours = {name: palette(number % 20) for number, name in enumerate(names)}
    axes_of = figure.subplots(max(1, len(rows)), 1, sharex=True, squeeze=False, height_ratios=heights or [1])
    for axes, (name, placed), height in zip(axes_of[:, 0], rows.items(), heights, strict=False):
        _draw_partition(axes, placed, report, colours, scale)
        axes.set(ylim=(height, 0), ylabel=name, yticks=[])
        axes.margins(x=0.01)
    axes_of[-1, 0].set_xlabel(unit)
    marks = [Patch(facecolor=colours[name], label=name) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        marks.append(Patch(facecolor="white", label=f"... and {len(names) - _MOST_NAMES} more"))
    marks += [
        Patch(facecolor="white", edgecolor=_DARK, linewidth=0.6, hatch=_HATCHES[verdict], label=label)
        for verdict, label in _NOT_SUCCEEDED.items()
        if any(run.verdict is verdict for run in report.runs)
    ]
    if marks:
        figure.legend(handles=marks, loc="outside right upper", frameon=False, fontsize=8)
    try:
        figure.savefig(path, format=kind, dpi=130)
    except OSError as error:
        raise UnwritableError("the picture", path, error) from error


def _inches(rows: int) -> float:
    return max(0.5, min(6.0, 0.14 * rows))


def _rows(runs: Sequence[Run]) -> list[tuple[int, Run]]:
    """Each run with the first row that is free when it starts."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    found: list[tuple[int, Run]] = []
    rows = 0
    for run in sorted(runs, key=lambda run: (run.started, run.key, run.attempt)):
        while busy and busy[0][0] <= run.started:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            row = heapq.heappop(free)
        else:
            row, rows = rows, rows + 1
        heapq.heappush(busy, (run.ended, row))
        found.append((row, run))
    return found


def _draw_partition(
    axes: Any, placed: Sequence[tuple[int, Run]], report: Report, colours: dict[str, Any], scale: float
) -> None:
    bars: dict[tuple[int, str, Verdict], list[tuple[float, float]]] = {}
    for row, run in placed:
        name = report.names.get(run.key, "?")
        span = (run.started / scale, (run.ended - run.started) / scale)
        bars.setdefault((row, name, run.verdict), []).append(span)
    edge = 0.4 if len(placed) <= 2000 else 0.0
    for (row, name, verdict), spans in bars.items():
        look = {"facecolors": colours[name], "edgecolors": "white", "linewidth": edge}
        if verdict in _HATCHES:
            look.update(edgecolors=_DARK, linewidth=0.6, hatch=_HATCHES[verdict], zorder=2)
        axes.broken_barh(spans, (row + 0.08, 0.84), **look)
