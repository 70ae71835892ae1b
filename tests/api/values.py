"""One value of every kind that can be stored, and what makes two of them the same.

The file stands alone: tests copy it next to task scripts, where tasks make the values and look at what arrives.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import attrs
import numpy as np


class Colour(enum.Enum):
    RED = "r"


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    RELAX = "relax"


class Pair(NamedTuple):
    first: int
    second: tuple[int, ...]


@dataclasses.dataclass
class Point:
    x: float
    where: pathlib.Path


@attrs.frozen
class Frozen:
    a: set[int]


def _atoms() -> Any:
    from ase import Atoms

    return Atoms("OH2", positions=[(0, 0, 0.1), (0, 0.7, -0.5), (0, -0.7, -0.5)], cell=[9.0] * 3, pbc=True)


VALUES: Final[dict[str, Callable[[], Any]]] = {
    "none": lambda: None,
    "bool": lambda: True,
    "int": lambda: -(10**30),
    "float": lambda: 0.1,
    "infinity": lambda: float("-inf"),
    "str": lambda: "ü 😀 $ \n",
    "list": lambda: [1, [2.0, None]],
    "dict": lambda: {"a": {"b": (1,)}, "$tuple": []},
    "tuple": lambda: (1, ("x", [2])),
    "set": lambda: {1, "a", (2, 3)},
    "frozenset": lambda: frozenset({frozenset({1}), frozenset()}),
    "bytes": lambda: b"\0\xff",
    "bytearray": lambda: bytearray(b"xy"),
    "complex": lambda: 1.5 - 2j,
    "range": lambda: range(5, 1, -2),
    "path": lambda: pathlib.Path("/a/ü"),
    "windows path": lambda: pathlib.PureWindowsPath("C:\\x"),
    "datetime": lambda: dt.datetime(2024, 6, 1, 12, 30, 1, 5, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    "date": lambda: dt.date(2024, 6, 1),
    "time": lambda: dt.time(12, 30),
    "timedelta": lambda: dt.timedelta(days=-1, microseconds=3),
    "uuid": lambda: uuid.UUID(int=7),
    "decimal": lambda: decimal.Decimal("-0.00"),
    "fraction": lambda: fractions.Fraction(-1, 3),
    "enum": lambda: Colour.RED,
    "intenum": lambda: Level.LOW,
    "strenum": lambda: Mode.RELAX,
    "namedtuple": lambda: Pair(1, (2, 3)),
    "dataclass": lambda: Point(0.5, pathlib.Path("p")),
    "attrs": lambda: Frozen({1, 2}),
    "int64": lambda: np.int64(7),
    "float32": lambda: np.float32(0.1),
    "complex64": lambda: np.complex64(1 + 2j),
    "bool_": lambda: np.bool_(True),
    "datetime64": lambda: np.datetime64("2024-06-01T12:30", "m"),
    "small array": lambda: np.arange(6, dtype="i2").reshape(2, 3),
    "empty array": lambda: np.zeros((0, 3)),
    "large array": lambda: np.arange(20_000, dtype="f8").reshape(4, -1) / 7,
    "text array": lambda: np.array(["a", "ü"]),
    "records": lambda: np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    "atoms": _atoms,
}
"""Each kind by name, with what makes one."""


def same_value(found: Any, expected: Any) -> None:
    """Assert that two values are the same, with the same types all the way down."""
    assert type(found) is type(expected), f"{found!r} is no {type(expected).__name__}"
    match expected:
        case np.ndarray():
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
        case list() | tuple():
            assert len(found) == len(expected)
            for one, other in zip(found, expected, strict=True):
                same_value(one, other)
        case dict():
            assert list(found) == list(expected)
            for key, other in expected.items():
                same_value(found[key], other)
        case decimal.Decimal():
            assert str(found) == str(expected)
        case np.generic():
            assert found.dtype == expected.dtype
            assert found == expected
        case _:
            assert found == expected
