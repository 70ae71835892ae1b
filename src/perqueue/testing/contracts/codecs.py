"""The contract of :class:`perqueue.codec.registry.Codec`, as tests that any codec can run.

A package that brings a codec subclasses it in its tests::

    class TestMyCodec(CodecContract):
        codec = MY_CODEC
        values = [Temperature(3.5), Temperature(0.0)]

pytest then finds all tests. Values of which ``==`` doesn't say that they are the same override :meth:`same`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from perqueue.codec import BlobFolder, Codec, decode, encode, register, unregister
from perqueue.codec.registry import codec_for_tag

from .missing import MissingPartError
from .store_case import same


class CodecContract:
    """Everything that a codec must keep: values come back as they were, and equal values have the same text."""

    codec: ClassVar[Codec]
    """The codec under test."""

    values: ClassVar[Sequence[Any]]
    """Values of all its classes; the odd ones too: empty, huge, nested."""

    def same(self, value: Any, back: Any) -> bool:
        """Whether a value that came back is the one that was stored."""
        return bool(value == back)

    def test_there_are_values_of_every_class(self) -> None:
        """The values that are tried are of the codec's classes, and each of its classes is tried."""
        self._check()
        tried = {_name(value) for value in self.values}
        same(tried <= set(self.codec.names), True, f"whether {sorted(tried)} are among {self.codec.names}")
        same(bool(tried), True, "whether there are values")

    def test_values_come_back(self, tmp_path: Path) -> None:
        """A value that was stored comes back with its type, by itself and inside of others."""
        with self._in_use():
            blobs = BlobFolder(str(tmp_path))
            for value in self.values:
                for back in (
                    decode(encode(value, blobs), blobs),
                    decode(encode({"a": [1, (value,)]}, blobs), blobs)["a"][1][0],
                    decode(encode({"a": [1, (value,)]}, blobs), blobs, shapes="json")["a"][1][0],
                ):
                    same(type(back), type(value), f"type of what came back of {value!r}")
                    same(self.same(value, back), True, f"whether {back!r} is {value!r}")

    def test_the_text_is_canonical(self, tmp_path: Path) -> None:
        """A value has the same text each time, and what came back has it too: so equal inputs are seen to be equal."""
        with self._in_use():
            blobs = BlobFolder(str(tmp_path))
            for value in self.values:
                text = encode(value, blobs)
                same(encode(value, blobs), text, f"second text of {value!r}")
                same(encode(decode(text, blobs), blobs), text, f"text of what came back of {value!r}")

    def test_the_mark_is_its_own(self, tmp_path: Path) -> None:
        """The text of a value names the codec's tag, by which whoever reads it finds the codec."""
        with self._in_use():
            for value in self.values:
                text = encode(value, BlobFolder(str(tmp_path)))
                same(text.startswith(f'{{"${self.codec.tag}":'), True, f"whether {text[:60]!r} has the tag")

    def _check(self) -> None:
        """See that the subclass says what is tested."""
        if not hasattr(self, "codec"):
            raise MissingPartError(self, "codec", "is the Codec under test", "codec = MY_CODEC")
        if not hasattr(self, "values"):
            raise MissingPartError(
                self, "values", "has values of all classes of the codec", "values = [Temperature(0.0)]"
            )

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Registered, as it would be by its plugin, if nobody did that yet."""
        self._check()
        if codec_for_tag(self.codec.tag) is self.codec:
            yield
            return
        register(self.codec)
        try:
            yield
        finally:
            unregister(self.codec)


def _name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


__all__ = ["CodecContract"]
