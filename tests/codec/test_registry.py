"""Types that others add."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perqueue.codec import Codec, CodecConflict, DecodeError, decode, encode, no_blobs, register, unregister


class Temperature:
    def __init__(self, kelvin: float, tags: tuple[str, ...] = ()) -> None:
        self.kelvin = kelvin
        self.tags = tags


class Hotter(Temperature):
    pass


def codec(tag: str = "temperature", names: tuple[str, ...] = (f"{Temperature.__module__}.Temperature",)) -> Codec:
    return Codec(tag, names, lambda value: (value.kelvin, value.tags), lambda parts: Temperature(*parts))


CODEC = codec()


@pytest.fixture
def registered() -> Iterator[None]:
    register(CODEC)
    yield
    unregister(CODEC)


@pytest.mark.usefixtures("registered")
def test_registered_type_round_trips() -> None:
    """A codec's value may be of any types that can be stored, which its decode gets back."""
    back = decode(encode([Temperature(3.5, ("a",))], no_blobs), no_blobs, shapes="json")[0]
    assert type(back) is Temperature
    assert (back.kelvin, back.tags) == (3.5, ("a",))


@pytest.mark.usefixtures("registered")
def test_handles_exactly_its_classes() -> None:
    """A codec is for the classes that it names, not for what derives from them."""
    assert CODEC.handles(Temperature)
    assert not CODEC.handles(Hotter)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (codec(names=("x.Y",)), "'temperature': this tag is taken"),
        (codec(tag="tuple"), "'tuple': this tag is taken"),
        (codec(tag="decimal"), "'decimal': this tag is taken"),
        (codec(tag="other"), "this class is stored by the codec 'temperature'"),
        (codec(tag="$x"), "doesn't begin with"),
        (codec(tag=""), "a tag is a word"),
    ],
)
def test_conflicts_are_refused(other: Codec, words: str) -> None:
    """A tag or a class that is taken, and an unfit tag, raise an error that names it; nothing changes."""
    with pytest.raises(CodecConflict, match=words.replace("$", r"\$")):
        register(other)
    assert type(decode(encode(Temperature(1.0), no_blobs), no_blobs)) is Temperature


def test_unknown_tag_is_named() -> None:
    """A text from a queue with more plugins says which tag it needs."""
    with pytest.raises(DecodeError, match=r"marked '\$temperature': no codec has this tag; install the plugin"):
        decode('{"a":{"$temperature":1}}', no_blobs)


@pytest.mark.usefixtures("registered")
def test_decode_that_raises_is_reported() -> None:
    """What a codec's decode raises is told with the tag."""
    with pytest.raises(DecodeError, match=r"'\$temperature': TypeError"):
        decode('{"$temperature":[1,2,3,4]}', no_blobs)
