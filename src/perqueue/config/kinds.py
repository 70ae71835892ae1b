"""What a value of the configuration may be, in a file, and as the text of a variable or of a flag."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import frozen

from perqueue.core.errors import ResourcesError, RetryError, UsageError
from perqueue.core.flags import refused_flag
from perqueue.core.resources import parse_memory
from perqueue.core.retry import REASONS, Retry

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_\-]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TRUE: Final = ("true", "yes", "on", "1")
_FALSE: Final = ("false", "no", "off", "0")


class RefusedError(UsageError):
    """A value that is not of its kind; whoever knows where it stands says that."""

    def __init__(self, value: object, allowed: str) -> None:
        super().__init__(f"{value!r} is not {allowed}")


@frozen
class Kind:
    """A kind of value.

    Args:
        allowed: What it may be, in words.
        check: Gives the setting for a value as it stands in TOML, or raises :class:`RefusedError`.
        read: Gives the value as it would stand in TOML for the text of a variable or flag. What it can't read it
            leaves as it is, for ``check`` to refuse.
    """

    allowed: str
    check: Callable[[object], Any]
    read: Callable[[str], object] = str


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """``; did you mean 'cores'?`` if something known looks like it, else nothing."""
    from difflib import get_close_matches  # only where something is wrong

    close = get_close_matches(given.lower(), list(known), 1) if isinstance(given, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def whole(least: int) -> Kind:
    """A whole number."""
    allowed = f"a whole number from {least}"

    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise RefusedError(value, allowed)

    return Kind(allowed, check, _number)


def seconds(least: float) -> Kind:
    """A time span in seconds."""
    allowed = f"a number of seconds from {least:g}"

    def check(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value < math.inf:
            return float(value)
        raise RefusedError(value, allowed)

    return Kind(allowed, check, _number)


def choice(*options: str) -> Kind:
    """One of a few words."""
    told = f"choose from: {', '.join(options)}"

    def check(value: object) -> str:
        if isinstance(value, str) and value in options:
            return value
        raise RefusedError(value, f"allowed; {told}{did_you_mean(value, options)}")

    return Kind(" or ".join(f"`{option}`" for option in options), check)


def text(allowed: str, *, empty: bool = False) -> Kind:
    """One line of text."""

    def check(value: object) -> str:
        # It ends up in scripts, where what follows a line break would be a line of its own.
        if isinstance(value, str) and (value.strip() or (empty and not value)) and not _CONTROL.search(value):
            return value
        raise RefusedError(value, allowed)

    return Kind(allowed, check)


def command(allowed: str, *names: str) -> Kind:
    """One line of text in which names in braces stand for whole numbers."""
    known = " and ".join(f"{{{name}}}" for name in names)
    line = text(allowed)

    def check(value: object) -> str:
        found: str = line.check(value)
        try:
            for word in shlex.split(found):
                word.format(**dict.fromkeys(names, 1))
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            why = f"a command that can be filled in ({error}): it may hold {known}; write {{{{ and }}}} for braces"
            raise RefusedError(value, why) from error
        return found

    return Kind(allowed, check)


def words(allowed: str, *, lines: bool = False) -> Kind:
    """A list of text; as text by commas, or as TOML has it. ``lines``: an element may have several lines."""

    def check(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(part, str) and part.strip() for part in value):
            raise RefusedError(value, allowed)
        # In scripts, what follows a line break would be a line of its own.
        if not lines and any(_CONTROL.search(part) for part in value):
            raise RefusedError(value, allowed)
        return tuple(value)

    return Kind(allowed, check, _list)


def flags(allowed: str) -> Kind:
    """A list of flags for a scheduler, each one word."""
    plain = words(allowed)

    def check(value: object) -> tuple[str, ...]:
        found: tuple[str, ...] = plain.check(value)
        for word in found:
            if (why := refused_flag(word)) is not None:
                raise RefusedError(value, f"{allowed}: {why}")
        return found

    return Kind(allowed, check, _list)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise RefusedError(value, _TRUTH)


def _memory(value: object) -> int:
    try:
        found = parse_memory(value)
    except ResourcesError:
        found = None
    if found is None:
        raise RefusedError(value, _MEMORY)
    return found


def _name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise RefusedError(value, _EXECUTOR)


def _folder(value: object) -> str:
    found = os.path.expanduser(value) if isinstance(value, str) else ""
    if os.path.isabs(found) and not _CONTROL.search(found):
        return found
    raise RefusedError(value, _FOLDER)


def _program(value: object) -> str:
    found = os.path.expanduser(value) if isinstance(value, str) else ""
    if found.strip() and not _CONTROL.search(found) and (os.path.isabs(found) or "/" not in found):
        return found
    raise RefusedError(value, _PROGRAM)


def retry(name: str) -> Kind:
    """A part of a policy for retries: what :class:`~perqueue.core.retry.Retry` takes under that name."""
    allowed, read = RETRY[name]

    def check(value: object) -> object:
        given: Any = tuple(value) if isinstance(value, list) else value
        if isinstance(given, tuple) and not all(isinstance(part, str) for part in given):
            raise RefusedError(value, allowed)
        try:
            return getattr(Retry(**{name: given}), name)
        except (RetryError, TypeError) as error:
            raise RefusedError(value, allowed) from error

    return Kind(allowed, check, read)


def _number(given: str) -> object:
    for convert in (int, float):
        try:
            return convert(given)
        except ValueError:
            continue
    return given


def _truth(given: str) -> object:
    word = given.strip().lower()
    return word in _TRUE if word in (*_TRUE, *_FALSE) else given


def _list(given: str) -> object:
    if given.lstrip().startswith("["):
        return toml_value(given)
    return [part.strip() for part in given.split(",") if part.strip()]


def toml_value(given: str) -> object:
    """What a text means as a value in TOML; the text itself where it is none."""
    import tomllib  # only where somebody wrote such a value

    try:
        return tomllib.loads(f"it = {given}")["it"] if "\n" not in given else given
    except tomllib.TOMLDecodeError:
        return given


def _size(given: str) -> object:
    return int(given) if given.isascii() and given.isdigit() else given


_TRUTH: Final = "true or false"
_MEMORY: Final = "an amount of memory, such as '500M', '4G', '1T' or a number of MiB"
_EXECUTOR: Final = "the name of an executor"
_FOLDER: Final = "the absolute path of a folder"
_PROGRAM: Final = "an absolute path, or the name of a program on the search path"
_FACTOR: Final = "a factor from 1 to 100"
_TIME: Final = "a time, such as '10m', '24h', '2d' or a number of seconds"
RETRY: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "times": ("a whole number from 0", _number),
    "on": (f"a list of reasons; choose from: {', '.join(REASONS)}", _list),
    "time": (_FACTOR, _number),
    "memory": (_FACTOR, _number),
    "avoid": (_TRUTH, _truth),
    "max_time": (_TIME, _size),
    "max_memory": (_MEMORY, _size),
}
"""The keys of a policy for retries: what each may be, and how it is read from text."""

TRUTH: Final = Kind(_TRUTH, _flag, _truth)
MEMORY: Final = Kind(_MEMORY, _memory, _size)
NAME: Final = Kind(_EXECUTOR, _name)
FOLDER: Final = Kind(_FOLDER, _folder)
PROGRAM: Final = Kind(_PROGRAM, _program)
ANYTHING: Final = Kind("anything", lambda value: value, toml_value)
