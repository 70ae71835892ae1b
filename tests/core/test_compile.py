"""From descriptions to graphs: scopes, joins, order, and the same graph however it was written."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.graph_text import counted_joins, edges
from tests.core.queue_in_memory import described, task
from tests.core.workflows import workflows

from perqueue.core.compile import compile_graph
from perqueue.core.errors import CycleError
from perqueue.core.graph import Graph, JoinKind, TaskKind
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.task import Task
from perqueue.core.tasklike import TaskLike, Workflow

JOINS: list[tuple[str, Callable[..., object], str]] = [
    ("one reader needs none", lambda a, b, c: (a | b) >> c, "a>c b>c"),
    ("one parent needs none", lambda a, b, c: a >> (b | c), "a>b a>c"),
    ("two readers of two parents", lambda a, b, c, d: (a | b) >> (c | d), "a>& b>& &>c &>d"),
    (
        "one more parent is another set",
        lambda a, b, c, d, e: {d: [a, b], e: [a, b, c]},
        "a>d b>d a>e b>e c>e",
    ),
    (
        "sets may overlap",
        lambda a, b, c, d, e, f, g: {d: [a, b], e: [a, b], f: [b, c], g: [b, c]},
        "a>& b>& &>d &>e b>& c>& &>f &>g",
    ),
    (
        "the same in another order is another join, for functions get a tuple",
        lambda a, b, c, d, e: {c: [a, b], d: [a, b], e: [b, a]},
        "a>& b>& &>c &>d b>e a>e",
    ),
    (
        "sets have no order",
        lambda a, b, c, d: {c: {a, b}, d: frozenset({b, a})},
        "a>& b>& &>c &>d",
    ),
    (
        "readers with ports stand aside",
        lambda a, b, c, d: {c: [a, b], d: {a: {"x": "y"}, b: None}},
        "a>c b>c a>d(x=y) b>d",
    ),
    (
        "and don't hinder others",
        lambda a, b, c, d, e: {c: [a, b], d: [a, b], e: {a: {"x": "y"}, b: None}},
        "a>& b>& &>c &>d a>e(x=y) b>e",
    ),
    ("inside a group", lambda a, b, c, d: StaticWidthGroup((a | b) >> (c | d), 2), "[a>& b>& &>c &>d]*2"),
    ("layer after layer", lambda a, b, c, d, e, f: (a | b) >> (c | d) >> (e | f), "a>& b>& &>c &>d c>& d>& &>e &>f"),
]


@pytest.mark.parametrize(("build", "expected"), [row[1:] for row in JOINS], ids=[row[0] for row in JOINS])
def test_joins(build: Callable[..., object], expected: str) -> None:
    """A join stands exactly where at least two nodes share the same two or more parents."""
    assert edges(compile_graph(described(build)), joins=True) == expected


SHARED: list[tuple[str, Callable[..., object], str]] = [
    ("side by side", lambda a: a | a, "a"),
    ("a diamond", lambda a, b, c, d: a >> b >> d | a >> c >> d, "a>b a>c b>d c>d"),
    ("across nested workflows", lambda a, b, c: Workflow([Workflow([a, b])]) | Workflow([a, c]), "a>b a>c"),
    ("a workflow that stands twice", lambda a, b, c, d: (w := a >> b) >> c | w >> d, "a>b b>c b>d"),
    ("the same link twice", lambda a, b: a >> b | a >> b, "a>b"),
    (
        "the same link with two ports",
        lambda a, b: Workflow({b: {a: {"x": "y"}}}) | {b: {a: {"z": "q"}}},
        "a>b(x=y,z=q)",
    ),
    ("with ports and without", lambda a, b: Workflow({b: {a: {"x": "y"}}}) | a >> b, "a>b(x=y)"),
    ("what has a parent elsewhere still ends where it ends", lambda a, b, c: (a | a >> b) >> c, "a>b b>c"),
    ("and starts where it starts", lambda a, b, c: c >> (b | a >> b), "c>a a>b"),
    ("only its own parents count", lambda a, b, c, d, e: (a >> c) | (b >> (c >> d)) | e >> b, "e>b a>c b>c c>d"),
    ("a shared node in a dict", lambda a, b, c, d: {(a >> b): [], (b >> c): [], d: [b]}, "a>b b>c b>d"),
    ("bodies are scopes of their own", lambda a, b: a >> StaticWidthGroup(a, 2) >> b, "a>[a]*2 [a]*2>b"),
    ("each body its own", lambda a: StaticWidthGroup(a, 1) | StaticWidthGroup(a, 2), "[a]*1 [a]*2"),
    ("one group standing twice", lambda a, b, c: b >> (g := StaticWidthGroup(a, 2)) | g >> c, "b>[a]*2 [a]*2>c"),
]


@pytest.mark.parametrize(("build", "expected"), [row[1:] for row in SHARED], ids=[row[0] for row in SHARED])
def test_the_same_object_is_one_node(build: Callable[..., object], expected: str) -> None:
    """An object that is met twice in one scope is one node; in the body of a group it is another."""
    assert edges(compile_graph(described(build))) == expected


def test_tasks_are_kept_once() -> None:
    """A task in two scopes is two nodes and one task; equal tasks are two."""
    work = task("a")
    graph = compile_graph(work >> StaticWidthGroup(work, 2) >> task("a"))
    assert len(graph.tasks) == 2
    assert [node.kind.task for node in graph.nodes if isinstance(node.kind, TaskKind)] == [0, 1, 0]


CYCLES: list[tuple[str, Callable[..., object], str]] = [
    ("on itself", lambda a: {a: [a]}, "a -> a"),
    ("two", lambda a, b: {a: [b], b: [a]}, "a -> b -> a"),
    ("with a tail", lambda a, b, c, d: {a: [d], b: [c], c: [b], d: [b]}, "b -> c -> b"),
    ("by operators", lambda a, b: a >> b >> a, "a -> b -> a"),
    ("through a workflow", lambda a, b, c: (w := a >> b) >> c >> w, "a -> b -> c -> a"),
    ("in a group", lambda a, b: StaticWidthGroup({a: [b], b: [a]}, 2), "a -> b -> a"),
    ("through a group", lambda a, b: (g := StaticWidthGroup(a, 2)) >> b >> g, "StaticWidthGroup(a, width=2)"),
    ("beside the ready", lambda a, b, c: {a: [], b: [a, c], c: [b]}, "b -> c -> b"),
]


@pytest.mark.parametrize(("build", "circle"), [row[1:] for row in CYCLES], ids=[row[0] for row in CYCLES])
def test_cycles(build: Callable[..., object], circle: str) -> None:
    """A circle is refused with the names along it, each followed by what depends on it."""
    with pytest.raises(CycleError) as caught:
        compile_graph(described(build))
    assert circle in str(caught.value)


def test_long_circles_are_shortened() -> None:
    """A circle of thousands is told by its first and last names."""
    tasks = [task(f"t{number}") for number in range(3000)]
    with pytest.raises(
        CycleError, match=r"t0 -> t1 -> t2 -> t3 -> t4 -> t5 -> \.\.\. 2990 more \.\.\. -> t2996 .* -> t0\."
    ):
        compile_graph([*tasks, tasks[0]])


def _layer(width: int) -> TaskLike:
    return Workflow({task(f"t{number}"): [] for number in range(width)})


@pytest.mark.parametrize("width", [2, 50, 2000])
def test_wide_layers_cost_their_sum(width: int) -> None:
    """Three layers of w nodes, joined all-to-all, have 4 w links and two joins."""
    graph = compile_graph(_layer(width) >> _layer(width) >> _layer(width))
    assert len(graph.edges()) == 4 * width
    assert counted_joins(graph) == 2


def test_wide_layers_in_a_dict_cost_their_sum() -> None:
    """Also where each node lists the layer before it."""
    first, second = [task("a") for _ in range(200)], [task("b") for _ in range(200)]
    assert len(compile_graph(dict.fromkeys(second, first)).edges()) == 400


def test_deep_and_wide() -> None:
    """Chains of 2,000 in any form, and layers of 20,000, are no matter."""
    tasks = [task("a") for _ in range(2000)]
    chains: list[object] = [
        tasks,
        reduce(lambda done, more: done >> more, tasks[1:], Workflow(tasks[0])),
        reduce(lambda done, more: more >> done, tasks[1:], Workflow(tasks[0])),
        {tasks[0]: [], **{after: [before] for before, after in pairwise(tasks)}},
        reduce(lambda done, more: Workflow([done, more]), tasks[1:], Workflow(tasks[0])),
    ]
    for chain in chains:
        graph = compile_graph(chain)
        assert (len(graph.nodes), len(graph.edges())) == (2000, 1999)
    assert len(compile_graph(task("a") >> _layer(20_000)).edges()) == 20_000


def test_workflows_grown_in_a_loop() -> None:
    """Operators in turn nest a description deeply; it compiles like any other."""
    work: TaskLike = task("a")
    for _ in range(2000):
        work = (work | task("b")) >> task("c")
    assert len(compile_graph(work).edges()) == 4000


def test_towers_of_shared_workflows() -> None:
    """A workflow that uses the one before twice, forty times over, holds two more nodes each time."""
    work: TaskLike = task("a")
    for _ in range(40):
        work = (work >> task("b")) | (work >> task("c"))
    assert sum(isinstance(node.kind, TaskKind) for node in compile_graph(work).nodes) == 81


@given(workflows(12))
def test_graphs_are_consistent(work: TaskLike) -> None:
    """Law: parents come before children, links agree in both directions, and scopes name their ends."""
    graph = compile_graph(work)
    for node in graph.nodes:
        assert all(link.parent < node.index for link in node.parents)
        assert all(graph.nodes[link.parent].scope == node.scope for link in node.parents)
        assert len({link.parent for link in node.parents}) == len(node.parents)
        assert node.last == (not node.children)
        if isinstance(node.kind, JoinKind):
            assert len(node.parents) >= 2
            assert len(node.children) >= 2
    assert graph.edges() == {(node.index, child) for node in graph.nodes for child in node.children}
    assert sorted(number for scope in graph.scopes for number in scope.nodes) == list(range(len(graph.nodes)))
    for scope in graph.scopes:
        nodes = [graph.nodes[number] for number in scope.nodes]
        assert {node.scope for node in nodes} == {scope.index}
        assert scope.first == tuple(node.index for node in nodes if not node.parents)
        assert scope.last == tuple(node.index for node in nodes if node.last)


def _fields(graph: Graph) -> tuple[object, ...]:
    return graph.tasks, graph.nodes, graph.scopes


def _links(graph: Graph) -> set[tuple[int, int]]:
    """Which task object depends on which, in the outermost scope; joins are seen through."""
    tasks = {node.index: _object(graph, node.index) for node in graph.nodes}
    found = set()
    for node in graph.nodes:
        for link in node.parents:
            parent = graph.nodes[link.parent]
            above = [up.parent for up in parent.parents] if isinstance(parent.kind, JoinKind) else [parent.index]
            found |= {(tasks[number], tasks[node.index]) for number in above if not isinstance(node.kind, JoinKind)}
    return found


def _object(graph: Graph, number: int) -> int:
    kind = graph.nodes[number].kind
    return id(graph.tasks[kind.task]) if isinstance(kind, TaskKind) else -number


_FLAT = st.recursive(
    st.builds(lambda name: task(name), st.sampled_from("abcd")),
    lambda smaller: st.builds(lambda a, b: a >> b, smaller, smaller) | st.builds(lambda a, b: a | b, smaller, smaller),
    max_leaves=5,
)


@given(st.lists(workflows(4), min_size=3, max_size=3))
def test_chains_are_associative(parts: list[TaskLike]) -> None:
    """Law: ``(a >> b) >> c``, ``a >> (b >> c)`` and the list compile to the same graph."""
    a, b, c = parts
    expected = _fields(compile_graph((a >> b) >> c))
    for other in (a >> (b >> c), [a, b, c], [[a, b], c], Workflow([a, Workflow(b) >> c])):
        assert _fields(compile_graph(other)) == expected


@given(st.lists(workflows(4), min_size=3, max_size=3))
def test_parallel_is_associative(parts: list[TaskLike]) -> None:
    """Law: both groupings of ``|`` compile to the same graph."""
    a, b, c = parts
    expected = _fields(compile_graph((a | b) | c))
    for other in (a | (b | c), Workflow(a | b) | c, a | Workflow(Workflow(b) | c)):
        assert _fields(compile_graph(other)) == expected


@given(_FLAT, _FLAT, _FLAT)
def test_parallel_is_commutative(a: TaskLike, b: TaskLike, c: TaskLike) -> None:
    """Law: the order of the parts of ``|`` changes the order of the nodes only, also in front of something."""
    one, other = compile_graph((a | b) >> c), compile_graph((b | a) >> c)
    assert _links(one) == _links(other)
    assert counted_joins(one) == counted_joins(other)
    assert {id(work) for work in one.tasks} == {id(work) for work in other.tasks}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_sharing_is_by_object(pairs: list[tuple[int, int]]) -> None:
    """Law: chains of two over the same few tasks are the graph that has just these links."""
    tasks: list[Task] = [task(name) for name in "abcdef"]
    upward = [(low, high) for low, high in pairs if low < high]
    work: TaskLike = reduce(
        lambda done, more: done | more, [tasks[low] >> tasks[high] for low, high in upward], _all(tasks)
    )
    graph = compile_graph(work)
    assert _links(graph) == {(id(tasks[low]), id(tasks[high])) for low, high in upward}
    assert len(graph.tasks) == len(tasks)


def _all(tasks: list[Task]) -> TaskLike:
    return Workflow({node: [] for node in tasks})
