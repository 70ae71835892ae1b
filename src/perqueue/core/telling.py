"""Somebody else's exceptions and values in one line of text, whatever their own methods do.

What a plugin raises or answers is told where it broke, and telling it must not break in turn: ``str`` and ``repr`` run
the plugin's code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_MOST: Final = 2000
"""Characters; what is longer is cut."""


def describe_error(error: BaseException) -> str:
    """Class and message of an exception; never raises but for ``KeyboardInterrupt``."""
    name = _text(lambda: type(error).__name__, lambda _: "an exception whose class has no name")
    said = _text(lambda: str(error), lambda other: f"(its message can't be told: making it raised {other})")
    return f"{name}: {said}"


def describe_value(value: object) -> str:
    """What ``repr`` says of a value, or its class; never raises but for ``KeyboardInterrupt``."""
    return _text(lambda: repr(value), lambda _: _text(lambda: f"<{type(value).__name__}>", lambda _: "something"))


def _text(make: Callable[[], str], otherwise: Callable[[str], str]) -> str:
    """A text that can be written anywhere; ``otherwise`` is given the class of what making it raised."""
    try:
        # The class's own method: a subclass of str may have any others. What is no UTF-8 would not go into every file.
        found = str.encode(make(), "utf-8", "backslashreplace").decode()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        try:
            return otherwise(type(error).__name__)
        except Exception:
            return otherwise("an exception")
    return found if len(found) <= _MOST else f"{found[:_MOST]}… ({len(found)} characters)"
