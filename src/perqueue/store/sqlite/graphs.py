"""Compiled graphs as JSON, node by node, so that a step in a large graph reads only the nodes it touches."""

from __future__ import annotations

import json

from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from perqueue.core.graph import JoinKind, Kind, LoopKind, Node, Scope, SwitchKind, TaskKind, WidthKind
from perqueue.core.policy import Key


def _converter() -> Converter:
    converter = Converter()
    names: dict[type, str] = {
        TaskKind: "task", WidthKind: "width", LoopKind: "loop", SwitchKind: "switch", JoinKind: "join",
    }  # fmt: skip
    # Text and numbers are told apart by JSON itself.
    converter.register_structure_hook(Key, lambda key, _: key)
    configure_tagged_union(Kind, converter, tag_name="is", tag_generator=names.__getitem__)
    return converter


_CONVERTER = _converter()


def node_out(node: Node) -> str:
    """A node as JSON."""
    return json.dumps(_CONVERTER.unstructure(node), separators=(",", ":"))


def node_in(text: str) -> Node:
    """A node from its JSON."""
    return _CONVERTER.structure(json.loads(text), Node)


def scope_out(scope: Scope) -> str:
    """A scope as JSON."""
    return json.dumps(_CONVERTER.unstructure(scope), separators=(",", ":"))


def scope_in(text: str) -> Scope:
    """A scope from its JSON."""
    return _CONVERTER.structure(json.loads(text), Scope)
