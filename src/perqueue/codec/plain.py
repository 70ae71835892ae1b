"""The part of Python that JSON has already: what may go to the text as it stands, and the text itself.

Most values are plain, so this is the fast path: one look through the value (:func:`is_plain`), then json's C
encoder. The text is strict ASCII JSON: no NaN or Infinity literals, and lone surrogates as escapes, so any
JSON reader takes it.
"""

from __future__ import annotations

import json
import re

MAX_DEPTH = 128
"""Containers inside containers, at most: far below Python's recursion limit, and so for reading it back too."""

INT_BOUND = 10**600
"""Integers from here on are written in hex: Python refuses longer decimal texts (users may set 640 digits)."""

# A high and a low surrogate side by side (not one character) would be one character after a trip through
# JSON.
_SPLIT_PAIR = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")

_LEAVES = frozenset({float, bool, type(None)})
_to_text = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def is_plain(value: object, depth: int = MAX_DEPTH) -> bool:
    """Whether ``value`` is JSON as it stands: exact types, string keys that are no markers, not too deep.

    Floats are not looked at: :func:`to_text` refuses the ones that JSON doesn't have.
    """
    kind = type(value)
    if kind is dict:
        if not depth:
            return False
        for key, item in value.items():  # type: ignore[attr-defined]  # mypy doesn't narrow by `type(x) is`
            if type(key) is not str or not is_plain_key(key):
                return False
            if type(item) not in _LEAVES and not is_plain(item, depth - 1):
                return False
        return True
    if kind is list:
        if not depth:
            return False
        for item in value:  # type: ignore[attr-defined]  # noqa: SIM110  # half the time of all(...)
            if type(item) not in _LEAVES and not is_plain(item, depth - 1):
                return False
        return True
    if kind is str:
        return is_plain_str(value)  # type: ignore[arg-type]
    if kind is int:
        return -INT_BOUND < value < INT_BOUND  # type: ignore[operator]
    return kind in _LEAVES


def is_plain_str(text: str) -> bool:
    """Whether JSON gives this string back as it is."""
    return text.isascii() or _SPLIT_PAIR.search(text) is None


def is_plain_key(key: str) -> bool:
    """Whether this string may be the key of a JSON object here; those that begin with ``$`` are markers."""
    return key[:1] != "$" and is_plain_str(key)


def split_str(text: str) -> list[str]:
    """The pieces, each plain, of a string that is not."""
    return _SPLIT_PAIR.split(text)


def to_text(tree: object) -> str:
    """Compact JSON of a plain tree. Raises ValueError where a float is not finite."""
    return _to_text(tree)


def from_text(text: str) -> object:
    """The tree of a JSON text. Raises ValueError (not JSON) or RecursionError (nested too deep)."""
    tree: object = json.loads(text)
    return tree
