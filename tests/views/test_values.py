"""Stored values, shown without importing anybody's classes."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.codec import encode, encode_mapping, no_blobs
from perqueue.views.values import mapping_items, shown, shown_mapping


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        ("it's", '"it\'s"'),
        (0.1, "0.1"),
        (2.0, "2.0"),
        (1 / 3, "0.3333333333"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (1 + 2j, "(1.0+2j)"),
        ((1,), "(1,)"),
        ((1, 2), "(1, 2)"),
        ({2, 1}, "{1, 2}"),
        (set(), "set()"),
        (frozenset({1}), "frozenset({1})"),
        ({1: "a"}, "{1: 'a'}"),
        ({"a": [1, {"b": None}]}, "{'a': [1, {'b': None}]}"),
        (list(range(9)), "[0, 1, 2, ..., 6, 7, 8]"),
        (Path("/x/y"), "/x/y"),
        (range(3), "range(0, 3)"),
        (range(0, 9, 2), "range(0, 9, 2)"),
        (Fraction(1, 3), "1/3"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (b"abc", "bytes of length 3"),
        (np.float64(0.5), "0.5"),
        (np.array([1.5, 2.0]), "array([1.5, 2.0])"),
        (np.arange(8), "array([0, 1, 2, ..., 5, 6, 7])"),
        (np.array([True]), "array([True])"),
        (np.array(3), "array(3)"),
        (np.arange(3, dtype=">i4"), "array([0, 1, 2])"),
        (np.zeros((2, 3)), "<array 2x3 f8>"),
        (np.array(["ab"]), "<array 1 U2>"),
    ],
)
def test_values_look_as_in_python(value: Any, text: str) -> None:
    """Each kind of stored value has a short form that a Python user knows."""
    assert shown(json.loads(encode(value, no_blobs))) == text


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()


@given(
    st.dictionaries(
        st.text(),
        st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.integers(), inner)),
    )
)
def test_whatever_can_be_stored_can_be_shown(values: dict[str, Any]) -> None:
    """Showing never fails on what was stored."""
    text, errors = encode_mapping(values, no_blobs)
    assert not errors
    assert shown_mapping(mapping_items(text)).startswith("{")


@pytest.mark.parametrize(
    "tree", [{"$array": {}}, {"$array": None}, {"$tuple": 3}, {"$fraction": [1]}, {"$later": 1}, {"$enum": {}}]
)
def test_what_is_damaged_or_newer_is_named(tree: Any) -> None:
    """A marked value that can't be read is shown as its kind."""
    assert shown(tree) == f"<{next(iter(tree))[1:]}>"


def test_depth_is_bounded() -> None:
    """Values nested deep are shown in part."""
    tree: Any = 1
    for _ in range(100):
        tree = [tree]
    assert "..." in shown(tree)


@pytest.mark.parametrize("text", ["[1]", "3", "{oops"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    """Arguments and results are mappings; anything else raises ValueError."""
    with pytest.raises(ValueError, match=r"mapping|Expecting|property"):
        mapping_items(text)
