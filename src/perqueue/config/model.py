"""Every setting, with its default, as one immutable value."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from perqueue.core.resources import LOCAL, Resources
from perqueue.core.retry import Retry

from .errors import NoExecutorError, PartitionError
from .keys import Place, dotted

DEFAULT: Final = "default"
"""The partition of resources that name none."""


@frozen
class Partition:
    """What a partition name in resource strings stands for.

    Args:
        name: As it stands in resource strings.
        executor: The executor that runs its tasks.
        queue: The scheduler's name for it; None: the same name; empty: none is given, so that its default counts.
        cores: Cores of one of its nodes, if known.
        memory: Memory of a job on each node in MiB, where a task doesn't say; None leaves that to the scheduler.
        gpus: GPUs of a job, where a task doesn't say.
        gpu_type: The scheduler's name for the kind of GPU, where a task doesn't say.
        flags: More flags for the scheduler.
        modules: Environment modules to load.
        prologue: Lines of shell that run before Python starts.
        python: The interpreter for its tasks; None: the one that submitted them.
        account: What its jobs are charged to.
        qos: Quality of service.
        max_jobs: Most jobs in the scheduler's queue at once.
        requeue: Whether the scheduler itself may start jobs again, after a node failed for instance.
        mpi: How to start MPI processes, such as ``srun -n {processes}``, in which ``{processes}`` and ``{cores}`` are
            filled in; None: scripts run as one process.
        exclusive: Whether its jobs have their nodes for themselves.
        retry: When attempts follow others by themselves, where a task doesn't say.
        options: For executors that are not perqueue's own.
    """

    name: str
    executor: str = LOCAL
    queue: str | None = None
    cores: int | None = None
    memory: int | None = None
    gpus: int = 0
    gpu_type: str | None = None
    flags: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    python: str | None = None
    account: str | None = None
    qos: str | None = None
    max_jobs: int | None = None
    requeue: bool = False
    mpi: str | None = None
    exclusive: bool = False
    retry: Retry | None = None
    options: Mapping[str, Any] = field(factory=dict)

    @property
    def at_scheduler(self) -> str | None:
        """What the scheduler calls it; None where its jobs ask for no partition."""
        if self.queue is not None:
            return self.queue or None
        return None if self.name == DEFAULT else self.name

    def starter(self, resources: Resources) -> tuple[str, ...]:
        """The command that starts a task's MPI processes here; empty where it runs as one process."""
        processes = resources.cores if resources.processes is None else resources.processes
        if self.mpi is None or resources.serial or processes == 1:
            return ()
        # Split first: a word in quotes is one word, with blanks in it.
        return tuple(word.format(processes=processes, cores=resources.cores) for word in shlex.split(self.mpi))

    @property
    def lane(self) -> str:
        """What entries call it: ``local``, or executor and partition."""
        return LOCAL if self.executor == LOCAL else f"{self.executor}:{self.name}"


@frozen
class ExecutorOptions:
    """How an executor is used.

    Args:
        name: The executor.
        bin: Folder of its commands; None: they are on the search path.
        interval: Seconds between two looks at its jobs, at first.
        max_interval: What that grows to while nothing changes.
        max_jobs: Most jobs in its queue at once, over all partitions.
        max_array: Most elements of a job array; None: as the scheduler says.
        absence: Seconds for which a job must be missing without a break before it counts as vanished.
        options: For executors that are not perqueue's own.
    """

    name: str
    bin: str | None = None
    interval: float = 5.0
    max_interval: float = 120.0
    max_jobs: int = 1000
    max_array: int | None = None
    absence: float = 300.0
    options: Mapping[str, Any] = field(factory=dict)


