"""The state of objects of users' classes, and objects made of a state: attrs, dataclasses, enums, namedtuples.

Nothing of a class's own code runs to rebuild an object: no ``__init__``, no validators, no ``__post_init__``.
So what comes back is what went in, even when it had been changed after it was made.
"""

from __future__ import annotations

import sys

from perqueue.codec.errors import DecodeError, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HASH_CACHE = "_attrs_cached_hash"


def is_enum(kind: type) -> bool:
    """Whether a class is an enumeration."""
    enum = sys.modules.get("enum")
    return enum is not None and issubclass(kind, enum.Enum)


def is_namedtuple(kind: type) -> bool:
    """Whether a class was made by ``namedtuple`` or ``NamedTuple``."""
    return issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple) and hasattr(kind, "_make")


def is_fielded(kind: type) -> bool:
    """Whether a class is attrs' or a dataclass, and its objects consist of their attributes."""
    return hasattr(kind, "__attrs_attrs__") or hasattr(kind, "__dataclass_fields__")


def check_bare(kind: type) -> None:
    """Raise Refused for a class with fields whose objects also hold something else (an exception, a dict, …)."""
    try:
        object.__new__(kind)
    except TypeError as error:
        raise Refused(
            f"a class with fields whose objects can't be made bare ({error})",
            "store its data in a class without such a base",
        ) from error


def enum_member(value: Any) -> tuple[str, object]:
    """``("name", its name)``; for flags, which may be several at once, ``("value", the number)``."""
    import enum

    if isinstance(value, enum.Flag):
        return "value", value.value
    return "name", value.name


def enum_from(kind: Any, what: str, value: Any) -> object:
    """The member again."""
    _expect(kind, is_enum(kind), "an enum")
    try:
        return kind[value] if what == "name" else kind(value)
    except (KeyError, ValueError) as error:
        raise _changed(kind, f"it has no member {value!r}") from error


def namedtuple_fields(value: Any) -> dict[str, object]:
    """The fields of a namedtuple by name. Raises Refused where it has attributes besides."""
    if getattr(value, "__dict__", None):
        raise Refused("a namedtuple with attributes beyond its fields", "make them fields, or use a dataclass")
    return dict(zip(type(value)._fields, value, strict=True))


def namedtuple_from(kind: Any, fields: dict[str, object]) -> object:
    """The namedtuple again."""
    _expect(kind, is_namedtuple(kind), "a namedtuple")
    if set(kind._fields) != set(fields):
        raise _changed(kind, f"its fields are {kind._fields!r}, the text has {tuple(fields)!r}")
    return tuple.__new__(kind, [fields[name] for name in kind._fields])


def object_fields(value: Any) -> dict[str, object]:
    """What an attrs or dataclass object consists of: its fields, then other attributes that were set on it.

    Left out: fields that were never set, values that a cached property can compute again, and Python's own
    attributes.
    """
    kind = type(value)
    state = {}
    for name in _field_names(kind):
        try:
            state[name] = getattr(value, name)
        except AttributeError:
            continue
    for name, item in getattr(value, "__dict__", {}).items():
        if name not in state and not _is_derived(kind, name):
            state[name] = item
    if hasattr(value, _HASH_CACHE):
        state[_HASH_CACHE] = None  # another process hashes differently
    return state


def object_from(kind: Any, fields: dict[str, object]) -> object:
    """The object again. Raises DecodeError where the class has lost a field or got one that has no default."""
    _expect(kind, is_fielded(kind), "an attrs class or a dataclass")
    try:
        made = object.__new__(kind)
        for name, item in fields.items():
            object.__setattr__(made, name, item)
    except (AttributeError, TypeError) as error:
        raise _changed(kind, str(error)) from error
    for name in _field_names(kind):
        if name not in fields:
            _fill(kind, made, name)
    return made


def _field_names(kind: Any) -> list[str]:
    if hasattr(kind, "__attrs_attrs__"):
        return [field.name for field in kind.__attrs_attrs__]
    import dataclasses

    return [field.name for field in dataclasses.fields(kind)]


def _is_derived(kind: type, name: str) -> bool:
    import functools

    dunder = name.startswith("__") and name.endswith("__")  # a generic's __orig_class__
    return dunder or isinstance(getattr(kind, name, None), functools.cached_property)


def _fill(kind: Any, made: object, name: str) -> None:
    """Give a field that the text doesn't have its default: the class got the field after the text was written."""
    if hasattr(kind, "__attrs_attrs__"):
        import attr

        field = getattr(kind.__attrs_attrs__, name)
        default, missing = field.default, field.default is attr.NOTHING
        # attr.Factory is a class at run time, and a function to type checkers.
        if type(default).__name__ == "Factory":
            default = default.factory(made) if default.takes_self else default.factory()
    else:
        import dataclasses

        field = kind.__dataclass_fields__[name]
        default, missing = field.default, field.default is dataclasses.MISSING
        if field.default_factory is not dataclasses.MISSING:
            default, missing = field.default_factory(), False
    if not missing:
        object.__setattr__(made, name, default)
    elif field.init:
        raise _changed(kind, f"it has a field {name!r} without a default, the text hasn't")


def _expect(kind: type, true: bool, what: str) -> None:
    if not true:
        raise _changed(kind, f"it is no longer {what}")


def _changed(kind: type, reason: str) -> DecodeError:
    return DecodeError(
        f"a {kind.__qualname__!r} of the module {kind.__module__!r}",
        reason,
        "the class changed since this was stored: restore it, or give its new fields defaults",
    )
