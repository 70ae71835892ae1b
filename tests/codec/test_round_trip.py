"""Every type that can be stored comes back as it was: a table, then laws over values made of them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import json
import math
import pathlib
import uuid
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.codec import BlobFolder, LooseDict, decode, decode_mapping, encode, encode_mapping, no_blobs
from perqueue.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Colour(enum.Enum):
    RED = "r"
    NONE = None


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    RELAX = "relax"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Bits(enum.IntFlag):
    ONE = 1
    FOUR = 4


class Point(NamedTuple):
    x: float
    y: object


@attrs.frozen
class Frozen:
    a: Any
    _b: Any = 2


@dataclass(frozen=True, slots=True)
class Slotted:
    a: Any
    b: Any = None


def same(a: Any, b: Any) -> bool:
    """Equal, of the same types all the way down, and with nan equal to nan, -0.0 unequal to 0.0."""
    if type(a) is dict and type(b) is LooseDict:
        b = dict(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, (float, np.floating)):
        return bool(a != a and b != b) or (bool(a == b) and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, np.ndarray):
        if a.dtype.char == "g":  # has padding
            return bool(a.dtype == b.dtype and np.array_equal(a, b))
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, np.generic):
        return bool(a.dtype == b.dtype and (a == b or a != a))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return all(map(same, a, b)) and len(a) == len(b) and all(map(same, a.values(), b.values()))
    if attrs.has(type(a)):
        return same(attrs.astuple(a, recurse=False), attrs.astuple(b, recurse=False))
    if isinstance(a, Slotted):
        return same((a.a, a.b), (b.a, b.b))
    if isinstance(a, (set, frozenset)):
        return len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    return bool(a == b)


NOON = dt.datetime(2024, 6, 1, 12, 30, 1, 5)
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
RECORD = np.dtype([("a", "i4"), ("b", "f8", (2,)), ("c", [("d", "U3")])])
PADDED = np.dtype({"names": ["a"], "formats": ["i4"], "offsets": [4], "itemsize": 16})

STDLIB: list[Any] = [
    None, True, False, 0, -1, 10**700, -(10**5000), 0.1, math.nan, math.inf, -math.inf, -0.0,
    "", "ü", "😀", "\0", "\ud800", "\udc00", "\ud83d\ude00", "a\ud83d\ude00\ud83d\ude00", "$tuple",
    [], {}, (), set(), frozenset(), [[]], ((),), {"a": {}}, {"$tuple": [1]}, {"$": 1, "b": 2}, {"\ud83d\ude00": 1},
    {1: "a", None: 2, (1, "x"): 3, True + 1: 4, "b": 5, 1.5: 6, Level.LOW + 9: 7}, {Mode.RELAX: 1}, {"": 1},
    {1, "a", None, (2, 3)}, frozenset({frozenset({1})}), b"", b"\0\xff", bytearray(b"x"), 1 + 2j,
    complex(math.nan, -0.0),
    range(3), range(5, 1, -2), pathlib.Path("/a/b"), pathlib.Path("ü \udcff"), pathlib.PurePosixPath("x"),
    pathlib.PureWindowsPath("C:\\x"), NOON, NOON.replace(fold=1), NOON.replace(tzinfo=dt.UTC),
    NOON.replace(tzinfo=PARIS), dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=PARIS), dt.datetime.min,
    NOON.replace(tzinfo=dt.timezone(dt.timedelta(hours=-3, seconds=7), "mine")), NOON.date(), NOON.time(),
    NOON.time().replace(tzinfo=PARIS, fold=1), dt.timedelta(days=-1, microseconds=3), dt.UTC, PARIS,
    dt.timezone(dt.timedelta(hours=5)), uuid.UUID(int=7), decimal.Decimal("-0.00"), decimal.Decimal("1e500"),
    fractions.Fraction(-1, 3), Colour.RED, Colour.NONE, Level.LOW, Mode.RELAX, Rights.READ, Rights.READ | Rights.WRITE,
    Rights(0), Bits.ONE | Bits.FOUR, Bits(2), Point(1.0, (2,)), Frozen({"k": (1,)}, b={3}), Slotted([Point(1.0, None)]),
]  # fmt: skip
SCALARS: list[Any] = [
    np.bool_(True), np.int8(-1), np.int16(2), np.int32(3), np.int64(4), np.longlong(5), np.uint8(6),
    np.uint64(2**64 - 1),
    np.ulonglong(7), np.float16(1.1), np.float32(0.1), np.float64(0.1), np.float64("nan"), np.longdouble("0.1"),
    np.longdouble("nan"), np.longdouble("-inf"), np.complex64(1 + 2j), np.complex128(1 - 2j), np.clongdouble(1 + 2j),
    np.str_("ü"), np.str_("a\0"), np.bytes_(b"a\0"), np.datetime64("2024-01-01T00:00:00.5"), np.datetime64("NaT"),
    np.array(7).view("M8[25s]")[()], np.timedelta64(3, "D"), np.timedelta64("NaT", "s"), np.void(b"abc"),
    np.zeros((), RECORD)[()],
]  # fmt: skip
ARRAYS: list[Any] = [
    np.array(3.0), np.zeros((0, 3)), np.arange(6).reshape(2, 3), np.arange(3, dtype=">i2"), np.array([True, False]),
    np.array(["x", "yy"]), np.array([b"x\0", b"y"]), np.array(["2024-01-01", "NaT"], "M8[D]"), np.zeros(3, "V3"),
    np.array([np.nan, -0.0]), np.array([1 + 2j]), np.zeros(2, RECORD), np.zeros(3, PADDED), np.zeros(2, "f2"),
    np.zeros(3, np.dtype([(("title", "name"), "f8")])), np.arange(5000.0), np.zeros(999, RECORD), np.zeros(999, PADDED),
    np.zeros(2000, np.dtype("f8", metadata={"unit": "eV"})), np.zeros(600, [("ü", "f8")]), np.arange(600).astype("g"),
    np.arange(5000.0)[::-1], np.zeros((70, 0, 70)),
    np.zeros(1, [(f"field_number_{number}", "f8") for number in range(3000)]),
]  # fmt: skip


@pytest.mark.parametrize("value", [*STDLIB, *SCALARS, *ARRAYS], ids=lambda value: type(value).__name__)
def test_value_comes_back_as_it_was(value: object, tmp_path: Path) -> None:
    """Each value returns equal and of its type, alone and nested, through blobs and inline; its text is canonical."""
    for blobs in (BlobFolder(tmp_path / "blobs"), no_blobs):
        for nested in (value, [value], {"k": (value,)}, {1: value}, Frozen(value)):
            text = encode(nested, blobs)
            back = decode(text, blobs)
            assert same(nested, back), text
            assert encode(back, blobs) == text
            assert text.isascii()


def test_fortran_order_becomes_row_order() -> None:
    """An array's order in memory is not kept, so that equal arrays have equal texts."""
    array = np.arange(6.0).reshape(2, 3)
    assert encode(np.asfortranarray(array), no_blobs) == encode(array, no_blobs)


