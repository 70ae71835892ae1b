"""``NamedTuple`` without importing :mod:`typing`, whose memory every forked task would have to share and drop again."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    class _Fields(type):
        """Makes a named tuple of a class's annotations, with its methods and defaults."""

        def __new__(mcs, name, bases, space):
            if not bases:
                return super().__new__(mcs, name, bases, space)
            fields = list(space.get("__annotations__", ()))
            defaults = [space.pop(field) for field in fields if field in space]
            made = namedtuple(  # noqa: PYI024  # it is what typing makes too
                name, fields, defaults=defaults, module=space["__module__"]
            )
            for attribute, value in space.items():
                if attribute not in ("__module__", "__qualname__", "__annotations__"):
                    setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_Fields):
        """The base to derive from, as with ``typing.NamedTuple``."""
