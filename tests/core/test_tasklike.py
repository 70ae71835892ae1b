"""Describing work: every form that is accepted, what it means, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from attrs.exceptions import FrozenInstanceError
from tests.core.graph_text import edges
from tests.core.queue_in_memory import described, task

from perqueue.core.compile import compile_graph
from perqueue.core.errors import (
    AmbiguousListError,
    DescriptionError,
    EmptyGroupError,
    NotATaskError,
    PortError,
    ResourcesError,
    WidthError,
)
from perqueue.core.groups import StaticWidthGroup
from perqueue.core.resources import Resources
from perqueue.core.task import Task
from perqueue.core.tasklike import TaskLike, Workflow, label, task_like


def other(value: Any) -> Any:
    """Something that type checkers would refuse."""
    return value


def digraph(*links: tuple[TaskLike, TaskLike], alone: TaskLike | None = None) -> nx.DiGraph[TaskLike]:
    """A graph in which u -> v says that u depends on v."""
    graph: nx.DiGraph[TaskLike] = nx.DiGraph()
    graph.add_edges_from(links)
    if alone is not None:
        graph.add_node(alone)
    return graph


FORMS: list[tuple[str, Callable[..., object], str]] = [
    ("a task", lambda a: a, "a"),
    ("a list is a chain", lambda a, b, c: [a, b, c], "a>b b>c"),
    ("a tuple too", lambda a, b: (a, b), "a>b"),
    ("a list in a list", lambda a, b, c: [a, [b, c]], "a>b b>c"),
    ("a dict in a list", lambda a, b, c: [a, {b: [], c: []}], "a>b a>c"),
    ("a dict of dependencies", lambda a, b, c: {a: [], b: [a], c: [a, b]}, "a>b a>c b>c"),
    ("a dict in any order", lambda a, b, c: {c: [b], b: [a], a: []}, "a>b b>c"),
    ("dependencies that aren't keys are added", lambda a, b, c: {c: [a, b]}, "a>c b>c"),
    ("one dependency without a list", lambda a, b: {b: a}, "a>b"),
    ("None for no dependencies", lambda a, b: {a: None, b: (a,)}, "a>b"),
    ("a set of dependencies", lambda a, b: {b: {a}}, "a>b"),
    ("a frozen set of dependencies", lambda a, b: {b: frozenset({a})}, "a>b"),
    ("ports", lambda a, b: {b: {a: {"x": "y"}}}, "a>b(x=y)"),
    ("a port of the first value", lambda a, b: {b: {a: {None: "y"}}}, "a>b(None=y)"),
    ("or as a string", lambda a, b: {b: {a: {"None": "y"}}}, "a>b(None=y)"),
    ("a dependency with no ports named", lambda a, b: {b: {a: {}}}, "a>b()"),
    ("a dependency without ports among some with", lambda a, b, c: {c: {a: {"x": "y"}, b: None}}, "a>c(x=y) b>c"),
    ("a directed graph", lambda a, b, c: digraph((b, a), (c, b)), "a>b b>c"),
    ("a directed graph with a lonely node", lambda a, b, c: digraph((b, a), alone=c), "a>b c"),
    ("a workflow", lambda a, b: Workflow([a, b]), "a>b"),
    ("a workflow of a workflow", lambda a, b: Workflow(Workflow([a, b])), "a>b"),
    ("a workflow in a dict", lambda a, b, c, d: {Workflow([c, d]): [Workflow([a, b])]}, "a>b b>c c>d"),
    ("a >> b", lambda a, b: a >> b, "a>b"),
    ("a | b", lambda a, b: a | b, "a b"),
    (">> binds tighter", lambda a, b, c: a >> b | c, "a>b c"),
    ("a >> (b | c)", lambda a, b, c: a >> (b | c), "a>b a>c"),
    ("a >> dict", lambda a, b, c: a >> {b: [], c: [b]}, "a>b b>c"),
    ("dict >> a", lambda a, b, c: {b: [], c: [b]} >> a, "b>c c>a"),
    ("a | list", lambda a, b, c: a | [b, c], "a b>c"),
    ("list | a", lambda a, b, c: [b, c] | a, "b>c a"),
    ("a group", lambda a, b: StaticWidthGroup(a, 2) >> b, "[a]*2>b"),
    ("a group of a list", lambda a, b: StaticWidthGroup([a, b], 2), "[a>b]*2"),
    ("a group of a dict", lambda a, b: StaticWidthGroup({b: [a]}, 2), "[a>b]*2"),
    ("a group of a directed graph", lambda a, b: StaticWidthGroup(digraph((b, a)), 2), "[a>b]*2"),
    ("a group of a group", lambda a: StaticWidthGroup(StaticWidthGroup(a, 2), 3), "[[a]*2]*3"),
    ("a group of none", lambda a: StaticWidthGroup(a, 0), "[a]*0"),
]


@pytest.mark.parametrize(("build", "expected"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_forms(build: Callable[..., object], expected: str) -> None:
    """Each form means these nodes and dependencies, wherever it stands."""
    work: Any = described(build)
    for given in (work, Workflow(work), [work]):
        assert edges(compile_graph(given)) == expected


REFUSED: list[tuple[str, Callable[..., object], type[DescriptionError], str]] = [
    ("not a task", lambda: Workflow(other("a.py")), NotATaskError, "Workflow: 'a.py' is a str, not a Task"),
    ("nothing", lambda: Workflow(other(None)), NotATaskError, "Workflow: None is a NoneType, not a Task"),
    ("an undirected graph", lambda: Workflow(nx_graph()), NotATaskError, "is a Graph, not a Task"),
    ("in a list", lambda a: Workflow([a, 3]), NotATaskError, "Workflow, element 1: 3 is a int"),
    ("deep in lists", lambda a: Workflow([a, [a, [3]]]), NotATaskError, "Workflow, element 1, element 1, element 0: 3"),
    ("a key", lambda: Workflow({"a": []}), NotATaskError, "Workflow: 'a' is a str"),
    ("a node", lambda: Workflow(nx_digraph()), NotATaskError, "Workflow: 3 is a int"),
    ("a dependency", lambda a: Workflow({a: ["b"]}), NotATaskError, "Workflow, dependencies of a: 'b' is a str"),
    ("a ported one", lambda a: Workflow({a: {"b": {}}}), NotATaskError, "Workflow, dependencies of a: 'b' is a str"),
    (
        "dependencies",
        lambda a: Workflow({a: 3}),
        DescriptionError,
        "dependencies of a: 3 is a int, not a list of nodes",
    ),
    ("a group's body", lambda: StaticWidthGroup(other(3), 2), NotATaskError, "StaticWidthGroup: 3 is a int"),
    (">>", lambda a: a >> 3, NotATaskError, ">>: 3 is a int"),
    ("reflected >>", lambda a: 3 >> a, NotATaskError, ">>: 3 is a int"),
    ("|", lambda a: a | 3, NotATaskError, "|: 3 is a int"),
    ("reflected |", lambda a: None | a, NotATaskError, "|: None is a NoneType"),
    ("an empty list", lambda: Workflow([]), EmptyGroupError, "Workflow has no tasks"),
    ("an empty list inside", lambda a: Workflow([a, []]), EmptyGroupError, "Workflow, element 1 has no tasks"),
    ("an empty tuple", lambda: Workflow(()), EmptyGroupError, "Workflow has no tasks"),
    ("an empty dict", lambda: Workflow({}), EmptyGroupError, "Workflow has no tasks"),
    ("an empty digraph", lambda: Workflow(digraph()), EmptyGroupError, "Workflow has no tasks"),
    ("an empty group", lambda: StaticWidthGroup([], 2), EmptyGroupError, "StaticWidthGroup has no tasks"),
    ("an empty submission", lambda: compile_graph([]), EmptyGroupError, "submit has no tasks"),
    ("ports", lambda a, b: Workflow({b: {a: "x"}}), PortError, "b takes from a the ports 'x'"),
    ("an input's name", lambda a, b: Workflow({b: {a: {"x": 3}}}), PortError, "b takes from a the ports {'x': 3}"),
    ("an output's name", lambda a, b: Workflow({b: {a: {3: "x"}}}), PortError, "b takes from a the ports {3: 'x'}"),
    ("a >> list", lambda a, b, c: a >> [b, c], AmbiguousListError, "a >> (b | c) (side by side)"),
    ("a >> tuple", lambda a, b, c: a >> (b, c), AmbiguousListError, "a >> b >> c (one after the other)"),
    ("list >> a", lambda a, b, c: [b, c] >> a, AmbiguousListError, "(b | c) >> a (side by side)"),
    ("a list of odd things", lambda a: a >> [3], AmbiguousListError, "a >> [3] can be read in two ways"),
]


@pytest.mark.parametrize(("build", "error", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(build: Callable[..., object], error: type[DescriptionError], message: str) -> None:
    """What can't be read is refused when it is described, by an error that names the culprit."""
    with pytest.raises(error) as caught:
        described(build)
    assert message in str(caught.value)


