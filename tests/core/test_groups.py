"""Groups as values: every form of a body, what they are called, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from tests.core.graph_text import edges
from tests.core.queue_in_memory import described

from perqueue.core.compile import compile_graph
from perqueue.core.errors import BranchError, EmptyGroupError, LimitError, NotATaskError, UndecidedGroupError
from perqueue.core.graph import LoopKind, SwitchKind, TaskKind, WidthKind, bodies
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.tasklike import TaskLike, Workflow

BODIES: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("a list", lambda a, b: [a, b]),
    ("a tuple", lambda a, b: (a, b)),
    ("a workflow", lambda a, b: Workflow([a, b])),
    ("a chain", lambda a, b: a >> b),
    ("a dict", lambda a, b: {b: [a]}),
    ("a directed graph", lambda a, b: nx.DiGraph([(b, a)])),
]

GROUPS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("static", lambda body: StaticWidthGroup(body, 2), "[a>b]*2"),
    ("dynamic", DynamicWidthGroup, "[a>b]*?"),
    ("loop", lambda body: CyclicalGroup(body, 5), "[a>b]@5"),
    ("switch", lambda body: SwitchGroup({"x": body, 2: [], "y": None}), "{'x':a>b 2: 'y':}"),
]


@pytest.mark.parametrize("body", [form[1] for form in BODIES], ids=[form[0] for form in BODIES])
@pytest.mark.parametrize(("group", "text"), [group[1:] for group in GROUPS], ids=[group[0] for group in GROUPS])
def test_a_body_has_any_form(group: Callable[[Any], Any], text: str, body: Callable[..., Any]) -> None:
    """Every group takes every form for its body, and they compile to the same."""
    graph = compile_graph(described(lambda z, a, b: z >> group(body(a, b))))
    assert edges(graph) == f"z>{text}"


@pytest.mark.parametrize("outer", [group[1] for group in GROUPS], ids=[group[0] for group in GROUPS])
@pytest.mark.parametrize("inner", [group[1] for group in GROUPS], ids=[group[0] for group in GROUPS])
def test_groups_nest_in_each_other(outer: Callable[[Any], Any], inner: Callable[[Any], Any]) -> None:
    """Any group may stand directly in any other, first and last in it."""
    graph = compile_graph(described(lambda z, a: z >> outer(inner(a))))
    kinds = [node.kind for node in graph.nodes]
    assert sum(len(bodies(kind)) for kind in kinds) == len(graph.scopes) - 1 == 2
    assert sum(isinstance(kind, TaskKind) for kind in kinds) == 2


def test_groups_nest_deeper_than_the_stack() -> None:
    """A thousand groups in each other compile."""

    def build(z: TaskLike, a: TaskLike) -> TaskLike:
        for _ in range(1000):
            a = CyclicalGroup(a)
        return z >> a

    assert len(compile_graph(described(build)).scopes) == 1001


def test_a_task_may_stand_inside_a_group_and_outside() -> None:
    """Bodies are scopes of their own: the same object inside is another node."""
    graph = compile_graph(described(lambda t, u: t >> CyclicalGroup([u, t])))
    assert edges(graph) == "t>[u>t]@16"
    assert len(graph.tasks) == 2


LABELS: list[tuple[Callable[..., object], str]] = [
    (lambda a: DynamicWidthGroup(a), "DynamicWidthGroup(a)"),
    (lambda a: DynamicWidthGroup(a, tolerate=2), "DynamicWidthGroup(a, tolerate=2)"),
    (lambda a: StaticWidthGroup(a, 2, on_discard="drop"), "StaticWidthGroup(a, width=2, on_discard=drop)"),
    (lambda a, b: CyclicalGroup(a >> b, max_tries=3), "CyclicalGroup(Workflow(a >> b), max_tries=3)"),
    (lambda a, b: SwitchGroup({"x": a, 1: a | b, "n": []}), "SwitchGroup({'x': a, 1: Workflow(a | b), 'n': []})"),
    (
        lambda a: CyclicalGroup(CyclicalGroup(DynamicWidthGroup(SwitchGroup({1: DynamicWidthGroup(a)}))), 2),
        "CyclicalGroup(CyclicalGroup(DynamicWidthGroup(SwitchGroup({1: ...})), max_tries=16), max_tries=2)",
    ),
]


@pytest.mark.parametrize(("build", "text"), LABELS, ids=[text for _, text in LABELS])
def test_labels(build: Callable[..., object], text: str) -> None:
    """A group is called by how it is written, shortened where it is deep."""
    assert repr(described(build)) == text


def anything(value: Any) -> Any:
    """The value, of which type checkers know nothing."""
    return value


REFUSED: list[tuple[str, Callable[..., Any], type[Exception], str]] = [
    ("an empty loop", lambda a: CyclicalGroup([]), EmptyGroupError, "CyclicalGroup has no tasks"),
    ("an empty dynamic group", lambda a: DynamicWidthGroup([]), EmptyGroupError, "DynamicWidthGroup has no tasks"),
    ("no branches", lambda a: SwitchGroup({}), EmptyGroupError, "SwitchGroup has no tasks"),
    (
        "branches in a list",
        lambda a: SwitchGroup(anything([a])),
        BranchError,
        "is a list, not a dict from keys to tasks",
    ),
    ("a float as key", lambda a: SwitchGroup(anything({1.5: a})), BranchError, "the key 1.5 is a float, not a string"),
    ("a bool as key", lambda a: SwitchGroup({True: a}), BranchError, "the key True is a bool, not a string"),
    (
        "no branch as a key",
        lambda a: SwitchGroup({"pq_skip_route": a}),
        BranchError,
        "the key 'pq_skip_route' says that no branch is taken: call this branch something else",
    ),
    (
        "None as key",
        lambda a: SwitchGroup(anything({None: a})),
        BranchError,
        "the key None is a NoneType, not a string",
    ),
    (
        "a branch that is none",
        lambda a: SwitchGroup(anything({"x": 3})),
        NotATaskError,
        "SwitchGroup, branch 'x': 3 is a int",
    ),
    ("a body that is none", lambda a: CyclicalGroup(anything("a.py")), NotATaskError, "CyclicalGroup: 'a.py' is a str"),
    ("no tries", lambda a: CyclicalGroup(a, 0), LimitError, "max_tries 0 is not a whole number from 1"),
    (
        "tries in words",
        lambda a: CyclicalGroup(a, anything("3")),
        LimitError,
        "max_tries '3' is not a whole number from 1",
    ),
]


@pytest.mark.parametrize(("build", "error", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(build: Callable[..., object], error: type[Exception], message: str) -> None:
    """What can't be described is refused where it is written, and named."""
    with pytest.raises(error, match=message.replace("(", r"\(")):
        described(build)


