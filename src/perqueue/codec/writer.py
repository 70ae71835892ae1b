"""From a value to its tree: plain JSON in which ``{"$tag": body}`` stands for what JSON doesn't have.

Only values that are not plain JSON come here. A container's own parts are walked, every other kind is asked
of the registry, then of the users' classes. Trees are canonical: sets are sorted by the text of their
elements, arrays are in row order. Dicts keep their order, with string keys (where a tree's ``==`` ignores it)
and with others (where it doesn't).
"""

from __future__ import annotations

import math

from perqueue.codec import instances, plain
from perqueue.codec.class_names import class_to_tree
from perqueue.codec.compat import LooseDict
from perqueue.codec.errors import Field, Refused, Unstorable, Verbatim, render_path, type_name
from perqueue.codec.registry import codec_for_type, plugged_for_type
from perqueue.core.errors import PerQueueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perqueue.codec.blob_protocols import BlobSink

_BASES = (dict, list, tuple, frozenset, set, bytearray, bytes, str, bool, int, float, complex)
_SOME_ELEMENT = Verbatim("{…}")
_SOME_KEY = Verbatim("{key}")


class Writer:
    """Makes the tree of one value; not to be used again after it raised."""

    def __init__(self, blobs: BlobSink, start: tuple[object, ...] = ()) -> None:
        self._blobs = blobs
        self._path: list[object] = list(start)
        self._inside: set[int] = set()
        self._classes: dict[type, dict[str, object]] = {}

    def write(self, value: object) -> object:
        """The tree of ``value``. Raises Unstorable."""
        try:
            return self._tree(value)
        except RecursionError:
            path = render_path(self._path[:8]) + "…"
            raise Unstorable(path, type_name(type(value)), *_TOO_DEEP) from None

    def _tree(self, value: Any) -> object:
        kind = type(value)
        if kind is str:
            return value if plain.is_plain_str(value) else {"$str": plain.split_str(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$float": repr(value)}
        if kind is int:
            return value if -plain.INT_BOUND < value < plain.INT_BOUND else {"$int": hex(value)}
        if value is None or kind is bool:
            return value
        if id(value) in self._inside:
            raise self._unstorable(
                kind, "and it contains itself", "store the parts, with keys in place of the references"
            )
        if len(self._inside) >= plain.MAX_DEPTH:
            raise self._unstorable(kind, *_TOO_DEEP)
        self._inside.add(id(value))
        tree = self._compound(kind, value)
        self._inside.discard(id(value))
        return tree

    def _compound(self, kind: type, value: Any) -> object:
        if kind is list:
            return self._items(value)
        if kind is dict or kind is LooseDict:
            return self._dict(value)
        if kind is tuple:
            return {"$tuple": self._items(value)}
        if kind is set or kind is frozenset:
            trees = [self._at(_SOME_ELEMENT, item) for item in value]
            return {f"${kind.__name__}": sorted(trees, key=plain.to_text)}
        try:
            if kind.__module__ == "numpy" and kind.__qualname__ == "ndarray":
                from perqueue.codec.numpy_arrays import array_to_tree

                return {"$array": array_to_tree(value, self._blobs)}
            codec = codec_for_type(kind)
            if codec is not None:
                body = codec.encode(value)
                return {f"${codec.tag}": self._tree(body)}
            return self._instance(kind, value)
        except Refused as refusal:
            raise self._unstorable(kind, refusal.reason, refusal.remedy) from refusal
        except (PerQueueError, RecursionError):
            raise
        except Exception as error:  # a codec or a user's attribute may raise anything
            reason = f"and reading it raised {type(error).__name__}: {error}"
            raise self._unstorable(kind, reason, "correct it, or convert the value before you return it") from error

    def _instance(self, kind: type, value: Any) -> object:
        if instances.is_enum(kind):
            what, member = instances.enum_member(value)
            return {"$enum": {**self._reference(kind), what: self._tree(member)}}
        if instances.is_namedtuple(kind):
            return {"$namedtuple": self._fields(kind, instances.namedtuple_fields(value))}
        if instances.is_fielded(kind) and not isinstance(value, type):
            if kind not in self._classes:
                instances.check_bare(kind)
            return {"$object": self._fields(kind, instances.object_fields(value))}
        codec = plugged_for_type(kind)
        if codec is None:
            raise Refused(*_why_not(kind, value))
        return {f"${codec.tag}": self._tree(codec.encode(value))}

    def _fields(self, kind: type, fields: dict[str, object]) -> dict[str, object]:
        return {**self._reference(kind), "fields": {name: self._at(Field(name), item) for name, item in fields.items()}}

    def _reference(self, kind: type) -> dict[str, object]:
        if kind not in self._classes:
            self._classes[kind] = class_to_tree(kind)
        return self._classes[kind]

    def _items(self, values: list[object] | tuple[object, ...]) -> list[object]:
        trees = []
        path = self._path
        for index, item in enumerate(values):
            path.append(index)
            trees.append(self._tree(item))
            path.pop()
        return trees

    def _dict(self, value: dict[object, object]) -> object:
        trees: dict[str, object] = {}
        path = self._path
        for key, item in value.items():
            if type(key) is not str or not plain.is_plain_key(key):
                return {"$dict": [[self._at(_SOME_KEY, key), self._at(key, item)] for key, item in value.items()]}
            path.append(key)
            trees[key] = self._tree(item)
            path.pop()
        return trees

    def _at(self, step: object, value: object) -> object:
        self._path.append(step)
        tree = self._tree(value)
        self._path.pop()
        return tree

    def _unstorable(self, kind: type, reason: str, remedy: str) -> Unstorable:
        return Unstorable(render_path(self._path), type_name(kind), reason, remedy)


_TOO_DEEP = (
    f"and it is nested deeper than {plain.MAX_DEPTH} containers",
    "store it flat: a list of the parts, with their indices in place of nesting",
)


def _why_not(kind: type, value: object) -> tuple[str, str]:
    """The reason and the remedy for a value of a class that nobody knows."""
    ancestors = {f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__}
    if "numpy.ma.MaskedArray" in ancestors or "numpy.ma.core.MaskedArray" in ancestors:
        return "a masked array", "convert it with .filled(value), and store its mask beside it if you need it"
    if "numpy.ndarray" in ancestors:
        return (
            "a subclass of numpy.ndarray, which would come back as another type",
            "convert it with numpy.asarray(...)",
        )
    if ancestors & {"pathlib.PurePath", "pathlib._local.PurePath"}:
        return "a subclass of a path, which would come back as another type", "convert it with pathlib.Path(...)"
    for base in _BASES:
        if isinstance(value, base):
            name = base.__name__
            return f"a subclass of {name}, which would come back as another type", f"convert it with {name}(...)"
    if isinstance(value, type) or callable(value):
        return "code and not data", "store its name, or what it returns"
    if hasattr(kind, "__next__"):
        return "a stream that can be read only once", "convert it with list(...)"
    return (
        "which has no text form",
        "convert it to JSON values, arrays, a dataclass or an attrs class, or register a codec for it",
    )