@pytest.mark.parametrize("width", [-1, 1.0, "2", None, True, [1], np.float64(2), np.array([1, 2]), np.int64(-1)])
def test_refused_widths(width: object) -> None:
    """A width is a whole number from 0, and nothing that only looks like one."""
    with pytest.raises(WidthError) as caught:
        StaticWidthGroup(task("a"), width)  # type: ignore[call-overload]
    assert str(caught.value) == f"StaticWidthGroup: width {width!r} is not a whole number from 0"


@pytest.mark.parametrize("width", [0, 3, np.int64(3)])
def test_widths(width: int) -> None:
    """Whole numbers of any library are taken, as plain ones."""
    group = StaticWidthGroup(task("a"), width)
    assert group.width == width
    assert type(group.width) is int


def test_identity() -> None:
    """Descriptions compare by identity: two tasks with equal fields are two pieces of work."""
    first, second = task("a"), task("a")
    assert len({first, second}) == 2
    assert Workflow(first) != Workflow(first)
    assert StaticWidthGroup(first, 1) != StaticWidthGroup(first, 1)


@pytest.mark.parametrize(
    ("value", "name"),
    [(task("a"), "code"), (Workflow(task("a")), "shape"), (StaticWidthGroup(task("a"), 1), "width")],
)
def test_frozen(value: TaskLike, name: str) -> None:
    """No description changes, and none takes further attributes."""
    for attribute in (name, "other"):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(value, attribute, 3)


