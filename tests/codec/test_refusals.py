"""What can't be stored is refused by name, place, reason and remedy."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import io
import pathlib
import sys
import threading
import time
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import numpy as np
import pytest

from perqueue.codec import (
    Codec,
    Unstorable,
    decode,
    decode_mapping,
    encode,
    encode_mapping,
    no_blobs,
    register,
    unregister,
)
from perqueue.codec.plain import MAX_DEPTH
from perqueue.core.errors import PerQueueError

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.define
class Holder:
    x: Any


@dataclass
class Both(dict[str, int]):
    y: int = 0


@attrs.define(auto_exc=True)
class Problem(Exception):
    code: int


class Pair(NamedTuple):
    a: int


class Wide(Pair):
    pass


class Sub(str):
    pass


class MyPath(pathlib.PurePosixPath):
    pass


class Nameless(dt.tzinfo):
    def utcoffset(self, moment: object) -> dt.timedelta:
        return dt.timedelta(0)

    dst = utcoffset

    def tzname(self, moment: object) -> str:
        return "?"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __hash__(self) -> int:
        return 1


def wide() -> object:
    value = Wide(1)
    value.extra = 1  # type: ignore[attr-defined]
    return value


def local() -> object:
    @dataclass
    class Inner:
        a: int = 1

    return Inner()


def local_enum() -> object:
    made: Any = enum.Enum("Made", "A")  # type: ignore[misc]
    return made.A


REFUSED: list[tuple[Callable[[], object], str, str]] = [
    (lambda: collections.OrderedDict(a=1), "collections.OrderedDict", "convert it with dict(...)"),
    (lambda: collections.defaultdict(int), "collections.defaultdict", "convert it with dict(...)"),
    (lambda: collections.Counter("a"), "collections.Counter", "convert it with dict(...)"),
    (lambda: Sub("x"), "Sub", "convert it with str(...)"),
    (lambda: time.gmtime(0), "time.struct_time", "convert it with tuple(...)"),
    (lambda: MyPath("x"), "MyPath", "convert it with pathlib.Path(...)"),
    (lambda: np.array([object()]), "numpy.ndarray", "convert it with array.tolist()"),
    (lambda: np.zeros(2, [("a", "O")]), "numpy.ndarray", "an array of Python objects"),
    (lambda: np.zeros(2, [("a", "O")])[0], "numpy.void", "convert it with .tolist()"),
    (lambda: np.ma.masked_array([1]), "MaskedArray", "convert it with .filled(value)"),
    (lambda: np.zeros(2).view(np.recarray), "recarray", "convert it with numpy.asarray(...)"),
    (lambda: Both(), "Both", "store its data in a class without such a base"),
    (lambda: Problem(1), "Problem", "can't be made bare"),
    (wide, "Wide", "attributes beyond its fields"),
    (local, "Inner", "define it at the top level of a module"),
    (local_enum, "Made", "define it at the top level of a module"),
    (lambda: print, "builtin_function_or_method", "code and not data"),
    (lambda: Holder, "type", "code and not data"),
    (lambda: iter([1]), "list_iterator", "convert it with list(...)"),
    (lambda: threading.Lock(), "lock", "register a codec for it"),
    (lambda: object(), "object", "convert it to JSON values"),
    (lambda: sys, "module", "which has no text form"),
    (lambda: dt.datetime(2024, 1, 1, tzinfo=Nameless()), "Nameless", "'forces[3].x.tzinfo'"),
    (lambda: {"my key": {Broken(): 1}}, "Broken", "'forces[3].x['my key']{key}'"),
    (lambda: {1: object()}, "object", "'forces[3].x[1]'"),
    (lambda: {object()}, "object", "'forces[3].x{…}'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "words"), REFUSED, ids=[kind for _, kind, _ in REFUSED])
def test_refusal_names_place_type_and_remedy(make: Callable[[], object], kind: str, words: str) -> None:
    """The message of each refusal holds the path to the value, its class, and what to do."""
    with pytest.raises(Unstorable) as caught:
        encode({"forces": [0, 1, 2, Holder(make())]}, no_blobs)
    error = caught.value
    assert isinstance(error, PerQueueError)
    assert error.path.startswith("forces[3].x")
    assert kind in error.type_name
    assert words.replace("'", "") in str(error).replace("\\'", "'").replace("'", "").replace('"', "")


def test_top_value_has_no_path() -> None:
    """A value that is itself the culprit is called 'the value'."""
    with pytest.raises(Unstorable, match=r"^the value can't be stored: its type is 'object', which has no text form; "):
        encode(object(), no_blobs)


def test_stringdtype_is_refused() -> None:
    """Arrays of numpy's variable-width strings are refused with the conversion to make."""
    string = getattr(np.dtypes, "StringDType", None)
    if string is None:
        pytest.skip("this numpy has no such strings")
    with pytest.raises(Unstorable, match=r"array\.astype\(str\)"):
        encode(np.array(["a"], string()), no_blobs)


