"""Descriptions of work: tasks, groups and workflows as immutable values, composed with ``>>`` and ``|``.

Every description is frozen and compares by identity: two tasks with equal fields are two pieces of work, and the
same object met twice in one scope is one. ``a >> b`` runs b after a; ``a | b`` runs them side by side; ``>>`` binds
tighter than ``|``. Nothing here looks at the file system: paths are made absolute and checked by the front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import index
from typing import Final, Protocol, assert_never, cast, runtime_checkable

from attrs import field, frozen

from .errors import (
    AmbiguousListError,
    DescriptionError,
    EmptyGroupError,
    NotATaskError,
    PortError,
    WidthError,
)
from .resources import Resources

Ports = tuple[tuple[str | None, str], ...]
"""Pairs of output name and input name; an output name of None means the first value."""

_FIRST_VALUE: Final = (None, "None")

_DEPTH: Final = 3
"""How many levels of nesting a message shows."""


@runtime_checkable
class DiGraphLike(Protocol):
    """What is used of a ``networkx.DiGraph``: an edge u -> v says that u depends on v."""

    @property
    def nodes(self) -> Iterable[object]:
        """The nodes."""
        ...

    @property
    def successors(self) -> Callable[[object], Iterable[object]]:
        """What a node depends on."""
        ...


class TaskLike:
    """A Task, a group or a Workflow: anything that can be composed, nested and submitted."""

    __slots__ = ()

    def __rshift__(self, other: object) -> Workflow:
        if isinstance(other, list | tuple):
            raise AmbiguousListError(label(self), _labels(other), [label(part) for part in other], list_on_left=False)
        return Workflow._of(Chain((*_chain_parts(self), *_chain_parts(task_like(other, ">>")))))

    def __rrshift__(self, other: object) -> Workflow:
        if isinstance(other, list | tuple):
            raise AmbiguousListError(_labels(other), label(self), [label(part) for part in other], list_on_left=True)
        return Workflow._of(Chain((*_chain_parts(task_like(other, ">>")), *_chain_parts(self))))

    def __or__(self, other: object) -> Workflow:
        return Workflow._of(Parallel((*_parallel_parts(self), *_parallel_parts(task_like(other, "|")))))

    def __ror__(self, other: object) -> Workflow:
        return Workflow._of(Parallel((*_parallel_parts(task_like(other, "|")), *_parallel_parts(self))))


@frozen(eq=False)
class Chain:
    """Parts that run one after the other."""

    parts: tuple[TaskLike, ...]


@frozen(eq=False)
class Parallel:
    """Parts that run side by side."""

    parts: tuple[TaskLike, ...]


@frozen(eq=False)
class Dependency:
    """One thing that a node depends on, and which of its values are passed on (None: all)."""

    on: TaskLike
    ports: Ports | None = None


@frozen(eq=False)
class Dag:
    """Nodes, each with what it depends on."""

    steps: tuple[tuple[TaskLike, tuple[Dependency, ...]], ...]


Shape = Chain | Parallel | Dag


def _resources(value: object) -> Resources:
    return Resources.parse(cast("str | Resources", value))


@frozen(eq=False)
class Task(TaskLike):
    """One piece of work: a function of a Python script, its arguments and what it needs of the machine.

    Args:
        code: Path of the script.
        args: Arguments by name, given to the function; what its parents return goes over them.
        resources: Resources or their string form, such as ``24:xeon24:10m``.
        func: Name of the function in the script.
        name: For listings and selections; the script's file name by default.
        folder: Working folder of the task (None: the folder of the submission). ``{key}``, ``{name}``, ``{index}``,
            ``{iteration}`` and ``{attempt}`` in it are filled in for each entry; it is made when missing.
    """

    code: str
    args: Mapping[str, object]
    resources: Resources = field(converter=_resources)
    func: str = "main"
    name: str = ""
    folder: str | None = None

    def __repr__(self) -> str:
        return f"Task({self.name!r}, {str(self.resources)!r})"


@frozen(eq=False, init=False)
class Workflow(TaskLike):
    """Tasks and groups with what depends on what.

    Args:
        tasks: A TaskLike, a list (a chain), ``{node: [nodes it depends on]}``, a ``networkx.DiGraph`` with the same
            direction, or ``{node: {dependency: {output_name: input_name}}}``. A dependency that is not listed as a
            key is added.

    Raises:
        DescriptionError: ``tasks`` is empty or holds something that is not a TaskLike.
    """

    shape: Shape

    def __init__(self, tasks: object) -> None:
        object.__setattr__(self, "shape", _shape(tasks, "Workflow"))

    @classmethod
    def _of(cls, shape: Shape) -> Workflow:
        self = cls.__new__(cls)
        object.__setattr__(self, "shape", shape)
        return self

    def __repr__(self) -> str:
        return f"Workflow({describe_shape(self.shape)})"


@frozen(eq=False, init=False)
class StaticWidthGroup(TaskLike):
    """A fixed number of independent copies of a body, side by side.

    Each task inside is told its copy number as the first element of ``pq_index``. What follows the group waits for
    every copy. Width 0 is an empty group: the parents' data passes through it.

    Args:
        tasks: The body, in any form that :class:`Workflow` takes.
        width: Number of copies, a whole number from 0.

    Raises:
        WidthError: ``width`` is negative or not a whole number.
        DescriptionError: The body is empty or not a TaskLike.
    """

    body: TaskLike
    width: int

    def __init__(self, tasks: object, width: int) -> None:
        object.__setattr__(self, "body", task_like(tasks, "StaticWidthGroup"))
        object.__setattr__(self, "width", _width(width))

    def __repr__(self) -> str:
        return label(self)


def _width(value: object) -> int:
    # index() also takes numpy's integers, and refuses what only looks like a number.
    try:
        width = -1 if isinstance(value, bool) else index(cast("int", value))
    except TypeError:
        width = -1
    if width < 0:
        raise WidthError("StaticWidthGroup", value)
    return width


def task_like(value: object, where: str) -> TaskLike:
    """Any constructor form as one TaskLike.

    Raises:
        DescriptionError: ``value`` is none of the forms, or empty; ``where`` names the place in the message.
    """
    return value if isinstance(value, TaskLike) else Workflow._of(_shape(value, where))


def label(value: object, depth: int = _DEPTH) -> str:
    """A short name for messages; what is nested deeper than ``depth`` is left out."""
    match value:
        case Task():
            return value.name or value.code
        case Workflow():
            return f"Workflow({describe_shape(value.shape, depth - 1)})"
        case StaticWidthGroup():
            return f"StaticWidthGroup({label(value.body, depth - 1) if depth else '...'}, width={value.width})"
        case _:
            return repr(value)


def describe_shape(shape: Shape, depth: int = _DEPTH) -> str:
    """The shape in the notation of the operators, shortened."""
    if depth < 0:
        return "..."
    match shape:
        case Chain(parts=parts):
            return " >> ".join(_short(parts, depth))
        case Parallel(parts=parts):
            return " | ".join(_short(parts, depth))
        case Dag(steps=steps):
            return "{" + ", ".join(_short([node for node, _ in steps], depth)) + "}"
        case _:
            assert_never(shape)


def _short(parts: Sequence[TaskLike], depth: int) -> list[str]:
    if len(parts) <= 6:
        return [label(part, depth) for part in parts]
    shown = [label(part, depth) for part in (*parts[:4], parts[-1])]
    return [*shown[:4], f"... {len(parts) - 5} more ...", shown[4]]


def _labels(values: Iterable[object]) -> str:
    return f"[{', '.join(label(value) for value in values)}]"


def _chain_parts(part: TaskLike) -> tuple[TaskLike, ...]:
    return part.shape.parts if isinstance(part, Workflow) and isinstance(part.shape, Chain) else (part,)


def _parallel_parts(part: TaskLike) -> tuple[TaskLike, ...]:
    return part.shape.parts if isinstance(part, Workflow) and isinstance(part.shape, Parallel) else (part,)


def _shape(value: object, where: str) -> Shape:
    match value:
        case TaskLike():
            return Chain((value,))
        case list() | tuple():
            if not value:
                raise EmptyGroupError(where)
            return Chain(tuple(task_like(part, f"{where}, element {i}") for i, part in enumerate(value)))
        case Mapping():
            return _dag(value.items(), where)
        case DiGraphLike():
            return _dag(((node, list(value.successors(node))) for node in value.nodes), where)
        case _:
            raise NotATaskError(value, where)


def _dag(items: Iterable[tuple[object, object]], where: str) -> Dag:
    steps: list[tuple[TaskLike, tuple[Dependency, ...]]] = []
    known: set[int] = set()
    for key, value in items:
        node = _node(key, where)
        steps.append((node, _dependencies(node, value, where)))
        known.add(id(node))
    if not steps:
        raise EmptyGroupError(where)
    for on in [dependency.on for _, dependencies in steps for dependency in dependencies]:
        if id(on) not in known:
            known.add(id(on))
            steps.append((on, ()))
    return Dag(tuple(steps))


def _node(value: object, where: str) -> TaskLike:
    if not isinstance(value, TaskLike):
        raise NotATaskError(value, where)
    return value


def _dependencies(node: TaskLike, value: object, where: str) -> tuple[Dependency, ...]:
    inside = f"{where}, dependencies of {label(node)}"
    match value:
        case TaskLike():
            return (Dependency(value),)
        case Mapping():
            return tuple(
                Dependency(_node(on, inside), _ports(label(node), label(on), ports)) for on, ports in value.items()
            )
        case list() | tuple() | set() | frozenset():
            return tuple(Dependency(_node(on, inside)) for on in value)
        case None:
            return ()
        case _:
            raise DescriptionError(
                f"{inside}: {value!r} is a {type(value).__name__}, not a list of nodes or {{dependency: ports}}"
            )


def _ports(node: str, dependency: str, ports: object) -> Ports | None:
    if ports is None:
        return None
    if not isinstance(ports, Mapping):
        raise PortError(node, dependency, ports)
    pairs: list[tuple[str | None, str]] = []
    for output, given in ports.items():
        if not (isinstance(given, str) and isinstance(output, str | None)):
            raise PortError(node, dependency, ports)
        pairs.append((None if output in _FIRST_VALUE else output, given))
    return tuple(pairs)