def test_composing_changes_nothing() -> None:
    """``>>`` and ``|`` leave their operands as they were."""
    chain = task("a") >> task("b")
    before = edges(compile_graph(chain))
    _ = chain >> task("c"), chain | task("d"), task("e") >> chain
    assert edges(compile_graph(chain)) == before


def test_task_fields() -> None:
    """Resources are read when a task is described, and refused there."""
    work = Task("/a.py", {"x": 1}, "24:xeon24:10m")
    assert work.resources == Resources(24, 600, "xeon24")
    assert (work.func, work.name, work.folder) == ("main", "", None)
    with pytest.raises(ResourcesError, match="None"):
        Task("/a.py", {}, None)


def test_task_like_passes() -> None:
    """What is a TaskLike already stays the same object."""
    work = task("a")
    assert task_like(work, "submit") is work


LABELS: list[tuple[Callable[..., object], str]] = [
    (lambda a: a, "Task('a', '1:local:1m')"),
    (lambda a, b: a >> b, "Workflow(a >> b)"),
    (lambda a, b, c: a >> (b | c), "Workflow(a >> Workflow(b | c))"),
    (lambda a, b: Workflow({b: [a]}), "Workflow({b, a})"),
    (lambda a, b: StaticWidthGroup([a, b], 3), "StaticWidthGroup(Workflow(a >> b), width=3)"),
    (lambda a, b, c, d, e, f: a | b | c | d | e | f, "Workflow(a | b | c | d | e | f)"),
    (lambda a, b, c, d, e, f, g: a | b | c | d | e | f | g, "Workflow(a | b | c | d | ... 2 more ... | g)"),
]


@pytest.mark.parametrize(("build", "text"), LABELS, ids=[text for _, text in LABELS])
def test_repr(build: Callable[..., object], text: str) -> None:
    """A description shows itself in the notation of the operators, shortened."""
    assert repr(described(build)) == text


def test_labels() -> None:
    """In messages a task goes by its name, or else its script, and anything else as it shows itself."""
    assert [label(value) for value in (task("a"), Task("/a.py", {}, Resources()), 3)] == ["a", "/a.py", "3"]


def test_labels_of_deep_things_are_short() -> None:
    """However deep a description is nested, and however often its parts are shared, its name stays short."""
    work: TaskLike = task("a")
    for _ in range(2000):
        work = Workflow({task("b"): [work], task("c"): [work]})
    assert len(repr(work)) < 500
    for _ in range(2000):
        work = StaticWidthGroup(work, 1)
    assert repr(work) == "StaticWidthGroup(" * 4 + "..." + ", width=1)" * 4


def nx_graph() -> Any:
    """An undirected graph."""
    return nx.Graph()  # type: ignore[attr-defined]


def nx_digraph() -> Any:
    """A directed graph of something else."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_node(3)
    return graph
