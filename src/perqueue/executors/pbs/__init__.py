"""Runs attempts as jobs of PBS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from perqueue.executors.batch.plugin import batch_plugin

if TYPE_CHECKING:
    from .dialect import PbsDialect


def _dialect() -> PbsDialect:
    from .dialect import PbsDialect

    return PbsDialect()


PBS: Final = batch_plugin("pbs", "jobs of OpenPBS or PBS Professional, equal ones as arrays", _dialect)
