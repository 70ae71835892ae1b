"""The contract of all executors, on a real Slurm."""

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import evolve
from tests.slurm.cluster import Cluster

from perqueue.config import Config, ExecutorOptions, Partition
from perqueue.engine.folder import QueueFolder
from perqueue.executors.protocol import Executor, Site
from perqueue.executors.slurm import SLURM
from perqueue.testing.contracts.executors import ExecutorContract


@pytest.mark.slow
class TestSlurm(ExecutorContract):
    """Two nodes, each for one job at a time: more has to wait."""

    cores: ClassVar[int] = 2

    @pytest.fixture(autouse=True)
    def _slurm(self, slurm: Cluster) -> None:
        pass

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:
        """Slurm's, looking at its jobs often."""
        config = evolve(
            config,
            partitions={"default": Partition("default", "slurm", queue="xeon24", exclusive=True)},
            executors={"slurm": ExecutorOptions("slurm", interval=0.2, max_interval=0.5)},
        )
        return SLURM.open(Site(folder.root, folder.id), config)
