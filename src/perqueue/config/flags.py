"""Flags of the command line as a layer of the configuration.

``pq --set KEY=VALUE`` puts them, one a line, into one environment variable: so the scripts and supervisors that the
command starts have them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .errors import ConfigError
from .keys import OVERRIDE, Place, dotted, setting_from_text

SET: Final = "PERQUEUE_SET"
"""The variable; each line is ``KEY=VALUE``, and of two for the same key the later counts."""
FLAG: Final = "--set"


def read_flags(environ: Mapping[str, str]) -> Iterator[tuple[Place, object, str]]:
    """The settings among the flags, checked, each with what to call where it came from, the one that counts first.

    Raises:
        ConfigError: One is not ``KEY=VALUE``, the key is unknown, or the value not allowed.
    """
    for line in reversed(environ.get(SET, "").splitlines()):
        if line.strip():
            yield *_parsed(line), FLAG


def with_flags(environ: Mapping[str, str], given: Sequence[str], executor: str | None = None) -> str:
    """The variable's value with more flags.

    Args:
        environ: Its value so far is there.
        given: ``KEY=VALUE`` each.
        executor: What everything goes to.

    Raises:
        ConfigError: One is not ``KEY=VALUE``, the key is unknown, or the value not allowed.
    """
    lines = [*given, *([] if executor is None else [f"{OVERRIDE[0]}={executor}"])]
    for line in lines:
        if len(line.splitlines()) > 1:
            raise ConfigError(FLAG, line.partition("=")[0], f"{line!r} has several lines: write a line break as \\n")
        _parsed(line)
    return "\n".join([*environ.get(SET, "").splitlines(), *lines])


def _parsed(line: str) -> tuple[Place, object]:
    key, equals, value = _split(line)
    if not equals:
        raise ConfigError(FLAG, repr(line), "it is not KEY=VALUE, such as local.cores=2")
    return setting_from_text(FLAG, _place(key.strip()), value.strip())


def _split(line: str) -> tuple[str, str, str]:
    """Key and value. An equals sign in quotes is part of the key."""
    quote = ""
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "=":
            return line[:at], "=", line[at + 1 :]
    return line, "", ""


def _place(key: str) -> Place:
    """The place that a key names, by TOML's own rules: with a dot in a name, the name is in quotes."""
    parts = key.split(".")
    if all(part and part.replace("_", "").replace("-", "").isalnum() and part.isascii() for part in parts):
        return tuple(parts)
    import tomllib  # only where somebody wrote quotes

    try:
        found: object = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(FLAG, repr(key), 'it is no key, such as partitions."gpu.a100".account') from error
    place: list[str] = []
    while isinstance(found, dict) and len(found) == 1:
        ((name, found),) = found.items()
        place.append(name)
    if found != 0 or not place:
        raise ConfigError(FLAG, dotted(tuple(parts)), "it is no key, such as local.cores")
    return tuple(place)
