"""Merging encoded results: a table, and laws."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.core.merge import arguments, encode, merge, select
from perqueue.core.tasklike import Ports
from perqueue.core.view import Json

_Data = Mapping[str, Json]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param([], {}, id="nobody"),
        pytest.param([(3, {})], {}, id="nothing"),
        pytest.param([(3, {"x": 1})], {"x": 1}, id="one parent"),
        pytest.param([(3, {"x": 1}), (5, {"y": 2})], {"x": 1, "y": 2}, id="different keys"),
        pytest.param([(3, {"x": [1, {"a": None}]}), (5, {"x": [1, {"a": None}]})], {"x": [1, {"a": None}]}, id="equal"),
        pytest.param([(3, {"x": 1}), (5, {"x": 2})], {"x": {"$dict": [[3, 1], [5, 2]]}}, id="differing"),
        pytest.param([(3, {"x": 1}), (4, {}), (5, {"x": 1})], {"x": 1}, id="who says nothing doesn't count"),
        pytest.param(
            [(3, {"x": 1}), (5, {"x": 1}), (9, {"x": 2})],
            {"x": {"$dict": [[3, 1], [5, 1], [9, 2]]}},
            id="one differs from the rest",
        ),
        pytest.param([(3, {"x": None}), (5, {"x": 0})], {"x": {"$dict": [[3, None], [5, 0]]}}, id="None is a value"),
        pytest.param(
            [(3, {"x": {"$blob": "ab"}}), (5, {"x": {"$blob": "ab"}})], {"x": {"$blob": "ab"}}, id="equal digests"
        ),
    ],
)
def test_merge(given_: list[tuple[int, _Data]], expected: _Data) -> None:
    """A key of one parent, or equal in all that have it, gives the value; else a dict by entry key."""
    assert merge(given_) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, {}),
        ({}, {}),
        ({"x": 1}, {"x": 1}),
        ({"$dict": [["x", 1], [2, 3], [{"$tuple": []}, 4]]}, {"x": 1}),
        ({"$dict": [["$x", 1]]}, {"$x": 1}),
        ({"$dict": 1, "x": 2}, {"$dict": 1, "x": 2}),
        ({"$dict": 1}, {"$dict": 1}),
        ({"$dict": [["x", 1]], "y": 2}, {"$dict": [["x", 1]], "y": 2}),
    ],
)
def test_arguments(data: _Data | None, expected: _Data) -> None:
    """Only string keys become arguments, however the codec wrote the dict."""
    assert arguments(data) == expected


@pytest.mark.parametrize(
    ("data", "ports", "expected"),
    [
        ({"x": 1, "y": 2}, None, {"x": 1, "y": 2}),
        ({"x": 1, "y": 2}, (), {}),
        ({"x": 1, "y": 2}, (("y", "z"),), {"z": 2}),
        ({"x": 1, "y": 2}, (("x", "y"), ("y", "x")), {"y": 1, "x": 2}),
        ({"x": 1, "y": 2}, (("x", "a"), ("x", "b")), {"a": 1, "b": 1}),
        ({"x": 1}, (("missing", "z"),), {}),
        ({"x": None}, (("x", "z"),), {"z": None}),
        ({"y": 2, "x": 1}, ((None, "z"),), {"z": 2}),
        ({}, ((None, "z"),), {}),
        (None, ((None, "z"), ("x", "y")), {}),
    ],
)
def test_select(data: _Data | None, ports: Ports | None, expected: _Data) -> None:
    """Ports pass the values they name, under the new names; None names the first value."""
    assert select(data, ports) == expected


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "{}"),
        ({"x": 1, "y": [None]}, '{"x":1,"y":[null]}'),
        ({"$x": 1, "y": 2}, '{"$dict":[["$x",1],["y",2]]}'),
    ],
)
def test_encoded(values: _Data, text: str) -> None:
    """Merged values are written as the codec writes a dict: as pairs where a name could be taken for a mark."""
    assert encode(values) == text


_VALUES = st.recursive(
    st.none() | st.integers(-2, 2) | st.text("ab", max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=3,
)
_RESULTS = st.dictionaries(st.text("xy$", min_size=1, max_size=2), _VALUES, max_size=3)


@given(_RESULTS)
def test_encode(values: dict[str, Json]) -> None:
    """Law: encoded arguments are read as the same arguments, also where a name looks like one of the codec's."""
    assert arguments(json.loads(encode(values))) == values


@given(st.lists(_RESULTS, max_size=5))
def test_nothing_is_lost_or_made_up(results: list[dict[str, Json]]) -> None:
    """Law: a merged name is one that somebody gave, and stands for each value that somebody gave."""
    merged = merge(enumerate(results, 1))
    assert merged.keys() == {name for result in results for name in result}
    for name, value in merged.items():
        pairs = [[key, result[name]] for key, result in enumerate(results, 1) if name in result]
        same = all(pair[1] == pairs[0][1] for pair in pairs)
        assert value == (pairs[0][1] if same else {"$dict": pairs})
