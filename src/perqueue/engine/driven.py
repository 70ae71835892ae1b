"""Whether whoever drives a queue knows what is submitted.

A submission goes by the configuration of its own folder, and whoever launches by that of the queue's folder. They are
the same for most, but a file in a folder between the two counts for the submission only.
"""

from __future__ import annotations

import os
import sys

from perqueue.config import FILE, Config, Partition, config_files, load_config
from perqueue.core.errors import UsageError
from perqueue.core.graph import Graph
from perqueue.core.resources import LOCAL

from .folder import QueueFolder


class OtherConfigError(UsageError):
    """Entries would never run: the queue's own configuration has no such partition, or another executor for it."""

    def __init__(self, partition: Partition, origin: str, there: Partition | None, folder: str) -> None:
        has = "no such partition" if there is None else f"the executor {there.executor!r} for it"
        super().__init__(
            f"{origin} has the executor {partition.executor!r} for the partition {partition.name!r}, but the queue in "
            f"{folder} is driven by the configuration of that folder, which has {has}: configure it in {folder}/{FILE}"
        )


def refuse_unknown(graph: Graph, config: Config, start: str, folder: QueueFolder) -> None:
    """Refuse partitions that would keep their entries waiting for ever; tell of settings that will not count.

    Args:
        graph: What is submitted.
        config: By which it is submitted.
        start: The folder whose configuration that is.
        folder: The queue.

    Raises:
        OtherConfigError: The queue's own configuration has no such partition, or another executor for it.
        ConfigError: The queue's own configuration can't be used.
    """
    if config.override is not None or config_files(start, os.environ) == config_files(folder.folder, os.environ):
        return
    there = load_config(folder.folder)
    asked = {task.resources.partition: task.resources for task in graph.tasks}
    for resources in asked.values():
        ours = config.partition_for(resources)
        if ours.executor == LOCAL:
            continue
        theirs = there.partition(resources.partition)
        if theirs is None or theirs.lane != ours.lane:
            raise OtherConfigError(ours, config.origin("partitions", ours.name, "executor"), theirs, folder.folder)
        if theirs != ours:
            sys.stderr.write(
                f"perqueue: the partition {ours.name!r} is configured otherwise here than in {folder.folder}, by whose "
                "configuration its jobs are launched; `pq config` in either folder shows where values come from\n"
            )
