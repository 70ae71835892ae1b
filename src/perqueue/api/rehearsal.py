"""What the queue does where a script is only checked or simulated: it changes nothing.

Where it is checked, fault is found with what is submitted; in a dry run, that runs on a virtual clock.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perqueue.checks.findings import Finding, Severity
from perqueue.checks.places import here
from perqueue.checks.recording import note_checked, note_skipped, only_checking
from perqueue.config import Config, PartitionError
from perqueue.core.compile import compile_graph
from perqueue.core.errors import DescriptionError, UsageError
from perqueue.core.graph import Graph
from perqueue.dryrun.mode import dry_running
from perqueue.engine import requests
from perqueue.engine.folder import NAME, QueueFolder, find_folder

if TYPE_CHECKING:
    from perqueue.store.protocol import Store


class Nowhere:
    """Takes large arrays and keeps none."""

    def put_array(self, array: object) -> str:  # noqa: ARG002
        """The name that an array would have, more or less."""
        return "0" * 64


def pretending() -> bool:
    """Whether nothing is changed, because the script is only checked or simulated."""
    return only_checking() or dry_running()


def rehearse(tasks: object, config: Config, start: str) -> list[int]:
    """Check or simulate what would be submitted; keys that stand for those of its entries."""
    if only_checking():
        return _check(tasks, config)
    from perqueue.dryrun.session import session

    return session(config, start).submit(tasks, config, start)


def skip(what: str, config: Config, start: str) -> None:
    """Note a write that is not done."""
    if only_checking():
        note_skipped(what)
        return
    from perqueue.dryrun.session import session

    session(config, start).skip(what)


def _check(tasks: object, config: Config) -> list[int]:
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
            requests.encoded_args(task.name, task.args, Nowhere())
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


def folder_to_read(start: str) -> QueueFolder:
    """The queue of a folder, or what stands for one where there is none; nothing is made on the disk."""
    return find_folder(start) or QueueFolder(os.path.join(start, NAME), "", "", "memory")


def store_to_read(config: Config, start: str) -> Store | None:
    """What reads see instead of the folder's queue: what is simulated, or an empty queue if there is none; or None."""
    found = find_folder(start)
    if not only_checking():
        from perqueue.dryrun.session import session

        simulated = session(config, start)
        return None if simulated.empty and found is not None else simulated.store()
    if found is not None:
        return None
    from perqueue.store.memory import MemoryStore

    return MemoryStore()
