"""A Python Workflow Definition as a value, read from JSON with every mistake named, and written as JSON.

The format is that of the package ``python-workflow-definition``, version 0.1: nodes of the types *input* (a value),
*function* ("module.function") and *output* (a name), and edges from a port of one to a port of another. A source port
of null means the whole value; otherwise it is an item of it. The target port is the name of an argument.

Each function may bring notes of ours under the key ``perqueue``, which other tools leave out when they read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from .errors import PwdFormatError

VERSION: Final = "0.1.0"
NOTES: Final = "perqueue"
"""The key of our notes on a function."""
_RESERVED: Final = "__result__"
"""What the format's own package calls the whole value; it refuses files that say so."""


@frozen
class Input:
    """A value that the workflow begins with."""

    id: int
    name: str
    value: Any


@frozen
class Function:
    """A call of ``module.function``; ``notes`` are our own."""

    id: int
    value: str
    notes: Mapping[str, Any] = field(factory=dict)


@frozen
class Output:
    """A name for something that comes out."""

    id: int
    name: str


Node: TypeAlias = Input | Function | Output


@frozen
class Edge:
    """A value on its way."""

    source: int
    source_port: str | None
    target: int
    target_port: str | None


@frozen
class Document:
    """A whole workflow; nodes and edges keep their order."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def parse(cls, told: object, where: str) -> Document:
        """Read what JSON gave; ``where`` names it in messages.

        Raises:
            PwdFormatError: It is not in the format.
        """
        return _Parser(where).document(told)

    def as_json(self) -> dict[str, Any]:
        """What JSON takes."""
        return {
            "version": VERSION,
            "nodes": [_node_json(node) for node in self.nodes],
            "edges": [
                {
                    "target": edge.target,
                    "targetPort": edge.target_port,
                    "source": edge.source,
                    "sourcePort": edge.source_port,
                }
                for edge in self.edges
            ],
        }


def _node_json(node: Node) -> dict[str, Any]:
    match node:
        case Input():
            return {"id": node.id, "type": "input", "value": node.value, "name": node.name}
        case Output():
            return {"id": node.id, "type": "output", "name": node.name}
        case Function():
            notes = {NOTES: dict(node.notes)} if node.notes else {}
            return {"id": node.id, "type": "function", "value": node.value, **notes}


class _Parser:
    """Reads one document, and knows what to call it."""

    def __init__(self, where: str) -> None:
        self._where = where

    def document(self, told: object) -> Document:
        whole = self._mapping(told, "the whole")
        version = whole.get("version")
        if not isinstance(version, str) or version.split(".")[:2] != ["0", "1"]:
            raise self._wrong(f"its version is {version!r}, not {VERSION!r}")
        nodes = tuple(self._node(node, f"node {i}") for i, node in enumerate(self._list(whole, "nodes")))
        by_id: dict[int, Node] = {}
        for node in nodes:
            if node.id in by_id:
                raise self._wrong(f"two nodes have the id {node.id}")
            by_id[node.id] = node
        edges = tuple(self._edge(edge, f"edge {i}", by_id) for i, edge in enumerate(self._list(whole, "edges")))
        return Document(nodes, edges)

    def _node(self, told: object, what: str) -> Node:
        node = self._mapping(told, what)
        number, kind = self._whole(node, "id", what), node.get("type")
        if kind == "input":
            return Input(number, self._text(node, "name", what), node.get("value"))
        if kind == "output":
            return Output(number, self._text(node, "name", what))
        if kind != "function":
            raise self._wrong(f"{what} has the type {kind!r}, not 'function', 'input' or 'output'")
        value = self._text(node, "value", what)
        module, _, function = value.rpartition(".")
        if not module or not function or value.startswith("."):
            raise self._wrong(f"{what} has the value {value!r}, not 'module.function'")
        return Function(number, value, self._mapping(node.get(NOTES, {}), f"the key {NOTES!r} of {what}"))

    def _edge(self, told: object, what: str, nodes: Mapping[int, Node]) -> Edge:
        edge = self._mapping(told, what)
        source, target = self._whole(edge, "source", what), self._whole(edge, "target", what)
        for number in (source, target):
            if number not in nodes:
                raise self._wrong(f"{what} names node {number}, and there is none with this id")
        if isinstance(nodes[source], Output):
            raise self._wrong(f"{what} begins at the output {nodes[source].id}")
        if isinstance(nodes[target], Input):
            raise self._wrong(f"{what} ends at the input {nodes[target].id}")
        source_port, target_port = self._port(edge, "sourcePort", what), self._port(edge, "targetPort", what)
        if source_port == _RESERVED:
            raise self._wrong(f"{what} has the sourcePort {_RESERVED!r}: write null for the whole value")
        if target_port is None and isinstance(nodes[target], Function) and source_port is not None:
            raise self._wrong(f"{what} gives {source_port!r} to function {target} without a targetPort")
        return Edge(source, source_port, target, target_port)

    def _mapping(self, told: object, what: str) -> Mapping[str, Any]:
        if not isinstance(told, Mapping):
            raise self._wrong(f"{what} is a {type(told).__name__}, not an object")
        return told

    def _list(self, told: Mapping[str, Any], key: str) -> list[object]:
        found = told.get(key)
        if not isinstance(found, list | tuple):
            raise self._wrong(f"it has no list {key!r}" if key not in told else f"{key!r} is no list")
        return list(found)

    def _whole(self, told: Mapping[str, Any], key: str, what: str) -> int:
        found = told.get(key)
        if not isinstance(found, int) or isinstance(found, bool):
            raise self._wrong(f"the {key!r} of {what} is {found!r}, not a whole number")
        return found

    def _text(self, told: Mapping[str, Any], key: str, what: str) -> str:
        found = told.get(key)
        if not isinstance(found, str):
            raise self._wrong(f"the {key!r} of {what} is {found!r}, not a string")
        return found

    def _port(self, told: Mapping[str, Any], key: str, what: str) -> str | None:
        return None if told.get(key) is None else self._text(told, key, what)

    def _wrong(self, why: str) -> PwdFormatError:
        return PwdFormatError(self._where, why)
