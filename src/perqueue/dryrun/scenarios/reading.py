"""Scenarios from TOML. Whatever is wrong is told with the file, the key, and what is allowed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from attrs import evolve

from perqueue.core.retry import REASONS

from ..errors import ScenarioError, ScenarioUnreadableError, UnknownKeyError
from .scenario import NEVER, Machine, Mishap, Rules, Scenario
from .spans import Amount, Counts, Shape, Span, parse_seconds

T = TypeVar("T")

_MOST: Final = 1_000_000_000
_MOST_SEED: Final = (1 << 63) - 1
"""The largest number that every reader of TOML can hold."""

_TIMES: Final = (
    f"a time such as '90s', '10m', '1.5h' or '2d', or a fraction of the walltime such as 0.5, which is at most {_MOST}"
)
_SPANS: Final = (
    f"{_TIMES}; or one of {{uniform = [from, to]}}, {{normal = [mean, deviation]}}, "
    "{lognormal = [median, sigma]}, {exponential = mean}"
)
_WIDTHS: Final = f"a whole number from 0 to {_MOST}, a list of them, or {{uniform = [from, to]}}"
_ITERATIONS: Final = f"a whole number from 1 to {_MOST}, a list of them, {{uniform = [from, to]}}, or 'never'"
_BRANCHES: Final = "the key of a branch (a string or a whole number), 'pq_skip_route', or a list of these"
_MISHAPS: Final = "a rate from 0 to 1, or a table with 'rate' or 'nth'"


def read_scenario(path: str) -> Scenario:
    """The scenario in a TOML file.

    Raises:
        ScenarioUnreadableError: The file is not there, or not TOML.
        ScenarioError: Something in it can't be used.
    """
    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ScenarioUnreadableError(path, error) from error
    return scenario_from(tables, path)


def scenario_for(path: str | None, seed: str | int | None = None) -> Scenario:
    """The scenario in a file, or one that says nothing; with another seed, if one is given.

    Raises:
        ScenarioUnreadableError: The file is not there, or not TOML.
        ScenarioError: Something in it can't be used, or the seed is no number.
    """
    found = read_scenario(path) if path else Scenario()
    if seed is None or seed == "":
        return found
    # So many digits at most: Python reads no number of thousands of them.
    number = int(seed) if str(seed).isdecimal() and len(str(seed)) <= len(str(_MOST_SEED)) else None
    return evolve(found, seed=_seed(number, seed, "the seed that is asked for"))


def scenario_from(tables: Mapping[str, Any], source: str = "the scenario") -> Scenario:
    """The scenario in what a TOML file says.

    Raises:
        ScenarioError: Something in it can't be used.
    """
    return _Reader(source).scenario(tables)


class _Reader:
    """Reads one file, whose name is in every message."""

    def __init__(self, source: str) -> None:
        self._source = source

    def scenario(self, tables: Mapping[str, Any]) -> Scenario:
        self._only(tables, "", ("seed", *TABLES))
        seed = tables.get("seed", 0)
        return Scenario(
            durations=self._rules(tables, "durations", self._span),
            widths=self._rules(tables, "widths", self._widths),
            iterations=self._rules(tables, "iterations", self._iterations),
            branches=self._rules(tables, "branches", self._branches),
            failures=self._rules(tables, "failures", self._failure),
            discards=self._rules(tables, "discards", self._discard),
            partitions=dict(self._rules(tables, "partitions", self._machine).by_pattern),
            seed=_seed(seed, seed, self._source),
            source=self._source,
        )

    def _rules(self, tables: Mapping[str, Any], table: str, read: Callable[[str, Any], T]) -> Rules[T]:
        found = tables.get(table, {})
        if not isinstance(found, Mapping):
            raise ScenarioError(self._source, table, f"{found!r} is not a table: write [{table}] on a line of its own")
        return Rules({name: read(f"{table}.{name}", value) for name, value in found.items()})

    def _span(self, key: str, value: Any) -> Span:
        if not isinstance(value, Mapping):
            return Span(Shape.fixed, (self._amount(key, value, _SPANS),))
        shapes = [str(shape) for shape in Shape if shape is not Shape.fixed]
        self._only(value, key, shapes)
        if len(value) != 1:
            raise ScenarioError(self._source, key, f"{dict(value)!r} is not {_SPANS}")
        ((shape, given),) = value.items()
        key = f"{key}.{shape}"
        if shape == Shape.exponential:
            return Span(Shape.exponential, (self._amount(key, given, _TIMES),))
        if not isinstance(given, list) or len(given) != 2:
            raise ScenarioError(self._source, key, f"{given!r} is not a list of two")
        first = self._amount(key, given[0], _TIMES)
        if shape == Shape.lognormal:
            if not _is_number(given[1]):
                raise ScenarioError(
                    self._source, key, f"its second element {given[1]!r} is not a number from 0 to {_MOST}"
                )
            return Span(Shape.lognormal, (first,), float(given[1]))
        return Span(Shape(shape), (first, self._amount(key, given[1], _TIMES)))

    def _amount(self, key: str, value: Any, allowed: str) -> Amount:
        seconds = parse_seconds(value) if isinstance(value, str) else None
        if seconds is not None:
            return Amount(seconds)
        if _is_number(value):
            return Amount(float(value), relative=True)
        raise ScenarioError(self._source, key, f"{value!r} is not {allowed}")

    def _widths(self, key: str, value: Any) -> Counts:
        return self._counts(key, value, 0, _WIDTHS)

    def _iterations(self, key: str, value: Any) -> Counts:
        return Counts((NEVER,)) if value == "never" else self._counts(key, value, 1, _ITERATIONS)

    def _counts(self, key: str, value: Any, lowest: int, allowed: str) -> Counts:
        if isinstance(value, Mapping):
            self._only(value, key, ("uniform",))
            ends = value.get("uniform")
            if isinstance(ends, list) and len(ends) == 2 and all(_is_whole(end, lowest) for end in ends):
                return Counts(between=(min(ends), max(ends)))
        elif isinstance(value, list):
            if value and all(_is_whole(one, lowest) for one in value):
                return Counts(tuple(value))
        elif _is_whole(value, lowest):
            return Counts((value,))
        raise ScenarioError(self._source, key, f"{value!r} is not {allowed}")

    def _branches(self, key: str, value: Any) -> tuple[str | int, ...]:
        found = value if isinstance(value, list) else [value]
        if found and all(isinstance(one, str | int) and not isinstance(one, bool) for one in found):
            return tuple(found)
        raise ScenarioError(self._source, key, f"{value!r} is not {_BRANCHES}")

    def _failure(self, key: str, value: Any) -> Mishap:
        return self._mishap(key, value, ("rate", "nth", "reason", "times"))

    def _discard(self, key: str, value: Any) -> Mishap:
        return self._mishap(key, value, ("rate", "nth"))

    def _mishap(self, key: str, value: Any, allowed: tuple[str, ...]) -> Mishap:
        if not isinstance(value, Mapping):
            return Mishap(self._rate(key, value))
        self._only(value, key, allowed)
        if "rate" not in value and "nth" not in value:
            raise ScenarioError(self._source, key, f"{dict(value)!r} is not {_MISHAPS}")
        nth = value.get("nth", [])
        nth = nth if isinstance(nth, list) else [nth]
        if not all(_is_whole(one, 1) for one in nth):
            raise ScenarioError(self._source, f"{key}.nth", f"{nth!r} is not a list of whole numbers from 1 to {_MOST}")
        reason = value.get("reason", "raised")
        if reason not in REASONS:
            raise ScenarioError(self._source, f"{key}.reason", f"{reason!r} is none; choose from: {', '.join(REASONS)}")
        times = value.get("times")
        if times is not None and not _is_whole(times, 1):
            raise ScenarioError(self._source, f"{key}.times", f"{times!r} is not a whole number from 1 to {_MOST}")
        return Mishap(self._rate(f"{key}.rate", value.get("rate", 0)), frozenset(nth), reason, times)

    def _rate(self, key: str, value: Any) -> float:
        if not _is_number(value) or value > 1:
            raise ScenarioError(self._source, key, f"{value!r} is not {_MISHAPS}")
        return float(value)

    def _machine(self, key: str, value: Any) -> Machine:
        names = ("nodes", "cores", "gpus", "max_jobs")
        if not isinstance(value, Mapping):
            raise ScenarioError(self._source, key, f"{value!r} is not a table with {', '.join(names)}")
        self._only(value, key, names)
        for name, number in value.items():
            lowest = 0 if name == "gpus" else 1
            if not _is_whole(number, lowest):
                raise ScenarioError(
                    self._source, f"{key}.{name}", f"{number!r} is not a whole number from {lowest} to {_MOST}"
                )
        return Machine(**value)

    def _only(self, table: Mapping[str, Any], key: str, allowed: tuple[str, ...] | list[str]) -> None:
        for name in table:
            if name not in allowed:
                raise UnknownKeyError(self._source, f"{key}.{name}" if key else name, allowed)


TABLES: Final = ("durations", "widths", "iterations", "branches", "failures", "discards", "partitions")


def _seed(value: object, given: object, source: str) -> int:
    """The seed, which is read from what is given, by the same rule wherever it is given."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_SEED:
        return value
    raise ScenarioError(source, "seed", f"{given!r} is not a whole number from 0 to {_MOST_SEED}")


def _is_whole(value: object, lowest: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= _MOST


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
