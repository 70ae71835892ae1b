"""Runs attempts as jobs of Slurm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perqueue.executors.batch.plugin import batch_plugin

if TYPE_CHECKING:
    from .dialect import SlurmDialect


def _dialect() -> SlurmDialect:
    from .dialect import SlurmDialect

    return SlurmDialect()


SLURM: Final = batch_plugin("slurm", "jobs of Slurm, equal ones as arrays", _dialect, explains=True)
