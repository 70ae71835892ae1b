"""Merge the results of several parents into the inputs of what follows.

A key that one parent returned, or that has the same value in all that returned it, gives the value. Otherwise the
value is a dict from the parent's entry key to its value, in the order of the keys. Parents that returned nothing
contribute nothing. Values stay encoded (see :mod:`perqueue.codec`): equal values have equal encodings, and big
arrays are compared by the digests that stand for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .keys import CONTROL_KEYS, VALUE_KW
from .tasklike import Ports
from .view import Json

_PAIRS = "$dict"
"""How the codec writes a dict whose keys are not all plain strings: a list of pairs under this one key."""


def arguments(data: Mapping[str, Json] | None) -> dict[str, Json]:
    """The part of an encoded result that can be passed on: its string keys."""
    if not data:
        return {}
    pairs = data.get(_PAIRS)
    if len(data) == 1 and isinstance(pairs, list):
        return {pair[0]: pair[1] for pair in pairs if isinstance(pair, list) and isinstance(pair[0], str)}
    return dict(data)


def select(data: Mapping[str, Json] | None, ports: Ports | None) -> dict[str, Json]:
    """The values that pass through ``ports``, under their new names (None: all values pass)."""
    given = arguments(data)
    if ports is None:
        return given
    first = next(iter(given.values()), None)
    return {new: first if old is None else given[old] for old, new in ports if (given if old is None else old in given)}


def merge(contributions: Iterable[tuple[int, Mapping[str, Json]]]) -> dict[str, Json]:
    """Merge (entry key, encoded values) pairs, given in ascending order of the keys."""
    held: dict[str, list[tuple[int, Json]]] = {}
    for key, values in contributions:
        for name, value in values.items():
            held.setdefault(name, []).append((key, value))
    return {name: _one(found) for name, found in held.items()}


def _one(found: list[tuple[int, Json]]) -> Json:
    first = found[0][1]
    if all(value == first for _, value in found[1:]):
        return first
    return {_PAIRS: [[key, value] for key, value in found]}


def encode(values: Mapping[str, Json]) -> str:
    """The encoded object as text."""
    return json.dumps(tree(values), separators=(",", ":"))


def tree(values: Mapping[str, Json]) -> dict[str, Json]:
    """The encoded object as a part of another one."""
    if any(name.startswith("$") for name in values):
        return {_PAIRS: [[name, value] for name, value in values.items()]}
    return dict(values)


def value_in(data: Mapping[str, Json] | None) -> Json:
    """What a result is for a typed function: one value, or the dict without the keys that decide groups."""
    if data is None:
        return None
    values = arguments(data)
    if VALUE_KW in values:
        return values[VALUE_KW]
    return tree({name: value for name, value in values.items() if name not in CONTROL_KEYS})
