"""Dicts with keys that are not strings, for scripts that look them up as strings."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perqueue.codec import LooseDict, decode, encode, no_blobs


def back(value: object) -> Any:
    return decode(encode(value, no_blobs), no_blobs)


def test_equals_the_dict_and_keeps_its_keys() -> None:
    """What comes back equals what went in, in the same order, with the keys as they were."""
    value = {3: "c", 1: "a", "x": None}
    loose = back(value)
    assert type(loose) is LooseDict
    assert loose == value
    assert list(loose.items()) == list(value.items())


def test_string_finds_the_key_that_it_spells() -> None:
    """d["1"], d.get("1") and "1" in d find the key 1; so do other types by their str()."""
    loose = back({1: "a", None: "n", (1, 2): "t", 1.5: "f"})
    for text, item in (("1", "a"), ("None", "n"), ("(1, 2)", "t"), ("1.5", "f")):
        assert loose[text] == loose.get(text) == item
        assert text in loose
    assert loose[1] == "a"


def test_missing_stays_missing() -> None:
    """A string that spells no key is no key, and no other type is guessed at."""
    loose = back({1: "a"})
    assert "2" not in loose
    assert 2 not in loose
    assert loose.get("2") is None
    assert loose.get("2", 5) == 5
    with pytest.raises(KeyError, match="'2'"):
        loose["2"]


def test_a_key_itself_goes_first() -> None:
    """Where the string is a key, that is what it means."""
    assert back({1: "number", "1": "text"})["1"] == "text"


def test_writing_is_seen() -> None:
    """Lookups follow the dict when keys come and go."""
    loose = back({1: "a"})
    assert "1" in loose
    del loose[1]
    assert "1" not in loose
    loose[2] = "b"
    assert loose["2"] == "b"
    loose["2"] = "c"
    assert loose["2"] == "c"
    assert loose[2] == "b"


def test_copies_look_up_in_the_same_way() -> None:
    """copy, deepcopy and pickle (multiprocessing in a task) give LooseDicts."""
    loose = back({1: [2]})
    for twin in (loose.copy(), copy.copy(loose), copy.deepcopy(loose), pickle.loads(pickle.dumps(loose))):
        assert type(twin) is LooseDict
        assert twin["1"] == [2]
    assert copy.deepcopy(loose)[1] is not loose[1]


def test_is_stored_as_the_dict_it_equals() -> None:
    """Encoding it again gives the text of the plain dict; the json module takes it too."""
    value = {1: {2: "x"}}
    assert encode(back(value), no_blobs) == encode(value, no_blobs)
    assert encode(LooseDict(a=1), no_blobs) == '{"a":1}'
    assert json.loads(json.dumps(back(value))) == {"1": {"2": "x"}}


def test_string_keys_give_a_plain_dict() -> None:
    """A dict with a key that looks like a marker takes the same way, and comes back plain."""
    assert type(back({"$tuple": 1, "a": 2})) is dict


@given(st.dictionaries(st.integers() | st.text(), st.integers()), st.text() | st.integers().map(str))
def test_lookups_agree(value: dict[Any, int], text: str) -> None:
    """[], get and `in` always tell the same story."""
    loose = LooseDict(value)
    spelt = [value[key] for key in ([text] if text in value else []) + [k for k in value if str(k) == text]]
    assert (text in loose) is bool(spelt)
    assert loose.get(text) == (spelt[0] if spelt else None)
