"""Estimate pi by throwing points at a square, at every power of ten of points."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

CHUNK = 1 << 18
"""Points held in memory at once: two float64 coordinates each, so 4 MiB."""


def main(samples: int = 10**6, seed: int = 2019, chunk: int = CHUNK, **_: Any) -> tuple[bool, dict[str, Any]]:
    """Return estimates of pi after 1, 10, 100, … points, up to the last power of ten within `samples`.

    A point (x, y) uniform in the unit square falls in the quarter circle x² + y² <= 1 with probability pi/4.
    The points after n are the n first ones of one seeded stream, so a longer run extends a shorter one, and
    `chunk` (points drawn at a time) changes the memory used but not the result.

    Result: `pi_estimates` (float64) and `counts` (int64, the number of points behind each estimate).
    Raises ValueError if `samples` or `chunk` is below 1, TypeError if one isn't an integer.
    """
    samples, chunk = operator.index(samples), operator.index(chunk)
    if samples < 1 or chunk < 1:
        raise ValueError(f"samples and chunk must be at least 1, not {samples!r} and {chunk!r}")

    generator = np.random.default_rng(seed)
    # The number of digits, not a floating-point logarithm: log10 rounds up to the next power near 1e15.
    counts = np.array([10**power for power in range(len(str(samples)))], dtype=np.int64)
    points = np.empty((min(chunk, samples), 2))
    estimates = np.empty(len(counts))
    drawn = inside = 0
    for position, count in enumerate(counts.tolist()):
        while drawn < count:
            batch = points[: min(len(points), count - drawn)]
            generator.random(out=batch)
            inside += int(np.count_nonzero(np.einsum("ij,ij->i", batch, batch) <= 1.0))
            drawn += len(batch)
        estimates[position] = 4.0 * inside / drawn
    return True, {"pi_estimates": estimates, "counts": counts}
