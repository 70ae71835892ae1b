"""Where simulated tasks run: this machine and partitions, as configured and as the scenario says."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from perqueue.config import Config, Partition, scaled
from perqueue.core.resources import LOCAL, Resources

from ..mode import NAME
from ..scenarios.scenario import Machine, Scenario
from .pool import Size

_MAX_ARRAY: Final = 1000
"""Most elements of a job array where no configuration says: Slurm's own limit, but for one."""


@frozen
class Place:
    """Where a task runs.

    Args:
        lane: The lane of its entries.
        size: How large it is.
        executor: What runs it: ``local``, a batch executor, or ``dry-run`` where nothing configures it.
        executor_jobs: Most jobs at once in all partitions of the executor; None: no limit.
        max_array: Most elements of a job array; 0 where there are no jobs of a scheduler.
        origin: What configures its executor, as messages name it; empty where nothing does.
    """

    lane: str
    size: Size
    executor: str
    executor_jobs: int | None = None
    max_array: int = 0
    origin: str = ""


class Machines:
    """Finds the place for resources.

    Args:
        config: The configuration; that everything is to be simulated doesn't count.
        scenario: What it says of partitions.
    """

    def __init__(self, config: Config, scenario: Scenario) -> None:
        self._config = evolve(config, override=None if config.override == NAME else config.override)
        self._scenario = scenario
        self._places: dict[str, Place] = {}

    def partition(self, resources: Resources) -> Partition:
        """What runs these resources; where nothing is configured, a partition without limits."""
        if self._config.override is not None or self._config.partition(resources.partition) is not None:
            return self._config.partition_for(resources)
        return Partition(resources.partition or "default", NAME)

    def place(self, resources: Resources) -> Place:
        """Where a task with these resources runs."""
        partition = self.partition(resources)
        found = self._places.get(partition.lane)
        if found is None:
            found = self._places[partition.lane] = self._made(partition)
        return found

    def occupied(self, resources: Resources, place: Place) -> Resources:
        """What a task takes of its place: of this machine never more than there is."""
        if place.lane != LOCAL:
            return resources
        cores = min(scaled(resources, self._config), place.size.cores or 1)
        return evolve(resources, cores=cores, nodes=1, gpus=0, exclusive=False, avoid=())

    def _made(self, partition: Partition) -> Place:
        if partition.lane == LOCAL:
            said = self._scenario.partitions.get(LOCAL, Machine())
            return Place(LOCAL, Size(LOCAL, 1, said.cores or self._config.cores), LOCAL)
        said = self._scenario.partitions.get(partition.name, Machine())
        size = Size(
            partition.name,
            said.nodes,
            said.cores or partition.cores,
            said.gpus,
            said.max_jobs or partition.max_jobs,
            partition.gpus,
            partition.exclusive,
        )
        if self._config.partition(partition.name) is None:
            return Place(partition.lane, size, NAME, None, _MAX_ARRAY)
        options = self._config.options(partition.executor)
        return Place(
            partition.lane,
            size,
            partition.executor,
            options.max_jobs,
            options.max_array or _MAX_ARRAY,
            self._config.origin("partitions", partition.name, "executor"),
        )
