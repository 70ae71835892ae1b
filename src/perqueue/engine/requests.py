"""What users ask of a queue, as transactions: planned at once, launched by whoever moves the queue."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from perqueue.codec import BlobSink, encode_mapping
from perqueue.config import Config, Partition
from perqueue.core.compile import compile_graph
from perqueue.core.decision import Decision
from perqueue.core.errors import UsageError
from perqueue.core.events import Cancelled, Edited, Event, Removed, Resubmitted, Submitted
from perqueue.core.graph import Graph
from perqueue.core.planner import plan
from perqueue.core.records import Context, StoredTask
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.core.task import Task
from perqueue.plugins.executors import executor_plugin
from perqueue.store.protocol import Transaction

from .asking import asked_by


class ArgumentsError(UsageError):
    """Arguments of a task that can't be stored."""

    def __init__(self, name: str, why: Sequence[object]) -> None:
        super().__init__(f"the arguments of task {name!r} can't be stored: {'; '.join(map(str, why))}")


class Submission:
    """A description made ready to be stored: compiled, with encoded arguments and known executors.

    Args:
        tasks: Anything that ``submit`` takes, or the graph that it compiles to.
        config: Which executors there are for which resources.
        blobs: Where large arrays among the arguments go.

    Raises:
        DescriptionError: It can't be compiled.
        PartitionError: Nothing configures a partition that it asks for.
        UnknownPluginError: The executor that the configuration names is not installed.
        ArgumentsError: An argument can't be stored.
    """

    def __init__(self, tasks: object, config: Config, blobs: BlobSink) -> None:
        self.graph: Graph = tasks if isinstance(tasks, Graph) else compile_graph(tasks)
        self._tasks = tuple(_stored(task, config, blobs) for task in self.graph.tasks)

    def store(self, state: Transaction, context: Context) -> list[int]:
        """Make its entries; their keys."""
        number = state.add_context(context)
        tasks = tuple(evolve(task, context=number) for task in self._tasks)
        return list(_apply(state, Submitted(time.time(), self.graph, tasks)).changes.new_entries)


def resubmit(state: Transaction, keys: Sequence[int]) -> None:
    """Run settled entries again.

    Raises:
        UnknownEntryError: There is no such entry.
        StateError: One of them is not settled.
    """
    _apply(state, Resubmitted(time.time(), tuple(keys)))


def cancel(state: Transaction, keys: Sequence[int]) -> None:
    """Give entries up.

    Raises:
        UnknownEntryError: There is no such entry.
        StateError: One of them is settled already.
    """
    _apply(state, Cancelled(time.time(), tuple(keys)))


def remove(state: Transaction, keys: Sequence[int]) -> list[int]:
    """Forget entries and all that depends on them; the keys of all that went.

    Raises:
        UnknownEntryError: There is no such entry.
    """
    return list(_apply(state, Removed(time.time(), tuple(keys))).changes.dropped_entries)


def edit(
    state: Transaction, key: int, change: Mapping[str, Any], *, everywhere: bool, config: Config | None = None
) -> list[int]:
    """Change fields of the stored task of an entry, or of all entries of that task; the keys that changed.

    Args:
        state: The transaction.
        key: The entry.
        change: Fields of :class:`~perqueue.core.records.StoredTask` and their new values.
        everywhere: Change all entries of the same task, and those yet to be made.
        config: What partitions give; needed where the resources change.

    Raises:
        UnknownEntryError: There is no such entry.
        StateError: One of them is with an executor.
        PartitionError: Nothing configures the partition of the new resources.
    """
    keys = state.place_of(key)
    entry = state.entry(key)
    assert entry is not None  # place_of found it
    task = evolve(state.task(entry.task), **change)
    if config is not None and "resources" in change:
        task = evolve(task, resources=growing(task.resources, _partition(task.resources, config), task.retry))
    keys = keys if everywhere else [key]
    _apply(state, Edited(time.time(), tuple(keys), task, everywhere))
    return keys


def encoded_args(name: str, args: Mapping[str, object], blobs: BlobSink) -> str:
    """A task's arguments as they are stored.

    Raises:
        ArgumentsError: One of them can't be.
    """
    if not isinstance(args, Mapping) or not all(isinstance(key, str) for key in args):
        raise ArgumentsError(name, [f"{args!r} is not a dict from argument names to values"])
    text, errors = encode_mapping(dict(args), blobs)
    if errors:
        raise ArgumentsError(name, errors)
    return text


def resources_change(resources: str | Resources, config: Config) -> dict[str, object]:
    """The fields that new resources change.

    Raises:
        ResourcesError: They are not in the grammar.
        PartitionError: Nothing configures their partition.
        UnknownPluginError: The executor that the configuration names is not installed.
    """
    parsed = Resources.parse(resources)
    return {"resources": parsed, "executor": _partition(parsed, config).lane}


def growing(resources: Resources, partition: Partition, retry: Retry | None) -> Resources:
    """What is stored: with what the partition adds to it, where the policy for retries goes by that.

    More memory than the partition gives can only be asked for if it is known how much that is; and which node to avoid
    only if it is known that there is one.
    """
    if retry is None:
        return resources
    if "oom" in retry.on and resources.memory is None:
        resources = evolve(resources, memory=partition.memory)
    of_node = partition.cores
    if "node-failure" in retry.on and resources.nodes is None and of_node is not None and resources.cores > of_node:
        resources = evolve(resources, nodes=math.ceil(resources.cores / of_node))
    return resources


def _stored(task: Task, config: Config, blobs: BlobSink) -> StoredTask:
    partition = _partition(task.resources, config)
    retry = partition.retry if task.retry is None else task.retry
    return StoredTask(
        name=task.name,
        code=task.code,
        func=task.func,
        args=encoded_args(task.name, task.args, blobs),
        resources=growing(task.resources, partition, retry),
        executor=partition.lane,
        context=0,
        folder=task.folder,
        module=task.module,
        retry=retry,
    )


def _partition(resources: Resources, config: Config) -> Partition:
    """What runs these resources, by an executor that is installed."""
    found = config.partition_for(resources)
    with asked_by(config.origin("partitions", found.name, "executor")):
        executor_plugin(found.executor)
    return found


def _apply(state: Transaction, event: Event) -> Decision:
    decision = plan(state, [event])
    state.apply(decision, decision.heard)
    return decision
