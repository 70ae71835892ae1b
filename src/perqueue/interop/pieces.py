"""What is written of a workflow: its tasks, and what each depends on, from a description or from a queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, assert_never

from attrs import frozen

from perqueue.codec import encode_mapping, no_blobs
from perqueue.core.compile import compile_graph
from perqueue.core.errors import UnknownEntryError
from perqueue.core.graph import JoinKind, Link, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from perqueue.core.resources import Resources
from perqueue.core.tasklike import Ports
from perqueue.store.protocol import Snapshot

from .errors import GroupNotInPwdError, NotInPwdError, ValueNotInPwdError

_TAG: Mapping[str, str] = {"float": "a float that JSON doesn't have", "array": "a numpy array", "object": "an object"}
"""Markers of the codec that don't name the type they stand for."""


@frozen
class Piece:
    """A task as it is written.

    Args:
        number: Its node in the graph.
        name: For listings.
        code: Absolute path of the script.
        func: Name of the function.
        args: Its arguments, plain JSON.
        resources: What it asks of the machine.
        folder: Working folder pattern, or None.
        parents: The numbers of what it depends on, and through which ports (None: everything).
    """

    number: int
    name: str
    code: str
    func: str
    args: Mapping[str, Any]
    resources: Resources
    folder: str | None
    parents: tuple[tuple[int, Ports | None], ...]


def described_pieces(tasks: object) -> list[Piece]:
    """The tasks of anything that ``submit`` takes, each after what it depends on.

    Raises:
        DescriptionError: It can't be compiled.
        NotInPwdError: It holds groups, typed functions, or arguments that JSON doesn't have.
    """
    graph = compile_graph(tasks)
    found = []
    for node, number in _task_nodes([graph.nodes[number] for number in graph.scopes[0].nodes]):
        task = graph.tasks[number]
        _check_script(task.name, task.module)
        text, errors = encode_mapping(task.args, no_blobs)
        for error in errors:
            raise NotInPwdError(f"the arguments of {task.name!r}", str(error), "use values that JSON has")
        args = _plain_args(task.name, text)
        parents = tuple(_parents(node, graph.nodes))
        found.append(Piece(node.index, task.name, task.code, task.func, args, task.resources, task.folder, parents))
    return found


def stored_pieces(state: Snapshot, key: int) -> list[Piece]:
    """The tasks of an entry's submission as they are now, less those that were removed.

    Raises:
        UnknownEntryError: There is no such entry.
        NotInPwdError: As :func:`described_pieces`.
    """
    entry = state.entry(key)
    if entry is None:
        raise UnknownEntryError(key)
    graph = entry.graph
    nodes = {number: state.node(graph, number) for number in state.scope(graph, 0).nodes}
    task_nodes = list(_task_nodes(nodes.values()))
    entries = [state.entry(number) for number in state.keys_of(graph)]
    task_of = {entry.node: entry.task for entry in entries if entry is not None}
    found = []
    for node, _ in task_nodes:
        if node.index not in task_of:
            continue
        task = state.task(task_of[node.index])
        _check_script(task.name, task.module)
        args = _plain_args(task.name, task.args)
        parents = tuple(_parents(node, nodes))
        found.append(Piece(node.index, task.name, task.code, task.func, args, task.resources, task.folder, parents))
    return found


def _task_nodes(nodes: Iterable[Node]) -> Iterator[tuple[Node, int]]:
    for node in nodes:
        match node.kind:
            case TaskKind(task=task):
                yield node, task
            case JoinKind():
                pass
            case WidthKind(label=label) | LoopKind(label=label) | SwitchKind(label=label):
                raise GroupNotInPwdError(label)
            case _:
                assert_never(node.kind)


def _parents(node: Node, nodes: Mapping[int, Node] | tuple[Node, ...]) -> Iterator[tuple[int, Ports | None]]:
    """The tasks that a task depends on. Joins only save links: all that meets in one goes to each of its readers."""
    for link in node.parents:
        parent = nodes[link.parent]
        through: tuple[Link, ...] = parent.parents if isinstance(parent.kind, JoinKind) else (link,)
        yield from ((one.parent, one.ports) for one in through)


def _check_script(name: str, module: str) -> None:
    if module:
        raise NotInPwdError(
            f"the typed function {name!r}",
            "it gets what comes before it as one value, and there values have names",
            "write it as a task script, or as a plain function in a definition of your own",
        )


def _plain_args(task: str, text: str) -> dict[str, Any]:
    """The arguments, of which each must be plain JSON. They are read as they are stored: no class is imported."""
    args = json.loads(text)
    pairs = args["$dict"] if isinstance(args, dict) and set(args) == {"$dict"} else args.items()
    return {name: _plain(task, str(name), value) for name, value in pairs}


def _plain(task: str, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(task, name, item) for item in value]
    if not isinstance(value, dict):
        return value
    marker = next((key[1:] for key in value if key.startswith("$")), None)
    if marker is None:
        return {key: _plain(task, name, item) for key, item in value.items()}
    if marker == "dict" and all(isinstance(key, str) for key, _ in value["$dict"]):
        return {key: _plain(task, name, item) for key, item in value["$dict"]}
    if marker == "dict":
        raise ValueNotInPwdError(task, name, "a dict with keys that are no strings")
    raise ValueNotInPwdError(task, name, _TAG.get(marker, f"a {marker}"))
