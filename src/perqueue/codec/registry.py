"""Which classes have a codec of their own: the seam where more types are added.

A codec is found by the exact name of a value's class (``"decimal.Decimal"``), never by isinstance, so that
nothing needs to be imported to find out that a value is of another kind, and a subclass is never stored as
something it isn't quite.

Codecs of plugins are asked only where nobody else knows the class or the tag. So a value that perqueue can store by
itself is stored in the same way wherever it is, and what needs no plugin never pays for looking for one.
"""

from __future__ import annotations

from perqueue.codec.errors import CodecConflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CORE_TAGS = frozenset(
    {"int", "float", "str", "dict", "tuple", "set", "frozenset", "array", "enum", "namedtuple", "object"}
)
"""Tags that the writer and the reader handle themselves, for they need the walk, the blobs or the classes."""


class Codec:
    """How the values of one kind are stored as ``{"$tag": …}``.

    ``encode`` gives a simpler value, of any types that can be stored; its parts are encoded in turn.
    ``decode`` gets that value back, with its types, and makes the original. Either may raise any exception to
    refuse: its message becomes the reason in an Unstorable or a DecodeError. ``encode`` must give equal
    results for equal values.
    """

    __slots__ = ("decode", "encode", "names", "tag")

    def __init__(
        self,
        tag: str,
        names: tuple[str, ...],
        encode: Callable[[Any], object],
        decode: Callable[[Any], object],
    ) -> None:
        self.tag = tag
        self.names = names
        self.encode = encode
        self.decode = decode

    def handles(self, kind: type) -> bool:
        """Whether values of exactly this class are this codec's."""
        return f"{kind.__module__}.{kind.__qualname__}" in self.names


_by_tag: dict[str, Codec] = {}
_by_name: dict[str, Codec] = {}
_plugged: list[Codec] | None = None


def register(codec: Codec) -> None:
    """Add a codec. Raises CodecConflict for a tag or a class name that is taken, and for an unfit tag."""
    if not codec.tag or codec.tag.startswith("$"):
        raise CodecConflict(codec.tag, "a tag is a word that doesn't begin with '$'")
    if codec.tag in _by_tag or codec.tag in CORE_TAGS:
        raise CodecConflict(codec.tag, "this tag is taken")
    for name in codec.names:
        if name in _by_name:
            raise CodecConflict(name, f"this class is stored by the codec {_by_name[name].tag!r}")
    _by_tag[codec.tag] = codec
    _by_name.update(dict.fromkeys(codec.names, codec))


def unregister(codec: Codec) -> None:
    """Take a codec away again (a plugin that is unloaded). Nothing happens if it isn't there."""
    if _by_tag.get(codec.tag) is codec:
        del _by_tag[codec.tag]
        for name in codec.names:
            _by_name.pop(name, None)


def codec_for_type(kind: type) -> Codec | None:
    """The codec of exactly this class, or None."""
    return _by_name.get(f"{kind.__module__}.{kind.__qualname__}")


def codec_for_tag(tag: str) -> Codec | None:
    """The codec that wrote ``{"$tag": …}``, or None."""
    return _by_tag.get(tag)


def plugged_for_type(kind: type) -> Codec | None:
    """The codec of a plugin for exactly this class, or None. Asked last, for the first such question costs a search."""
    if kind.__module__ == "builtins":
        return None
    return next((codec for codec in _plugins() if codec.handles(kind)), None)


def plugged_for_tag(tag: str) -> Codec | None:
    """The codec of a plugin that wrote ``{"$tag": …}``, or None."""
    return next((codec for codec in _plugins() if codec.tag == tag), None)


def forget_plugged() -> None:
    """Look for plugins again when asked next; for tests that install something."""
    global _plugged
    _plugged = None


def _plugins() -> list[Codec]:
    global _plugged
    if _plugged is None:
        _plugged = _search()
    return _plugged


def _search() -> list[Codec]:
    from perqueue.plugins.points import any_installed

    if not any_installed():
        return []
    try:
        from perqueue.plugins.codecs import codecs_of_plugins
    except ImportError:  # an interpreter with less than perqueue's own requirements
        return []
    return codecs_of_plugins()
