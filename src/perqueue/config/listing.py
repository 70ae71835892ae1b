"""Every value of a configuration, given or default, with where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import frozen

from perqueue.core.resources import LOCAL, format_memory, format_seconds

from .keys import EXECUTOR, OVERRIDE, PARTITION, TREE, Named, Node, Place, dotted
from .kinds import Kind
from .layers import Layers
from .load import FIELDS, build
from .model import Config, ExecutorOptions, Partition

DEFAULT: Final = "default"
"""Where a value came from that nothing gives."""
_WRITTEN: Final[Mapping[Place, Callable[[int], str]]] = {
    ("memory",): format_memory,
    ("retry", "max_time"): format_seconds,
    ("retry", "max_memory"): format_memory,
}
"""How numbers of partitions are written that people give with a unit."""


@frozen
class Value:
    """A key, its value as TOML has it, and where that came from."""

    key: str
    value: object
    source: str


def all_values(layers: Layers) -> list[Value]:
    """Every key that has a value: those of the plain tables, then of each partition and of each executor in use.

    Raises:
        ConfigError: The layers contradict each other.
    """
    return list(_values(layers, build(layers)))


def executors_named(config: Config) -> list[str]:
    """The executors that a configuration names, this machine's first."""
    named = {partition.executor for partition in config.partitions.values()} | config.executors.keys()
    return [LOCAL, *sorted(named - {LOCAL})]


def _values(layers: Layers, config: Config) -> Iterator[Value]:
    if OVERRIDE in layers.given:
        yield _value(layers, OVERRIDE, config.override)
    for table, node in TREE.items():
        if isinstance(node, Mapping):
            for key in node:
                yield _value(layers, (table, key), getattr(config, FIELDS[table, key]))
        elif table == "partitions":
            for name in sorted(config.partitions):
                yield from _named(layers, (table, name), PARTITION, config.partitions[name])
        elif isinstance(node, Named):
            for name in executors_named(config):
                if name != LOCAL or name in config.executors:
                    yield from _named(layers, (table, name), EXECUTOR, config.options(name))


def _named(
    layers: Layers, place: Place, keys: Mapping[str, Node], found: Partition | ExecutorOptions
) -> Iterator[Value]:
    for key, node in keys.items():
        value = getattr(found, key)
        # What nothing gives and has no default has no value: there is nothing to show.
        if isinstance(node, Kind):
            if value not in (None, ()) or (*place, key) in layers.given:
                yield _value(layers, (*place, key), value)
        elif isinstance(node, Mapping):
            inside = {} if value is None else {inner: getattr(value, inner) for inner in node}
            yield from (_value(layers, (*place, key, i), given) for i, given in inside.items() if given is not None)
        else:
            yield from (_value(layers, (*place, key, inner), value[inner]) for inner in value)


def _value(layers: Layers, place: Place, value: object) -> Value:
    given = layers.given.get(place)
    shown = list(value) if isinstance(value, tuple) else value
    written = _WRITTEN.get(place[2:]) if place[0] == "partitions" else None
    if written is not None and isinstance(value, int):
        shown = written(value)
    return Value(dotted(place), shown, DEFAULT if given is None else given.source)