def test_numpy_numbers_are_numbers() -> None:
    """Tries, widths and keys may come out of an array."""
    graph = compile_graph(described(lambda z, a: z >> SwitchGroup({np.int64(3): CyclicalGroup(a, np.int32(2))})))
    (switch,) = [node.kind for node in graph.nodes if isinstance(node.kind, SwitchKind)]
    (loop,) = [node.kind for node in graph.nodes if isinstance(node.kind, LoopKind)]
    assert (switch.branches[0].key, loop.max_tries) == (3, 2)
    assert type(switch.branches[0].key) is int


UNDECIDED: list[tuple[str, Callable[..., object], str]] = [
    ("first of all", lambda a: DynamicWidthGroup(a) >> a, "DynamicWidthGroup(a)"),
    ("beside the first", lambda a, b: a | SwitchGroup({1: b}), "SwitchGroup({1: b})"),
    ("first in what is first", lambda a: StaticWidthGroup(CyclicalGroup(DynamicWidthGroup(a)), 2), "Dynamic"),
]


@pytest.mark.parametrize(("build", "label"), [row[1:] for row in UNDECIDED], ids=[row[0] for row in UNDECIDED])
def test_a_group_needs_something_that_decides_it(build: Callable[..., object], label: str) -> None:
    """A dynamic group or a switch that nothing comes before can't be compiled."""
    with pytest.raises(UndecidedGroupError) as caught:
        compile_graph(described(build))
    assert str(caught.value).startswith(label)


def test_tolerance_reaches_all_that_stands_inside() -> None:
    """Scopes inside a group that tolerates failures know it, those beside it don't."""
    graph = compile_graph(
        described(lambda a, b: StaticWidthGroup(CyclicalGroup(a), 2, tolerate=1) >> StaticWidthGroup(b, 2))
    )
    widths = [node.kind for node in graph.nodes if isinstance(node.kind, WidthKind)]
    tolerant = [graph.scopes[kind.body].tolerant for kind in widths]
    assert tolerant == [True, False]
    assert sum(scope.tolerant for scope in graph.scopes) == 2
