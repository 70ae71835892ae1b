"""What the user configured: ``perqueue.toml`` and the environment, over the embedded defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from perqueue.core.errors import UsageError
from perqueue.core.resources import LOCAL, Resources

FILE: Final = "perqueue.toml"
EXECUTOR: Final = "PERQUEUE_EXECUTOR"


class ConfigError(UsageError):
    """A configuration that can't be used: names file, key and what is allowed."""

    def __init__(self, source: str, key: str, what: str) -> None:
        super().__init__(f"{source}: {key}: {what}")


class PartitionError(UsageError):
    """Nothing configures the partition that a task asks for."""

    def __init__(self, resources: Resources) -> None:
        wanted = "no partition" if resources.partition is None else f"the partition {resources.partition!r}"
        name = resources.partition or "default"
        super().__init__(
            f"resources '{resources}' name {wanted}, which no configuration maps to an executor: "
            f'set {EXECUTOR}=local to run everything on this machine, or write in {FILE}: [partitions] {name} = "local"'
        )


@frozen
class Config:
    """Every setting, with its default.

    Args:
        cores: Cores of this machine that local tasks may occupy at once; all that it has by default.
        idle: Seconds that a supervisor stays when there is nothing to do.
        logs: ``queue``: one log per attempt in the queue's folder; ``perqueue``: ``perqueue.local.KEY.out`` and
            ``.err`` in the submission's folder, as PerQueue has them.
        shapes: ``typed``: values come back as the types they were; ``json``: tuples as lists, keys as strings.
        allow: Names (with ``*``) of environment variables that tasks get besides the usual ones.
        partitions: Executor by partition name; ``default`` is for resources without a partition.
        override: The executor that everything goes to, from ``PERQUEUE_EXECUTOR``.
        checks: ``errors``: what would fail is not submitted; ``off``: ``submit`` checks nothing.
    """

    cores: int = field(factory=lambda: cores_here())
    idle: float = 5.0
    logs: str = "queue"
    shapes: str = "typed"
    allow: tuple[str, ...] = ()
    partitions: Mapping[str, str] = field(factory=dict)
    override: str | None = None
    checks: str = "errors"

    @property
    def executors(self) -> list[str]:
        """Names of all executors that something may be given to, the local one first."""
        return [LOCAL, *sorted({*self.partitions.values()} - {LOCAL})]

    def executor_for(self, resources: Resources) -> str:
        """Name of the executor for these resources.

        Raises:
            PartitionError: Nothing configures their partition.
        """
        if self.override is not None:
            return self.override
        if resources.partition == LOCAL:
            return LOCAL
        found = self.partitions.get(resources.partition or "default")
        if found is None:
            raise PartitionError(resources)
        return found


def cores_here() -> int:
    """The cores that this process may use: all of the machine's, unless something bound it to some of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_config(start: str, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration for a folder: ``perqueue.toml`` there or above, else in ``.perqueue``, else the user's own.

    Raises:
        ConfigError: A file or variable can't be used.
    """
    environ = os.environ if environ is None else environ
    path = config_path(start, environ)
    settings = {} if path is None else _read(path)
    override = environ.get(EXECUTOR) or None
    if override is not None and override != LOCAL:
        raise ConfigError(f"the environment variable {EXECUTOR}", repr(override), f"allowed is: {LOCAL}")
    return Config(**settings, override=override)


def config_path(start: str, environ: Mapping[str, str]) -> str | None:
    """The file that configures a folder: there or above, else in ``.perqueue`` there, else the user's own."""
    here = os.path.abspath(start)
    candidates = []
    while True:
        candidates += [f"{here}/{FILE}", f"{here}/.perqueue/{FILE}"]
        above = os.path.dirname(here)
        if above == here:
            break
        here = above
    home = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    candidates.append(f"{home}/perqueue/{FILE}")
    return next((path for path in candidates if os.path.isfile(path)), None)


def _read(path: str) -> dict[str, Any]:
    import tomllib  # only where there is a file

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except (OSError, ValueError) as error:  # not TOML, or not UTF-8
        raise ConfigError(path, "the file", f"it can't be read: {error}") from error
    settings: dict[str, Any] = {}
    for table, keys in _checked_tables(path, tables).items():
        if table == "partitions":
            settings["partitions"] = {name: _text(path, f"partitions.{name}", value) for name, value in keys.items()}
            continue
        for key, value in keys.items():
            known = _KEYS[table]
            if key not in known:
                raise ConfigError(path, f"{table}.{key}", f"unknown; {table} has: {', '.join(known)}")
            settings[known[key]] = _check(path, f"{table}.{key}", known[key], value)
    return settings


_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "local": {"cores": "cores", "idle": "idle", "logs": "logs"},
    "values": {"shapes": "shapes"},
    "environment": {"allow": "allow"},
    "partitions": {},
    "checks": {"submit": "checks"},
}
_CHOICES: Final = {"logs": ("queue", "perqueue"), "shapes": ("typed", "json"), "checks": ("errors", "off")}


def _checked_tables(path: str, tables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    for table, keys in tables.items():
        if table not in _KEYS:
            raise ConfigError(path, table, f"unknown; the tables are: {', '.join(_KEYS)}")
        if not isinstance(keys, Mapping):
            raise ConfigError(path, table, f"{keys!r} is not a table: write [{table}] on a line of its own")
    return dict(tables)


def _check(path: str, key: str, setting: str, value: object) -> object:
    match setting, value:
        case "cores", int() if not isinstance(value, bool) and value >= 1:
            return value
        case "cores", _:
            raise ConfigError(path, key, f"{value!r} is not a whole number from 1")
        case "idle", int() | float() if not isinstance(value, bool) and value >= 0:
            return float(value)
        case "idle", _:
            raise ConfigError(path, key, f"{value!r} is not a number of seconds from 0")
        case "allow", list() if all(isinstance(name, str) for name in value):
            return tuple(value)
        case "allow", _:
            raise ConfigError(path, key, f"{value!r} is not a list of names of variables")
    if value not in _CHOICES[setting]:
        raise ConfigError(path, key, f"{value!r} is not allowed; choose from: {', '.join(_CHOICES[setting])}")
    return value


def _text(path: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(path, key, f"{value!r} is not the name of an executor")
    return value
