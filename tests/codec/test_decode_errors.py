"""Texts that are damaged, or of something else."""

from __future__ import annotations

import pytest

from perqueue.codec import DecodeError, decode, decode_mapping, encode, no_blobs


@pytest.mark.parametrize("text", ["", "{", '{"a":', "nul", '{"$tuple":[1}'])
def test_torn_text(text: str) -> None:
    """A text that is no JSON is a DecodeError which says so."""
    with pytest.raises(DecodeError, match="can't rebuild the text: it is not JSON"):
        decode(text, no_blobs)


def test_endless_nesting() -> None:
    """A text nested without end is a DecodeError, with or without markers."""
    for opening, closing in (("[", "]"), ('{"$tuple":[', "]}")):
        with pytest.raises(DecodeError, match="nested too deep"):
            decode(opening * 100_000 + closing * 100_000, no_blobs)


@pytest.mark.parametrize(
    "text",
    [
        '{"$tuple":1}',
        '{"$set":[[1]]}',
        '{"$dict":[[1]]}',
        '{"$dict":[[[1],2]]}',
        '{"$bytes":"a"}',
        '{"$int":"zz"}',
        '{"$str":[1]}',
        '{"$datetime":"yesterday"}',
        '{"$array":{"dtype":"nonsense","shape":[1],"data":""}}',
        '{"$array":{"dtype":"<f8","shape":[1],"data":"AAAA"}}',
        '{"$array":{"dtype":"|O","shape":[1],"data":"AAAAAAAAAAA="}}',
        '{"$enum":{"class":"enum:Flag"}}',
        '{"$enum":5}',
        '{"$object":{}}',
    ],
)
def test_altered_markers(text: str) -> None:
    """A marker with a body that isn't its own is a DecodeError, whatever is wrong with it."""
    with pytest.raises(DecodeError):
        decode(text, no_blobs)


def test_mapping_of_something_else() -> None:
    """decode_mapping wants a dict and says what it got."""
    with pytest.raises(DecodeError, match="it holds a list; use decode"):
        decode_mapping(encode([1], no_blobs), no_blobs)
