"""``pq config check``: try everything that the configuration names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from attrs import asdict, frozen

from perqueue.config import Config, NoExecutorError, load_config, scaled
from perqueue.config.kinds import did_you_mean
from perqueue.config.listing import executors_named
from perqueue.core.resources import LOCAL, Resources
from perqueue.core.telling import describe_error
from perqueue.plugins.manager import Plugins, load_plugins

from ..printing import counted, one_line, put, put_json


@frozen
class Trial:
    """One thing that was tried: of what, which one, whether it works, and what was found."""

    of: str
    what: str
    works: bool
    found: str = ""


def try_settings(*, as_json: bool) -> int:
    """Try each executor that the configuration names, and the store; the exit status.

    Raises:
        ConfigError: The configuration can't be used at all.
    """
    config = load_config(os.getcwd())
    plugins = load_plugins()
    found = [_try_store(config, plugins)]
    for name in executors_named(config):
        found += _try_executor(name, config, plugins)
    if as_json:
        put_json([asdict(trial) for trial in found])
    else:
        for trial in found:
            parts = ["ok" if trial.works else "problem", trial.of, trial.what, trial.found]
            put(": ".join(one_line(part) for part in parts if part))
    return 0 if all(trial.works for trial in found) else 1


def _try_executor(name: str, config: Config, plugins: Plugins) -> Iterator[Trial]:
    plugin = plugins.executors.get(name)
    if plugin is None:
        partitions = sorted(part.name for part in config.partitions.values() if part.executor == name)
        # Options of an executor that no partition uses name it too.
        options = (config.origin(*place) for place in config.sources if place[:2] == ("executors", name))
        tables = [config.origin("partitions", one, "executor") for one in partitions] or [next(options, name)]
        yield _missing(name, "executor", name, plugins, plugins.executors, tables)
        return
    if name == LOCAL:
        yield from _try_local(config)
    try:
        # Anybody's code: whatever it raises, the others are tried too.
        tried = [] if plugin.check is None else list(plugin.check(config))
    except Exception as error:
        yield Trial(name, "its own check", works=False, found=f"it failed with {describe_error(error)}")
        return
    yield from (Trial(name, one.what, one.works, one.found) for one in tried)
    if not tried and name != LOCAL:
        used = ", ".join(sorted(part.name for part in config.partitions.values() if part.executor == name))
        told = f"it brings no check of its own; used by {used or 'no partition'}"
        yield Trial(name, "installed", works=True, found=told)


def _try_local(config: Config) -> Iterator[Trial]:
    yield Trial(LOCAL, "this machine", works=True, found=f"{counted(config.cores, 'core')} for tasks")
    for partition in config.partitions.values():
        if partition.executor != LOCAL or partition.name == LOCAL:
            continue
        setting = config.at_a_loss(partition.name)
        if setting is not None:
            told = str(NoExecutorError(partition.name, setting))
            yield Trial(LOCAL, f"partition {partition.name}", works=False, found=told)
            continue
        told = "tasks take as many cores as they ask for, as far as there are"
        if partition.cores:
            whole = scaled(Resources(cores=partition.cores, partition=partition.name), config)
            told = f"a node's {counted(partition.cores, 'core')} are {counted(whole, 'core')} here"
        yield Trial(LOCAL, f"partition {partition.name}", works=True, found=told)


def _try_store(config: Config, plugins: Plugins) -> Trial:
    if config.store not in plugins.stores:
        return _missing("store", "store", config.store, plugins, plugins.stores, [config.origin("queue", "store")])
    return Trial("store", config.store, works=True, found="for new queues")


def _missing(
    of: str, what: str, name: str, plugins: Plugins, installed: Iterable[str], asked_by: Sequence[str]
) -> Trial:
    broken = "".join(f"; the plugin {plugin!r} can't be used: {why}" for plugin, why in plugins.failed.items())
    close = did_you_mean(name, installed)
    told = f"{', '.join(asked_by)}; installed are: {', '.join(sorted(installed))}{close}{broken}"
    return Trial(of, f"no {what} {name!r} is installed", works=False, found=told)
