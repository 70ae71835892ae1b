"""Python values as JSON text, and back with the types they had.

:func:`encode` and :func:`decode` are for one value; :func:`encode_mapping` and :func:`decode_mapping` for a
task's arguments and results, where one key that can't be stored must not cost the others. Large arrays go to
a :class:`BlobFolder`, or with :data:`no_blobs` stay in the text. More types: :func:`register` a
:class:`Codec`. There is no pickle anywhere.

What is stored: None, bool, int, float, str, list, dict, tuple, set, frozenset, bytes, bytearray, complex,
range, paths, dates and times with their zones, UUID, Decimal, Fraction, enum members, namedtuples,
dataclasses, attrs classes, numpy scalars and arrays, ``ase.Atoms``. Subclasses of these are refused, not
flattened. Every value comes back as the same type; the one exception is a dict with keys that are not
strings, which comes back as the dict subclass :class:`LooseDict`.

The module imports the standard library only, and no more of it than plain JSON needs.
"""

from __future__ import annotations

from perqueue.codec import plain
from perqueue.codec.ase_types import ASE_CODECS
from perqueue.codec.blobs import BlobFolder, NoBlobs, no_blobs
from perqueue.codec.compat import LooseDict
from perqueue.codec.errors import BlobUnwritable, CodecConflict, DecodeError, Refused, Unstorable
from perqueue.codec.numpy_scalars import NUMPY_CODECS
from perqueue.codec.reader import Reader
from perqueue.codec.registry import Codec, register, unregister
from perqueue.codec.stdlib_types import STDLIB_CODECS
from perqueue.codec.writer import Writer
from perqueue.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from perqueue.codec.blob_protocols import BlobSink, BlobSource

__all__ = [
    "BlobFolder",
    "BlobSink",
    "BlobSource",
    "BlobUnwritable",
    "Codec",
    "CodecConflict",
    "DecodeError",
    "LooseDict",
    "NoBlobs",
    "Refused",
    "Unstorable",
    "decode",
    "decode_mapping",
    "encode",
    "encode_mapping",
    "no_blobs",
    "register",
    "unregister",
]


def __getattr__(name: str) -> object:
    """The protocols, imported when they are asked for at run time."""
    if name in ("BlobSink", "BlobSource"):
        from perqueue.codec import blob_protocols

        return getattr(blob_protocols, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


for _codec in (*STDLIB_CODECS, *NUMPY_CODECS, *ASE_CODECS):
    register(_codec)


def encode(value: object, blobs: BlobSink) -> str:
    """The JSON text of a value; arrays of more than 4096 bytes go to ``blobs``.

    Raises Unstorable, which names the place and the type of what can't be stored, and BlobUnwritable when the
    disk refuses.
    """
    if plain.is_plain(value):
        try:
            return plain.to_text(value)
        except ValueError:  # a float that JSON doesn't have
            pass
    return plain.to_text(Writer(blobs).write(value))


def encode_mapping(values: Mapping[Any, object], blobs: BlobSink) -> tuple[str, list[Unstorable]]:
    """The JSON object of all entries that can be stored, in their order, and an error for each entry that can't.

    Raises BlobUnwritable when the disk refuses, for that says nothing about the entry.
    """
    if type(values) is dict and plain.is_plain(values):
        try:
            return plain.to_text(values), []
        except ValueError:
            pass
    pairs: list[tuple[object, object]] = []
    errors = []
    for key, item in values.items():
        try:
            pairs.append((Writer(blobs, (key,)).write(key), Writer(blobs, (key,)).write(item)))
        except Unstorable as error:
            errors.append(error)
    if all(type(key) is str and plain.is_plain_key(key) for key, _ in pairs):
        return plain.to_text(dict(pairs)), errors
    return plain.to_text({"$dict": [list(pair) for pair in pairs]}), errors


def decode(text: str, blobs: BlobSource, *, shapes: Literal["typed", "json"] = "typed") -> Any:
    """The value of a text. Raises DecodeError, which names what can't be rebuilt and what to do.

    ``shapes="json"`` gives the shapes that PerQueue gives: tuples and sets become lists and keys become
    strings (``str(key)``; of keys with one spelling the last counts). What is inside an object or a codec's
    value keeps its types.
    """
    if shapes not in ("typed", "json"):
        raise UsageError(f"shapes={shapes!r} is not known; write shapes='typed' or shapes='json'")
    try:
        tree = plain.from_text(text)
        # Without a marker anywhere in the text there is nothing to rebuild.
        return Reader(blobs, loose=shapes == "json").read(tree) if '{"$' in text else tree
    except RecursionError:
        raise DecodeError("the text", "it is nested too deep", "store the value flat") from None
    except ValueError as error:
        raise DecodeError("the text", f"it is not JSON ({error})", "restore it, for it was damaged") from error


def decode_mapping(text: str, blobs: BlobSource, *, shapes: Literal["typed", "json"] = "typed") -> dict[Any, Any]:
    """The dict of a text that is a JSON object; as :func:`decode`."""
    values = decode(text, blobs, shapes=shapes)
    if not isinstance(values, dict):
        raise DecodeError(f"a mapping from {text[:60]!r}", f"it holds a {type(values).__name__}", "use decode() for it")
    return values