@frozen
class Config:
    """Every setting, with its default.

    Args:
        cores: Cores of this machine that local tasks may occupy at once; all that it has by default.
        idle: Seconds that a supervisor stays when there is nothing to do.
        logs: ``queue``: one log per attempt in the queue's folder; ``perqueue``: ``perqueue.local.KEY.out`` and
            ``.err`` in the submission's folder, as PerQueue has them.
        shapes: ``typed``: values come back as the types they were; ``json``: tuples as lists, keys as strings.
        allow: Names (with ``*``) of environment variables that tasks get besides the usual ones.
        partitions: What partition names stand for; ``default`` is for resources without a partition.
        override: The executor that everything goes to (``local`` or ``dry-run``), from ``PERQUEUE_EXECUTOR`` or a flag.
        checks: ``errors``: what would fail is not submitted; ``off``: ``submit`` checks nothing.
        executors: How executors are used, by their name.
        store: What keeps the state of queues that are made.
        sources: Where each setting that something gives came from, by its place: for messages, and no setting itself.
    """

    cores: int = field(factory=lambda: cores_here())
    idle: float = 5.0
    logs: str = "queue"
    shapes: str = "typed"
    allow: tuple[str, ...] = ()
    partitions: Mapping[str, Partition] = field(factory=dict)
    override: str | None = None
    checks: str = "errors"
    executors: Mapping[str, ExecutorOptions] = field(factory=dict)
    store: str = "sqlite"
    sources: Mapping[Place, str] = field(factory=dict, eq=False, repr=False)

    def origin(self, *place: str) -> str:
        """A setting as messages name it: the file, variable or flag that gives it, if any does, and its key."""
        source = self.sources.get(place)
        return dotted(place) if source is None else f"{source}: {dotted(place)}"

    @property
    def lanes(self) -> Mapping[str, tuple[str, str]]:
        """Executor and partition of each lane that something may be given to, the local one first."""
        named = {part.lane: (part.executor, part.name) for part in self.partitions.values() if part.executor != LOCAL}
        return {LOCAL: (LOCAL, ""), **dict(sorted(named.items()))}

    def partition(self, name: str | None) -> Partition | None:
        """What a partition name stands for, if anything; None: the default one."""
        if name == LOCAL:
            return self.partitions.get(LOCAL, Partition(LOCAL))
        return self.partitions.get(name or DEFAULT)

    def known(self, name: str) -> Partition:
        """What the partition of a recorded attempt stands for; by its bare name if the configuration has lost it."""
        return self.partition(name) or Partition(name)

    def options(self, executor: str) -> ExecutorOptions:
        """How an executor is used."""
        return self.executors.get(executor, ExecutorOptions(executor))

    def at_a_loss(self, name: str) -> str | None:
        """The setting for a scheduler that a partition has, where nothing says which; with where it came from."""
        if name == LOCAL or ("partitions", name, "executor") in self.sources:
            return None
        places = (("partitions", name, key) for key in ("account", "qos", "queue", "flags"))
        return next((self.origin(*place) for place in places if place in self.sources), None)

    def partition_for(self, resources: Resources) -> Partition:
        """What runs these resources.

        Raises:
            PartitionError: Nothing configures their partition, or not which executor it has.
        """
        found = self.partition(resources.partition)
        if self.override is not None:
            return evolve(found or Partition(resources.partition or DEFAULT), executor=self.override)
        if found is None:
            raise PartitionError(resources, self.partitions)
        if (setting := self.at_a_loss(found.name)) is not None:
            raise NoExecutorError(found.name, setting)
        return found


def lane_executor(lane: str) -> str:
    """The executor of a lane."""
    return lane.partition(":")[0]


def scaled(resources: Resources, config: Config) -> int:
    """How many cores of this machine stand for those that a task asks for of a cluster's partition.

    A task that takes half a node there takes half of this machine here, where the configuration says how many cores a
    node has; all of it if it asks for more. Where a node's cores are not known, it takes as many as it asks for, as far
    as there are so many. What asks for this machine, or does not run on it, gets what it asks for.
    """
    partition = config.partition(resources.partition)
    here = config.override == LOCAL or (partition is not None and partition.executor == LOCAL)
    if resources.local or not here:
        return resources.cores
    node = partition.cores if partition is not None else None
    share = -(-resources.cores * config.cores // node) if node else resources.cores  # rounded up, and exact
    return max(1, min(config.cores, share))


def cores_here() -> int:
    """The cores that this process may use: all of the machine's, unless something bound it to some of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
