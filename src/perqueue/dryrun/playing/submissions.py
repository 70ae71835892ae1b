"""What a script submits, as it goes into a simulation; and as text, from one process to another."""

from __future__ import annotations

import json
from typing import Any

from attrs import asdict, frozen

from perqueue.codec import BlobSink
from perqueue.core.graph import Graph
from perqueue.core.records import Context, StoredTask
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.engine.requests import encoded_args


@frozen
class Submission:
    """One submission.

    Args:
        graph: What was submitted, compiled.
        tasks: Its tasks as a queue stores them; where they run is not known yet, nor their partition's retries.
        context: The interpreter, folder and environment of the script.
    """

    graph: Graph
    tasks: tuple[StoredTask, ...]
    context: Context


def submission(graph: Graph, context: Context, blobs: BlobSink) -> Submission:
    """A graph made ready.

    Raises:
        ArgumentsError: An argument can't be stored.
    """
    tasks = tuple(
        StoredTask(
            name=task.name,
            code=task.code,
            func=task.func,
            args=encoded_args(task.name, task.args, blobs),
            resources=task.resources,
            executor="",
            context=0,
            folder=task.folder,
            module=task.module,
            retry=task.retry,
        )
        for task in graph.tasks
    )
    return Submission(graph, tasks, context)


def as_data(given: Submission) -> dict[str, Any]:
    """A submission as JSON values."""
    # The converter for graphs takes its time to import.
    from perqueue.store.sqlite.graphs import node_out, scope_out

    return {
        "nodes": [json.loads(node_out(node)) for node in given.graph.nodes],
        "scopes": [json.loads(scope_out(scope)) for scope in given.graph.scopes],
        "tasks": [_task_as_data(task) for task in given.tasks],
        "context": [given.context.interpreter, given.context.folder, [list(pair) for pair in given.context.env]],
    }


def from_data(data: dict[str, Any]) -> Submission:
    """The submission that :func:`as_data` wrote; its graph has the numbers of tasks, but not the tasks themselves."""
    from perqueue.store.sqlite.graphs import node_in, scope_in

    nodes = tuple(node_in(json.dumps(node)) for node in data["nodes"])
    scopes = tuple(scope_in(json.dumps(scope)) for scope in data["scopes"])
    interpreter, folder, env = data["context"]
    context = Context(interpreter, folder, tuple((name, value) for name, value in env))
    return Submission(Graph((), nodes, scopes), tuple(map(_task_from_data, data["tasks"])), context)


def _task_as_data(task: StoredTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "code": task.code,
        "func": task.func,
        "args": task.args,
        "resources": task.resources.encode(),
        "folder": task.folder,
        "module": task.module,
        "retry": None if task.retry is None else asdict(task.retry),
    }


def _task_from_data(data: dict[str, Any]) -> StoredTask:
    retry = data["retry"]
    return StoredTask(
        name=data["name"],
        code=data["code"],
        func=data["func"],
        args=data["args"],
        resources=Resources.decode(data["resources"]),
        executor="",
        context=0,
        folder=data["folder"],
        module=data["module"],
        retry=None if retry is None else Retry(**retry),
    )
