"""How long tasks take, and how many there are of something: fixed, or drawn from a distribution."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from statistics import NormalDist
from typing import Final, assert_never

from attrs import frozen

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd])")
_NORMAL: Final = NormalDist()
PRECISION: Final = 9
"""Decimals of a second that tell two moments apart, so that equal sums in another order are one moment."""


class Shape(StrEnum):
    """The distributions, with what their numbers are."""

    fixed = "fixed"
    """Always the first number."""
    uniform = "uniform"
    """Between two numbers."""
    normal = "normal"
    """Mean and standard deviation; never below 0."""
    lognormal = "lognormal"
    """Median, and the standard deviation of the logarithm."""
    exponential = "exponential"
    """Mean."""


@frozen
class Amount:
    """A number of seconds, or a fraction of the walltime."""

    number: float
    relative: bool = False

    def seconds(self, walltime: float) -> float:
        """In seconds, for a task with this walltime."""
        return self.number * walltime if self.relative else self.number


@frozen
class Span:
    """How long something takes: a shape and its amounts; ``sigma`` is that of a lognormal one."""

    shape: Shape
    amounts: tuple[Amount, ...]
    sigma: float = 0.0

    def seconds(self, walltime: float, drawn: float) -> float:
        """The time in seconds for a task with this walltime; ``drawn`` is evenly distributed between 0 and 1."""
        return spread(self.shape, [amount.seconds(walltime) for amount in self.amounts], self.sigma, drawn)


@frozen
class Counts:
    """How many: a list that is taken one by one, and over again; or a range, both ends included."""

    values: tuple[int, ...] = ()
    between: tuple[int, int] | None = None

    def count(self, position: int, drawn: float) -> int:
        """The number for one group; ``drawn`` is evenly distributed between 0 and 1."""
        if self.between is None:
            return self.values[position % len(self.values)]
        low, high = self.between
        return low + int(drawn * (high - low + 1))


def spread(shape: Shape, numbers: list[float], sigma: float, drawn: float) -> float:
    """The number that belongs to an evenly distributed one, never below 0; infinite if no float is as large."""
    match shape:
        case Shape.fixed:
            found = numbers[0]
        case Shape.uniform:
            found = numbers[0] + drawn * (numbers[1] - numbers[0])
        case Shape.normal:
            found = numbers[0] + numbers[1] * _NORMAL.inv_cdf(drawn)
        case Shape.lognormal:
            found = numbers[0] * _power(sigma * _NORMAL.inv_cdf(drawn)) if numbers[0] else 0.0
        case Shape.exponential:
            found = -numbers[0] * math.log1p(-drawn)
        case _:
            assert_never(shape)
    return max(0.0, found)


def _power(exponent: float) -> float:
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def parse_seconds(text: str) -> float | None:
    """Seconds of a time such as ``90s``, ``10m``, ``1.5h`` or ``2d``; None if it is none."""
    found = _TIME.fullmatch(text)
    return None if found is None else float(found[1]) * _SECONDS[found[2]]
