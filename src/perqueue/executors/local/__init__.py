"""Runs attempts on this machine, under the supervisor of the queue's home host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..protocol import ExecutorPlugin, Site

if TYPE_CHECKING:
    from perqueue.config import Config

    from .executor import LocalExecutor


def _open(site: Site, config: Config) -> LocalExecutor:
    from perqueue.runner.spool import Spool

    from .executor import LocalExecutor

    return LocalExecutor(site.root, Spool(site.root, site.queue), config.cores, f"{site.root}/supervisor.log")


LOCAL: Final = ExecutorPlugin(
    name="local", summary="this machine, as many cores at once as configured", open=_open, resident=True
)