def test_arrays_come_back_writable(tmp_path: Path) -> None:
    """A task may change the arrays it was given, small or large."""
    blobs = BlobFolder(tmp_path)
    for size in (3, 3000):
        back = decode(encode(np.zeros(size), blobs), blobs)
        back += 1
        assert back.tolist() == [1.0] * size


def test_padding_has_no_say() -> None:
    """What lies between the fields of a record, or behind an extended float, doesn't change the text."""
    noisy = np.frombuffer(bytearray(b"\x07" * 32), PADDED)
    clean = np.zeros(2, PADDED)
    clean["a"] = noisy["a"]
    assert encode(noisy, no_blobs) == encode(clean, no_blobs)
    assert encode(noisy[0], no_blobs) == encode(clean[0], no_blobs)


def test_text_is_strict_json() -> None:
    """No NaN or Infinity literals get into the text: any JSON reader takes it."""

    def refuse(name: str) -> object:
        raise AssertionError(name)

    json.loads(encode({"a": [math.nan, math.inf], "b": np.float32("nan")}, no_blobs), parse_constant=refuse)


def test_sets_are_written_in_one_order() -> None:
    """Equal sets have equal texts, however they were filled."""
    assert encode(set("abcdef"), no_blobs) == encode(set("fedcba"), no_blobs)


