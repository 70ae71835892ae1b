"""Runs attempts on this machine, under the supervisor of the queue's home host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perqueue.plugins.descriptors import ExecutorPlugin

if TYPE_CHECKING:
    from perqueue.config import Config
    from perqueue.engine.folder import QueueFolder

    from .executor import LocalExecutor


def _open(folder: QueueFolder, config: Config) -> LocalExecutor:
    from .executor import LocalExecutor

    return LocalExecutor(folder.root, folder.spool(), config.cores, folder.supervisor_log)


LOCAL: Final = ExecutorPlugin(
    name="local", summary="this machine, as many cores at once as configured", open=_open, resident=True
)
