"""Plot how far estimates of pi are from pi."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray


def main(
    pi_estimates: Sequence[float] | NDArray[np.float64],
    counts: Sequence[int] | NDArray[np.int64],
    filename: str | Path = "pi_error.png",
    **_: Any,
) -> tuple[bool, dict[str, Any]]:
    """Draw the absolute error of `pi_estimates` over `counts` on logarithmic axes, as a PNG in `filename`.

    The dashed line is the standard error to expect of n points, sqrt(pi (4 - pi) / n).

    Result: `plot`, the absolute path of the PNG. A relative `filename` is taken from the current folder.
    Raises ValueError if there are no estimates, or not one count for each.
    """
    estimates, points = np.asarray(pi_estimates, dtype=float), np.asarray(counts, dtype=float)
    if estimates.size == 0 or estimates.shape != points.shape:
        raise ValueError(f"one count per estimate is needed: got shapes {points.shape!r} and {estimates.shape!r}")

    # A figure of its own on the Agg canvas, without pyplot: no display, no state shared with other tasks.
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.loglog(points, np.abs(estimates - np.pi), marker="o", label="this run")
    axes.loglog(points, np.sqrt(np.pi * (4.0 - np.pi) / points), linestyle="--", label="expected standard error")
    axes.set(xlabel="number of points", ylabel="absolute error of the estimate of pi")
    axes.grid(visible=True, alpha=0.4)
    axes.legend()

    path = Path(filename).resolve()
    figure.savefig(path, format="png", dpi=200)
    return True, {"plot": path}
