"""The contract of all executors, on the double of PBS."""

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import evolve
from tests.pbs.site import Pbs

from perqueue.config import Config, ExecutorOptions, Partition
from perqueue.engine.folder import QueueFolder
from perqueue.executors.pbs import PBS
from perqueue.executors.protocol import Executor, Site
from perqueue.testing.contracts.executors import ExecutorContract


@pytest.mark.slow
class TestPbs(ExecutorContract):
    """Two cores: more tasks have to wait."""

    cores: ClassVar[int] = 2

    @pytest.fixture(autouse=True)
    def _pbs(self, pbs: Pbs) -> None:
        pbs.set(nodes={"pbs0": self.cores})

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:
        """PBS's, looking at its jobs often."""
        config = evolve(
            config,
            partitions={"default": Partition("default", "pbs", queue="workq")},
            executors={"pbs": ExecutorOptions("pbs", interval=0.2, max_interval=0.5, absence=1.0)},
        )
        return PBS.open(Site(folder.root, folder.id), config)
