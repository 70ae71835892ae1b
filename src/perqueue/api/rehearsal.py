"""What the queue does where a script is only checked: it finds fault with what is submitted, and changes nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perqueue.checks.findings import Finding, Severity
from perqueue.checks.places import here
from perqueue.checks.recording import note_checked
from perqueue.config import Config, PartitionError
from perqueue.core.compile import compile_graph
from perqueue.core.errors import DescriptionError, UsageError
from perqueue.core.graph import Graph
from perqueue.engine import requests
from perqueue.engine.folder import NAME, QueueFolder, find_folder

if TYPE_CHECKING:
    from perqueue.store.protocol import Store


class _Nowhere:
    """Takes large arrays and keeps none."""

    def put_array(self, array: object) -> str:  # noqa: ARG002
        return "0" * 64


def rehearse(tasks: object, config: Config) -> list[int]:
    """Check what would be submitted and note what was found; keys that stand for those of its entries."""
    from perqueue.checks.check import check_graph

    where = here()
    try:
        graph = compile_graph(tasks)
    except DescriptionError as error:
        note_checked(0, [_refused(error, "description", where, "")])
        return [1]
    note_checked(len(graph.tasks), [*check_graph(graph, config, where), *_unstorable(graph, config, where)])
    return list(range(1, len(graph.tasks) + 1))


def _unstorable(graph: Graph, config: Config, where: str) -> list[Finding]:
    """What else ``submit`` would refuse: arguments that can't be stored, executors that are not installed."""
    found: list[Finding] = []
    for task in graph.tasks:
        try:
            requests.encoded_args(task.name, task.args, _Nowhere())
        except UsageError as error:
            found.append(_refused(error, "arguments", task.where or where, task.name))
        try:
            requests.resources_change(task.resources, config)
        except PartitionError:
            pass  # found by the checks
        except UsageError as error:
            found.append(_refused(error, "no-executor", task.where or where, task.name))
    return found


def _refused(error: UsageError, code: str, where: str, task: str) -> Finding:
    path, _, line = where.rpartition(":")
    return Finding(Severity.error, code, str(error), path or "?", int(line or 1), task, where)


def queue_to_read(start: str) -> tuple[QueueFolder, Store | None]:
    """The queue of a folder, or an empty one in memory if there is none; nothing is made on the disk."""
    found = find_folder(start)
    if found is not None:
        return found, None
    from perqueue.store.memory import MemoryStore

    return QueueFolder(os.path.join(start, NAME), "", "", "memory"), MemoryStore()
