"""Stored values in short, for people: as Python would show them, from their encoded form.

No class of a user's is imported, and neither is numpy: arrays are shown from their bytes.
"""

from __future__ import annotations

import binascii
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

ITEMS: Final = 6
"""Of a longer list or array, this many items are shown, the last ones among them."""
_DEPTH: Final = 12
_FORMATS: Final = {
    "f2": "e", "f4": "f", "f8": "d", "b1": "?",
    "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
}  # fmt: skip


def mapping_items(text: str) -> dict[str, Any]:
    """Names and encoded values of encoded arguments or of an encoded result.

    Raises:
        ValueError: It is not such a text.
    """
    tree = json.loads(text)
    if isinstance(tree, dict) and list(tree) == ["$dict"]:
        return {key if isinstance(key, str) else shown(key): value for key, value in tree["$dict"]}
    if not isinstance(tree, dict):
        raise ValueError(f"{text[:40]!r} is not a mapping")
    return tree


def shown_mapping(values: Mapping[str, Any]) -> str:
    """Arguments or a result on one line."""
    return "{" + ", ".join(f"{name!r}: {shown(value)}" for name, value in values.items()) + "}"


def shown(tree: Any, depth: int = _DEPTH) -> str:
    """An encoded value on one line."""
    if depth <= 0:
        return "..."
    match tree:
        case None | bool() | int() | str():
            return repr(tree)
        case float():
            return _number(tree)
        case list():
            return f"[{_items(tree, depth)}]"
        case dict() if len(tree) == 1 and next(iter(tree))[:1] == "$":
            ((tag, body),) = tree.items()
            try:
                return _marked(tag[1:], body, depth)
            except (ValueError, TypeError, KeyError, IndexError, struct.error):
                return f"<{tag[1:]}>"  # damaged, or written by a newer version
        case dict():
            return "{" + ", ".join(f"{key!r}: {shown(value, depth - 1)}" for key, value in tree.items()) + "}"
    return repr(tree)


def _items(items: list[Any], depth: int) -> str:
    return _shortened(items, lambda item: shown(item, depth - 1))


def _shortened(items: list[Any] | tuple[Any, ...], show: Callable[[Any], str]) -> str:
    if len(items) <= ITEMS:
        return ", ".join(map(show, items))
    first, last = items[: ITEMS // 2], items[len(items) - ITEMS // 2 :]
    return f"{', '.join(map(show, first))}, ..., {', '.join(map(show, last))}"


def _marked(tag: str, body: Any, depth: int) -> str:
    match tag:
        case "tuple":
            return f"({_items(body, depth)}{',' if len(body) == 1 else ''})"
        case "set" | "frozenset":
            inside = f"{{{_items(body, depth)}}}" if body else ""
            return inside if tag == "set" and body else f"{tag}({inside})"
        case "dict":
            return "{" + ", ".join(f"{shown(k, depth - 1)}: {shown(v, depth - 1)}" for k, v in body) + "}"
        case "array":
            return _array(body)
        case "numpy":
            return shown(body[1], depth)
        case "float" | "path" | "posixpath" | "windowspath" | "uuid" | "decimal" | "date":
            return str(body)
        case "int":
            return str(body)
        case "str":
            return repr("".join(body))
        case "complex":
            return f"({_number(body[0])}{body[1]:+.6g}j)"
        case "range":
            return f"range({', '.join(map(str, body[: 2 if body[2] == 1 else 3]))})"
        case "fraction":
            return f"{body[0]}/{body[1]}"
        case "datetime" | "time":
            return str(body["at"] if isinstance(body, dict) else body)
        case "bytes" | "bytearray":
            return f"{tag} of length {len(binascii.a2b_base64(body))}"
        case "enum" | "object" | "namedtuple":
            return _instance(tag, body, depth)
    return f"<{tag}>"


def _instance(tag: str, body: Mapping[str, Any], depth: int) -> str:
    name = str(body.get("class") or body.get("name") or tag).rpartition(":")[2].rpartition(".")[2]
    if tag == "enum":
        return f"{name}.{body['name']}" if "name" in body else f"{name}({shown(body['value'], depth - 1)})"
    fields = ", ".join(f"{field}={shown(value, depth - 1)}" for field, value in body["fields"].items())
    return f"{name}({fields})"


def _array(body: Mapping[str, Any]) -> str:
    dtype, shape = body["dtype"], body["shape"]
    kind = dtype if isinstance(dtype, str) else "structured"
    code = _FORMATS.get(kind[1:])
    if "data" not in body or code is None or len(shape) > 1:
        size = "x".join(map(str, shape)) or "1"
        return f"<array {size} {kind.lstrip('<>|=')}>"
    order = ">" if kind.startswith(">") else "<"
    raw = binascii.a2b_base64(body["data"])
    numbers = struct.unpack(f"{order}{len(raw) // struct.calcsize(order + code)}{code}", raw)
    inside = _shortened(numbers, lambda number: _number(number) if isinstance(number, float) else repr(number))
    return f"array([{inside}])" if shape else f"array({inside})"


def _number(value: float) -> str:
    """Ten digits are what a person reads; machines ask for JSON."""
    short = f"{value:.10g}"
    return short if any(letter in short for letter in ".en") else f"{short}.0"
