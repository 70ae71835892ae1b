"""An executor by name, without loading anybody's plugins where one of our own is meant."""

from __future__ import annotations

from perqueue.executors.protocol import ExecutorPlugin


def executor_plugin(name: str) -> ExecutorPlugin:
    """The executor plugin of this name.

    Raises:
        UnknownPluginError: None is installed.
    """
    if name == "local":
        from perqueue.executors.local import LOCAL

        return LOCAL
    if name == "slurm":
        from perqueue.executors.slurm import SLURM

        return SLURM
    if name == "pbs":
        from perqueue.executors.pbs import PBS

        return PBS
    from .manager import load_plugins

    return load_plugins().executor(name)