def cycles() -> list[object]:
    a: list[Any] = []
    a += [a, a]
    b: dict[str, Any] = {}
    b["b"] = (b,)
    c = Holder(None)
    c.x = {1: c}
    return [a, b, c]


@pytest.mark.parametrize("value", cycles(), ids=["list", "dict", "object"])
def test_cycle_is_refused(value: object) -> None:
    """A value inside itself is an Unstorable, and no RecursionError."""
    with pytest.raises(Unstorable, match="it contains itself"):
        encode(value, no_blobs)


def deep(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}, lambda v: (v,), lambda v: {1: v}, Holder])
def test_depth_is_bounded(wrap: Callable[[Any], Any]) -> None:
    """The deepest value that is stored can be read back; one deeper, and a very deep one, are refused."""
    text = encode(deep(MAX_DEPTH, wrap), no_blobs)
    assert encode(decode(text, no_blobs), no_blobs) == text
    for levels in (MAX_DEPTH + 1, 5000):
        with pytest.raises(Unstorable, match="nested deeper than 128"):
            encode(deep(levels, wrap), no_blobs)


def test_little_stack_left_is_no_recursion_error() -> None:
    """A caller that is itself near the recursion limit gets an Unstorable."""

    def call(depth: int) -> str:
        return encode((deep(100, lambda v: (v,)),), no_blobs) if not depth else call(depth - 1)

    frame: types.FrameType | None = sys._getframe()
    used = 0
    while frame is not None:
        frame, used = frame.f_back, used + 1
    with pytest.raises(Unstorable, match="nested deeper"):
        call(sys.getrecursionlimit() - used - 60)


def test_shared_parts_are_no_cycle() -> None:
    """One object in two places is stored twice."""
    shared = (1,)
    assert decode(encode([shared, shared, {"a": shared}], no_blobs), no_blobs) == [(1,), (1,), {"a": (1,)}]


def test_mapping_keeps_what_can_be_stored() -> None:
    """Each key that can't be stored has its error; all the others are in the text."""
    text, errors = encode_mapping({"a": (1,), "f": [io.StringIO()], "b": 2, "g": object(), Broken(): 1, 7: 3}, no_blobs)
    assert decode_mapping(text, no_blobs) == {"a": (1,), "b": 2, 7: 3}
    assert [(error.path, error.type_name.rpartition(".")[2]) for error in errors] == [
        ("f[0]", "StringIO"),
        ("g", "object"),
        ("[<Broken>]", "Broken"),
    ]


def test_codec_that_raises_is_reported() -> None:
    """An exception from a codec, of any kind, becomes an Unstorable with its message."""

    def explode(value: object) -> object:
        raise ZeroDivisionError("no go")

    codec = Codec("boom", (f"{__name__}.Broken",), explode, explode)
    register(codec)
    try:
        with pytest.raises(Unstorable, match=r"'a' can't be stored.*ZeroDivisionError: no go"):
            encode({"a": Broken()}, no_blobs)
    finally:
        unregister(codec)
