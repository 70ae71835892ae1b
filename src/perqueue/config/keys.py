"""Which keys there are, and of which kind: the tree that files, variables and flags are held against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, Union

from attrs import frozen

from perqueue.core.errors import ResourcesError
from perqueue.core.resources import LOCAL, Resources

from .errors import ConfigError
from .kinds import (
    ANYTHING,
    FOLDER,
    MEMORY,
    NAME,
    PROGRAM,
    RETRY,
    TRUTH,
    Kind,
    RefusedError,
    choice,
    command,
    did_you_mean,
    flags,
    retry,
    seconds,
    text,
    whole,
    words,
)

Place: TypeAlias = tuple[str, ...]
"""A key with the tables that it is in: ``("partitions", "xeon24", "account")``."""

OVERRIDE: Final[Place] = ("executor",)
"""What everything goes to. It belongs to one command, not to a folder, so only a variable or a flag sets it."""
OVERRIDES: Final = choice(LOCAL, "dry-run")


@frozen
class Named:
    """A table of tables with names of the user's choice.

    Args:
        one: What one of them is called.
        each: The keys of each.
        short: The key that is meant where a name has text instead of a table.
    """

    one: str
    each: Mapping[str, Node]
    short: str = ""


Node: TypeAlias = Union[Kind, Named, "Mapping[str, Node]", None]
"""A value, a table, or (None) a table with any keys."""

MPI_NAMES: Final = ("processes", "cores")
"""What stands in braces in ``mpi``: :meth:`~perqueue.config.model.Partition.starter` fills these in."""

_RETRY: Final[Mapping[str, Node]] = {name: retry(name) for name in RETRY}

PARTITION: Final[Mapping[str, Node]] = {
    "executor": NAME,
    "queue": text("the scheduler's name of a queue, or '' to name none", empty=True),
    "cores": whole(1),
    "memory": MEMORY,
    "gpus": whole(0),
    "gpu_type": text("a kind of GPU"),
    "flags": flags("a list of flags"),
    "modules": words("a list of names of modules"),
    "prologue": words("a list of lines of shell", lines=True),
    "python": PROGRAM,
    "account": text("the name of an account"),
    "qos": text("the name of a quality of service"),
    "max_jobs": whole(1),
    "requeue": TRUTH,
    "mpi": command("a command, such as 'srun -n {processes}'", *MPI_NAMES),
    "exclusive": TRUTH,
    "retry": _RETRY,
    "options": None,
}
EXECUTOR: Final[Mapping[str, Node]] = {
    "bin": FOLDER,
    "interval": seconds(0.1),
    "max_interval": seconds(0.1),
    "max_jobs": whole(1),
    "max_array": whole(1),
    "absence": seconds(0),
    "options": None,
}
TREE: Final[Mapping[str, Node]] = {
    "local": {"cores": whole(1), "idle": seconds(0), "logs": choice("queue", "perqueue")},
    "values": {"shapes": choice("typed", "json")},
    "environment": {"allow": words("a list of names of variables")},
    "partitions": Named("a partition", PARTITION, "executor"),
    "executors": Named("an executor", EXECUTOR),
    "checks": {"submit": choice("errors", "off")},
    "queue": {"store": text("the name of a store")},
}
"""What a file may have."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_\-]+")


def dotted(place: Place) -> str:
    """A key as TOML has it: ``partitions."gpu.a100".account``."""
    return ".".join(part if _PLAIN.fullmatch(part) else json.dumps(part, ensure_ascii=False) for part in place)


def settings_in(source: str, tables: Mapping[str, object]) -> Iterator[tuple[Place, object]]:
    """Every setting of a file, checked.

    Raises:
        ConfigError: A key is unknown, or its value not allowed.
    """
    return _flattened(source, (), TREE, tables)


def setting_from_text(source: str, place: Place, given: str) -> tuple[Place, object]:
    """A setting from the text of a variable or flag, checked. Its place may be the short one of a partition.

    Raises:
        ConfigError: The key is unknown, or its value not allowed.
    """
    if place == OVERRIDE:
        return place, checked(source, place, OVERRIDES, given)
    node: Node = TREE
    for number, key in enumerate(place):
        node = _step(source, place[:number], node, key)
    if not isinstance(node, Kind):
        short = _short(place)
        if not short:
            known = ", ".join(node) if isinstance(node, Mapping) else "a name"
            raise ConfigError(source, dotted(place), f"it is a table: go on with {known}")
        place, node = (*place, short), NAME
    return place, checked(source, place, node, node.read(given))


def checked(source: str, place: Place, kind: Kind, value: object) -> object:
    """The setting for a value.

    Raises:
        ConfigError: It is not of its kind.
    """
    try:
        found = kind.check(value)
    except RefusedError as error:
        raise ConfigError(source, dotted(place), str(error)) from error
    if place == ("partitions", LOCAL, "executor") and found != LOCAL:
        told = f"{found!r} is not allowed: tasks that name 'local' run on the queue's home host; choose from: {LOCAL}"
        raise ConfigError(source, dotted(place), told)
    return found


def _flattened(source: str, place: Place, node: Node, value: object) -> Iterator[tuple[Place, object]]:
    if isinstance(node, Kind):
        yield place, checked(source, place, node, value)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            inner = (*place, key)
            yield from _flattened(source, inner, _step(source, place, node, key), below)
    elif _short(place):
        place = (*place, _short(place))
        yield place, checked(source, place[:-1] if not isinstance(value, str) else place, NAME, value)
    elif len(place) == 1:
        told = f"{value!r} is not a table: write [{place[0]}] on a line of its own"
        raise ConfigError(source, dotted(place), told)
    else:
        raise ConfigError(source, dotted(place), f"{value!r} is not a table such as {{ … }}")


def _step(source: str, place: Place, node: Node, key: str) -> Node:
    """What is below a table, under a key."""
    where = dotted((*place, key))
    if isinstance(node, Kind):
        raise ConfigError(source, where, f"unknown; {dotted(place)} is not a table")
    if node is None:
        return ANYTHING
    if isinstance(node, Named):
        _check_name(source, where, node, key)
        return node.each
    if key in node:
        return node[key]
    known = ", ".join(node)
    if not place:
        raise ConfigError(source, where, f"unknown; the tables are: {known}{did_you_mean(key, node)}")
    kind = TREE[place[0]]
    one = kind.one if isinstance(kind, Named) and len(place) == 2 else dotted(place)
    told = f"unknown; {one} has: {known}{did_you_mean(key, node)}"
    if one == "a partition":
        told += f"; if {'.'.join((place[1], key))!r} is a name, put it in quotes" if _fits(f"{place[1]}.{key}") else ""
    raise ConfigError(source, where, told)


def _short(place: Place) -> str:
    node = TREE.get(place[0]) if len(place) == 2 else None
    return node.short if isinstance(node, Named) else ""


def _check_name(source: str, where: str, node: Named, name: str) -> None:
    if node.short and not _fits(name):
        told = "no resource string can name it: a partition begins with a letter; letters, digits, _ . - follow"
        raise ConfigError(source, where, told)
    if not node.short:
        try:
            NAME.check(name)
        except RefusedError as error:
            raise ConfigError(source, where, str(error)) from error


def _fits(name: str) -> bool:
    try:
        return Resources.parse(f"1:{name}:1m").partition == name
    except ResourcesError:
        return False
