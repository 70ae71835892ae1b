"""A compiled graph in one line, and graphs that are the same but for their numbers."""

from __future__ import annotations

from perqueue.core.graph import Graph, JoinKind, Link, LoopKind, Node, SwitchKind, TaskKind, WidthKind


def edges(graph: Graph, scope: int = 0, *, joins: bool = False) -> str:
    """What depends on what, as in ``"a>c b>c(x=y) d"``, in the order of the nodes.

    Ports stand in brackets, groups as ``[body]*width``, ``[body]@tries`` and ``{key:body}``, and nodes without any
    link alone. Unless ``joins`` are asked for (as ``&``), links lead through them to the parents.
    """
    found: list[str] = []
    for number in graph.scopes[scope].nodes:
        node = graph.nodes[number]
        if isinstance(node.kind, JoinKind) and not joins:
            continue
        links = node.parents if joins else _real_parents(graph, node)
        name = _name(graph, node, joins=joins)
        found += [f"{_name(graph, graph.nodes[link.parent], joins=joins)}>{name}{_ports(link)}" for link in links]
        if not links and not node.children:
            found.append(name)
    return " ".join(found)


def counted_joins(graph: Graph) -> int:
    """How many joins the graph has."""
    return sum(isinstance(node.kind, JoinKind) for node in graph.nodes)


def _real_parents(graph: Graph, node: Node) -> list[Link]:
    found: list[Link] = []
    for link in node.parents:
        parent = graph.nodes[link.parent]
        found += parent.parents if isinstance(parent.kind, JoinKind) else [link]
    return found


def _name(graph: Graph, node: Node, *, joins: bool) -> str:
    match node.kind:
        case TaskKind(task=number):
            return graph.tasks[number].name
        case WidthKind(body=body, width=width):
            return f"[{edges(graph, body, joins=joins)}]*{'?' if width is None else width}"
        case LoopKind(body=body, max_tries=tries):
            return f"[{edges(graph, body, joins=joins)}]@{tries}"
        case SwitchKind(branches=branches):
            shown = (f"{b.key!r}:{edges(graph, b.body, joins=joins) if b.body >= 0 else ''}" for b in branches)
            return f"{{{' '.join(shown)}}}"
        case JoinKind():
            return "&"


def _ports(link: Link) -> str:
    if link.ports is None:
        return ""
    return f"({','.join(f'{old}={new}' for old, new in link.ports)})"
