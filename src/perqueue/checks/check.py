"""A compiled graph held against the scripts that it names, and against the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from perqueue.config import Config, PartitionError
from perqueue.core.graph import Graph, TaskKind
from perqueue.core.resources import LOCAL
from perqueue.core.task import Task

from .calls import Calls
from .findings import Finding, Severity, in_order
from .flow import Flow
from .givers import Givers
from .groups import Groups
from .guards import unguarded
from .places import submitted_at
from .plain import plain_function


def check_graph(graph: Graph, config: Config, where: str = "") -> list[Finding]:
    """Everything that is wrong with a submission, or looks like it; errors first.

    Scripts are read, never executed.

    Args:
        graph: What is submitted.
        config: Which executors there are for which resources.
        where: The place in the submission script that submits it, as ``path:line``.
    """
    return in_order(_findings(graph, config, where))


def _findings(graph: Graph, config: Config, where: str) -> Iterator[Finding]:
    givers = Givers(graph)
    flow = Flow(graph, givers.numbers, givers.typed)
    calls = Calls(givers, where)
    groups = Groups(graph, flow, givers, where)
    for node in graph.nodes:
        if isinstance(node.kind, TaskKind):
            number = node.kind.task
            yield from calls.of(givers.numbers[number], graph.tasks[number], flow.given(node), flow.around[node.scope])
        else:
            yield from groups.of(node)
    for task in graph.tasks:
        yield from plain_function(task, where)
        yield from _resources(task, config, where)
    yield from unguarded(graph, where)


def _resources(task: Task, config: Config, where: str) -> Iterator[Finding]:
    where = task.where or where
    file, line = submitted_at(where, task.code)
    try:
        executor = config.partition_for(task.resources).executor
    except PartitionError as error:
        yield Finding(Severity.error, "no-executor", str(error), file, line, task.name, where)
        return
    asked = task.resources.cores
    if executor == LOCAL and config.override is None and asked > config.cores:
        message = (
            f"resources '{task.resources}' ask for {asked} cores; there are {config.cores} here, and it gets these"
        )
        yield Finding(Severity.warning, "cores", message, file, line, task.name, where)
