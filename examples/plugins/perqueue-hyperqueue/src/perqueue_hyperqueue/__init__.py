"""Runs entries on HyperQueue, which packs many short tasks into few allocations of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from perqueue.plugins import ExecutorPlugin, Site, hookimpl

if TYPE_CHECKING:
    from perqueue.config import Config
    from perqueue.executors.protocol import Executor, Tried


def _open(site: Site, config: Config) -> Executor:
    from .executor import HyperQueueExecutor
    from .options import Options

    return HyperQueueExecutor(site, config, Options.of(config))


def _check(config: Config) -> Iterable[Tried]:
    from .checking import check

    return check(config)


HYPERQUEUE: Final = ExecutorPlugin(
    name="hq", summary="HyperQueue: many short tasks in few allocations", open=_open, check=_check
)


@hookimpl
def perqueue_executors() -> Iterable[ExecutorPlugin]:
    """The executor ``hq``."""
    return [HYPERQUEUE]
