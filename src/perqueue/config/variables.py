"""Environment variables as a layer of the configuration: ``PERQUEUE_LOCAL_CORES`` is ``local.cores``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .errors import EXECUTOR, ConfigError
from .keys import OVERRIDE, TREE, Named, Place, setting_from_text

_PREFIX: Final = "PERQUEUE_"


def read_variables(environ: Mapping[str, str], places: Iterable[Place]) -> Iterator[tuple[Place, object, str]]:
    """The settings among the variables, checked, each with what to call where it came from.

    Variables with another word after ``PERQUEUE_`` than that of a table are somebody else's, and empty ones are as good
    as unset.

    Args:
        environ: The variables.
        places: What the other layers set: names of partitions have their capitals and dots from there.

    Raises:
        ConfigError: A key is unknown, or a value not allowed.
    """
    names = {place[:2] for place in places if len(place) > 2}
    for variable in sorted(name for name in environ if name.startswith(_PREFIX) and environ[name]):
        source = f"the environment variable {variable}"
        place = OVERRIDE if variable == EXECUTOR else _place(source, variable.removeprefix(_PREFIX), names)
        if place is not None:
            yield *setting_from_text(source, place, environ[variable]), source


def variable_for(place: Place) -> str:
    """The variable that sets a key."""
    return EXECUTOR if place == OVERRIDE else _PREFIX + "_".join(_spelled(part) for part in place)


def _place(source: str, words: str, names: Iterable[Place]) -> Place | None:
    table = next((table for table in TREE if words.startswith(f"{table.upper()}_")), None)
    if table is None:
        return None
    rest = words[len(table) + 1 :]
    node = TREE[table]
    if not isinstance(node, Named):
        return table, rest.lower()
    # What is configured elsewhere tells best where a name ends; the longest one, if several fit.
    for name in sorted((name for where, name in names if where == table), key=len, reverse=True):
        spelled = _spelled(name)
        if rest == spelled:
            return table, name
        if rest.startswith(f"{spelled}_"):
            return table, name, *_below(rest[len(spelled) + 1 :])
    found = re.fullmatch(rf"(.+?)_({'|'.join(_endings(node))})", rest)
    if found is not None:
        return table, found[1].lower(), *_below(found[2])
    if node.short:
        return table, rest.lower()
    known = ", ".join(node.each)
    raise ConfigError(source, table, f"{rest!r} ends in no key; {node.one} has: {known}")


def _below(words: str) -> Place:
    table, _, key = words.lower().partition("_")
    return (table, key) if key and table in ("retry", "options") else (words.lower(),)


def _endings(node: Named) -> Iterator[str]:
    """The keys of a table with a name, as they end a variable's name, the longest first."""
    keys: list[str] = []
    for key, below in node.each.items():
        keys += [f"{key}_{inner}" for inner in below] if isinstance(below, Mapping) else [key]
    plain = [key.upper() for key in keys if key != "options"]
    yield from sorted(plain, key=len, reverse=True)
    yield "OPTIONS_.+"


def _spelled(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
