"""The configuration as a value, from the layers that were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from perqueue.core.retry import Retry

from .errors import ConfigError
from .keys import OVERRIDE, Place, dotted
from .layers import Layers, load_layers
from .model import Config, ExecutorOptions, Partition

FIELDS: Final[Mapping[Place, str]] = {
    OVERRIDE: "override",
    ("local", "cores"): "cores",
    ("local", "idle"): "idle",
    ("local", "logs"): "logs",
    ("values", "shapes"): "shapes",
    ("environment", "allow"): "allow",
    ("checks", "submit"): "checks",
    ("queue", "store"): "store",
}
"""The field of :class:`Config` for each key outside the tables with names."""


def load_config(start: str, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration for a folder.

    Args:
        start: The folder; files are looked for in it and above it.
        environ: The environment; None: this process's.

    Raises:
        ConfigError: A file, variable or flag can't be used.
    """
    return build(load_layers(start, environ))


def build(layers: Layers) -> Config:
    """The configuration that some layers give.

    Raises:
        ConfigError: Settings that are allowed each for itself contradict each other.
    """
    plain = {FIELDS[place]: given.value for place, given in layers.given.items() if place in FIELDS}
    partitions = {name: _partition(name, keys) for name, keys in _named(layers, "partitions").items()}
    executors = {name: ExecutorOptions(name, **keys) for name, keys in _named(layers, "executors").items()}
    for options in executors.values():
        _check_intervals(layers, options)
    sources = {place: given.source for place, given in layers.given.items()}
    settings: dict[str, Any] = {**plain, "partitions": partitions, "executors": executors, "sources": sources}
    return Config(**settings)


def _named(layers: Layers, table: str) -> dict[str, dict[str, Any]]:
    """The settings of each name in a table, tables inside as dicts."""
    found: dict[str, dict[str, Any]] = {}
    for place, given in layers.given.items():
        if place[0] != table:
            continue
        keys = found.setdefault(place[1], {})
        for key in place[2:-1]:
            keys = keys.setdefault(key, {})
        keys[place[-1]] = given.value
    return found


def _partition(name: str, keys: dict[str, Any]) -> Partition:
    retry = keys.pop("retry", None)
    return Partition(name, retry=None if retry is None else Retry(**retry), **keys)


def _check_intervals(layers: Layers, options: ExecutorOptions) -> None:
    if options.interval <= options.max_interval:
        return
    for key in ("max_interval", "interval"):
        place = ("executors", options.name, key)
        if place in layers.given:
            told = f"interval {options.interval:g} s is longer than max_interval {options.max_interval:g} s"
            raise ConfigError(layers.given[place].source, dotted(place), told)
