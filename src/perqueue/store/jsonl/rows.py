"""Records as JSON, whatever their fields are: what is at its default is left out, so that older files load.

A codec is made once per class from the fields that attrs knows and their types: plain values, enumerations, tuples,
other records, and unions of records, which are told apart by the name of their class. Stdlib only: whoever lists a
queue reads all of it, and should not wait for a library first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from perqueue.core.resources import Resources

_T = TypeVar("_T")
JsonRow: TypeAlias = dict[str, Any]
_Convert: TypeAlias = Callable[[Any], Any]
_Pair: TypeAlias = tuple[_Convert | None, _Convert | None]
"""How a value becomes JSON, and back; None: it is what it is."""

_PLAIN: Final = (int, str, float, bool, object, Any)
_AS_IT_IS: Final[_Pair] = (None, None)
_TAG: Final = "is"


def row_out(record: object) -> JsonRow:
    """A record as a JSON object."""
    kind: type[Any] = type(record)
    out: JsonRow = _record(kind)[0](record)
    return out


def row_in(kind: type[_T], row: Mapping[str, Any]) -> _T:
    """A record from its JSON object; fields that this perqueue does not know are left alone."""
    found: _T = _record(kind)[1](row)
    return found


def _record(kind: type[Any]) -> tuple[_Convert, _Convert]:
    found = _CODECS.get(kind)
    if found is None:
        found = _CODECS[kind] = _make(kind)
    return found


_CODECS: Final[dict[type[Any], tuple[_Convert, _Convert]]] = {}


def _make(kind: type[Any]) -> tuple[_Convert, _Convert]:
    hints = get_type_hints(kind)
    pairs = {field.name: _pair(hints[field.name]) for field in attrs.fields(kind)}
    outs = [(field.name, _default(field), pairs[field.name][0]) for field in attrs.fields(kind)]
    ins = {name: back for name, (_, back) in pairs.items() if back is not None}

    def out(record: Any) -> JsonRow:
        row: JsonRow = {}
        for name, default, convert in outs:
            value = getattr(record, name)
            if value != default:
                row[name] = value if convert is None else convert(value)
        return row

    def back(row: Mapping[str, Any]) -> Any:
        given = row if row.keys() <= pairs.keys() else {name: row[name] for name in row.keys() & pairs.keys()}
        changed = {name: convert(given[name]) for name, convert in ins.items() if name in given}
        return kind(**{**given, **changed})

    return out, back


def _default(field: attrs.Attribute[Any]) -> object:
    default: Any = field.default
    return default.factory() if hasattr(default, "factory") else default


def _pair(hint: Any) -> _Pair:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union([part for part in arguments if part is not NoneType], optional=NoneType in arguments)
    if origin is tuple:
        return _tuple(arguments)
    if hint in _PLAIN:
        return _AS_IT_IS
    if hint is Resources:
        return _resources_out, _resources_in
    if isinstance(hint, type) and issubclass(hint, Enum):
        return (lambda value: value.value), {member.value: member for member in hint}.__getitem__
    if attrs.has(hint):
        return _record(hint)
    raise TypeError(f"no JSON is known for {hint!r}: teach {__name__} how to write it")


def _union(parts: list[Any], *, optional: bool) -> _Pair:
    if all(part in _PLAIN for part in parts):
        return _AS_IT_IS
    out, back = _pair(parts[0]) if len(parts) == 1 else _tagged(parts)
    return (_optional(out), _optional(back)) if optional else (out, back)


def _optional(convert: _Convert | None) -> _Convert | None:
    return None if convert is None else lambda value: None if value is None else convert(value)


def _tagged(parts: list[Any]) -> _Pair:
    kinds = {part.__name__: _record(part)[1] for part in parts}
    return (
        lambda value: {_TAG: type(value).__name__, **row_out(value)},
        lambda row: kinds[row[_TAG]]({name: value for name, value in row.items() if name != _TAG}),
    )


def _tuple(arguments: tuple[Any, ...]) -> _Pair:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        out, back = _pair(arguments[0])
        return (
            None if out is None else lambda values: [out(value) for value in values],
            tuple if back is None else lambda values: tuple(back(value) for value in values),
        )
    pairs = [_pair(argument) for argument in arguments]
    if all(pair == _AS_IT_IS for pair in pairs):
        return None, tuple
    return (
        lambda values: [value if out is None else out(value) for value, (out, _) in zip(values, pairs, strict=True)],
        lambda values: tuple(
            value if back is None else back(value) for value, (_, back) in zip(values, pairs, strict=True)
        ),
    )


def _resources_out(resources: Resources) -> object:
    text = resources.encode()
    # An object within text would be no pleasure to read.
    return json.loads(text) if text.startswith("{") else text


def _resources_in(kept: Any) -> Resources:
    return Resources.decode(kept if isinstance(kept, str) else json.dumps(kept))