def test_marker_text_outside_of_markers_is_data() -> None:
    """A string that looks like a marker is a string."""
    value = {"text": '{"$tuple":[1]}', "other": ("$set",)}
    assert decode(encode(value, no_blobs), no_blobs) == value


def test_json_shapes() -> None:
    """With shapes="json" tuples and sets are lists and keys are strings, except inside of objects."""
    value = {1: (1, {2}, {(3,): "x"}), "o": Frozen((1,)), "p": Point(1.0, (2,)), "a": np.int64(1)}
    back = decode(encode(value, no_blobs), no_blobs, shapes="json")
    assert back == {"1": [1, [2], {"(3,)": "x"}], "o": Frozen((1,)), "p": Point(1.0, (2,)), "a": 1}
    assert type(back) is dict
    assert type(back["o"].a) is tuple
    assert decode_mapping(encode({1: 2}, no_blobs), no_blobs, shapes="json") == {"1": 2}


def test_unknown_shapes_are_refused() -> None:
    """A misspelt option is named together with what it may be."""
    with pytest.raises(UsageError, match=r"shapes='loose' is not known; write shapes='typed' or shapes='json'"):
        decode("1", no_blobs, shapes="loose")  # type: ignore[arg-type]


def test_mapping_keeps_order_and_types() -> None:
    """A result's keys come back in their order, whatever they are."""
    for values in ({"b": 1, "a": (2,)}, {"b": 1, 3: 2, "a": -0.0}, {"$x": 1, "a": 2}, {"b": math.inf}, {}):
        text, errors = encode_mapping(values, no_blobs)
        back = decode_mapping(text, no_blobs)
        assert errors == []
        assert list(back.items()) == list(values.items())
        assert text == encode(values, no_blobs)


hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary()
    | st.complex_numbers() | st.sampled_from([Colour.RED, Level.LOW, Bits.ONE | Bits.FOUR]) | st.uuids()
    | st.decimals(allow_nan=False) | st.fractions() | st.datetimes() | st.timedeltas() | st.dates() | st.times(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3) | st.builds(Frozen, inner, inner),
    max_leaves=5,
)  # fmt: skip
surrogates = st.text(st.sampled_from(["\ud83d", "\ude00", "a", "😀"]))
values = st.recursive(
    hashable | surrogates,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner)
    | st.dictionaries(hashable | surrogates, inner, max_size=3)
    | st.dictionaries(st.text() | st.sampled_from(["$tuple", "$"]), inner, max_size=3) | st.sets(hashable, max_size=3)
    | st.builds(Frozen, inner, inner) | st.builds(Slotted, inner) | st.builds(Point, st.floats(), inner),
    max_leaves=12,
)  # fmt: skip


@given(values)
def test_round_trip_law(value: object) -> None:
    """decode(encode(v)) is v again, with the types of v all the way down; and encode gives the same text for both."""
    text = encode(value, no_blobs)
    back = decode(text, no_blobs)
    assert same(value, back)
    assert encode(back, no_blobs) == text


@given(st.dictionaries(st.text() | st.integers(), values, max_size=4))
def test_mapping_law(value: dict[Any, object]) -> None:
    """A mapping of storable values has no errors, and the text that it has as a value."""
    assert encode_mapping(value, no_blobs) == (encode(value, no_blobs), [])
