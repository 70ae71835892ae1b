"""What descriptions of work have in common, and workflows: immutable values, composed with ``>>`` and ``|``.

Every description is frozen and compares by identity: two tasks with equal fields are two pieces of work, and the
same object met twice in one scope is one. ``a >> b`` runs b after a; ``a | b`` runs them side by side; ``>>`` binds
tighter than ``|``. Nothing here looks at the file system: paths are made absolute and checked by the front.

A description is generic in the value that it takes and the value that it gives, so that type checkers refuse ``a >> b``
where b can't take what a gives. What has several last steps gives a flat tuple, one element for each of them. Scripts
take and give anything; so do lists, dicts and graphs of steps, into which no checker can look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Protocol,
    TypeAlias,
    TypeVar,
    TypeVarTuple,
    assert_never,
    overload,
    runtime_checkable,
)

from attrs import frozen

from .errors import (
    AmbiguousListError,
    DescriptionError,
    EmptyGroupError,
    NotATaskError,
    PortError,
)

if TYPE_CHECKING:
    from .fan import Fan

if TYPE_CHECKING:
    # What is left unsaid is anything, as in a bare TaskLike: type checkers all know this module, nobody else needs it.
    from typing_extensions import TypeVar as TypeVarX

    In_contra = TypeVarX("In_contra", contravariant=True, default=Any)
    Out_co = TypeVarX("Out_co", covariant=True, default=Any)
else:
    In_contra = TypeVar("In_contra", contravariant=True)
    Out_co = TypeVar("Out_co", covariant=True)

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
Bs = TypeVarTuple("Bs")

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
    def successors(self) -> Callable[[Any], Iterable[object]]:
        """What a node depends on."""
        ...


Untyped: TypeAlias = Mapping[Any, Any] | DiGraphLike
"""Nodes with what they depend on: no type checker can tell what they take and give, nor how many are the last."""

Plain: TypeAlias = list[Any] | tuple[Any, ...] | Untyped
"""The same, or a chain."""


class TaskLike(Generic[In_contra, Out_co]):
    """A Task, a group or a Workflow: anything that can be composed, nested and submitted."""

    __slots__ = ()

    def _label(self, depth: int) -> str:
        raise NotImplementedError

    @overload
    def __rshift__(self, other: TaskLike[Out_co, C]) -> Workflow[In_contra, C]: ...
    @overload
    def __rshift__(self, other: Untyped) -> Workflow[In_contra, Any]: ...
    def __rshift__(self, other: object) -> Workflow:
        if isinstance(other, list | tuple):
            raise AmbiguousListError(label(self), _labels(other), [label(part) for part in other], list_on_left=False)
        return Workflow._of(Chain((*_chain_parts(self), *_chain_parts(task_like(other, ">>")))))

    def __rrshift__(self, other: Untyped) -> Workflow[Any, Out_co]:
        if isinstance(other, list | tuple):
            raise AmbiguousListError(_labels(other), label(self), [label(part) for part in other], list_on_left=True)
        return Workflow._of(Chain((*_chain_parts(task_like(other, ">>")), *_chain_parts(self))))

    # Of two parts side by side one must take all that the other takes, which is what both take. If that is the right
    # one, type checkers find __or__ to fit, and otherwise __ror__; at run time, __ror__ is for what is no TaskLike.
    # A part with several last steps is several elements of the tuple; that of a Fan is known to have them. A Workflow
    # that gives a tuple may have several, or one that returned a tuple: of what stands beside it nothing is known.

    @overload
    def __or__(self, other: Fan[In_contra, tuple[*Bs]]) -> Fan[In_contra, tuple[Out_co, *Bs]]: ...
    @overload
    def __or__(self, other: Workflow[In_contra, tuple[Any, ...]]) -> Fan[In_contra, tuple[Any, ...]]: ...
    @overload
    def __or__(self, other: TaskLike[In_contra, C]) -> Fan[In_contra, tuple[Out_co, C]]: ...
    @overload
    def __or__(self, other: Plain) -> Fan[In_contra, tuple[Any, ...]]: ...
    def __or__(self, other: object) -> Workflow:
        return Workflow._of(Parallel((*_parallel_parts(self), *_parallel_parts(task_like(other, "|")))))

    @overload
    def __ror__(self, other: Fan[In_contra, tuple[*Bs]]) -> Fan[In_contra, tuple[*Bs, Out_co]]: ...
    @overload
    def __ror__(self, other: Workflow[In_contra, tuple[Any, ...]]) -> Fan[In_contra, tuple[Any, ...]]: ...
    @overload
    def __ror__(self, other: TaskLike[In_contra, B]) -> Fan[In_contra, tuple[B, Out_co]]: ...
    @overload
    def __ror__(self, other: Plain) -> Fan[In_contra, tuple[Any, ...]]: ...
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


@frozen(eq=False, init=False)
class Workflow(TaskLike[In_contra, Out_co]):
    """Tasks and groups with what depends on what.

    Args:
        tasks: A TaskLike, a list (a chain), ``{node: [nodes it depends on]}``, a ``networkx.DiGraph`` with the same
            direction, or ``{node: {dependency: {output_name: input_name}}}``. A dependency that is not listed as a
            key is added.

    Raises:
        DescriptionError: ``tasks`` is empty or holds something that is not a TaskLike.
    """

    shape: Shape

    @overload
    def __init__(self: Workflow[A, B], tasks: TaskLike[A, B]) -> None: ...
    @overload
    def __init__(self: Workflow[Any, Any], tasks: Plain) -> None: ...
    def __init__(self, tasks: object) -> None:
        object.__setattr__(self, "shape", _shape(tasks, "Workflow"))

    if TYPE_CHECKING:
        # As those of every TaskLike, but for the first of each.

        @overload
        def __or__(self: Workflow[A, tuple[Any, ...]], other: TaskLike[A, Any] | Plain) -> Fan[A, tuple[Any, ...]]: ...
        @overload
        def __or__(self, other: Fan[In_contra, tuple[*Bs]]) -> Fan[In_contra, tuple[Out_co, *Bs]]: ...
        @overload
        def __or__(self, other: Workflow[In_contra, tuple[Any, ...]]) -> Fan[In_contra, tuple[Any, ...]]: ...
        @overload
        def __or__(self, other: TaskLike[In_contra, C]) -> Fan[In_contra, tuple[Out_co, C]]: ...
        @overload
        def __or__(self, other: Plain) -> Fan[In_contra, tuple[Any, ...]]: ...
        def __or__(self, other: object) -> Workflow: ...

        @overload
        def __ror__(self: Workflow[A, tuple[Any, ...]], other: TaskLike[A, Any] | Plain) -> Fan[A, tuple[Any, ...]]: ...
        @overload
        def __ror__(self, other: Fan[In_contra, tuple[*Bs]]) -> Fan[In_contra, tuple[*Bs, Out_co]]: ...
        @overload
        def __ror__(self, other: Workflow[In_contra, tuple[Any, ...]]) -> Fan[In_contra, tuple[Any, ...]]: ...
        @overload
        def __ror__(self, other: TaskLike[In_contra, B]) -> Fan[In_contra, tuple[B, Out_co]]: ...
        @overload
        def __ror__(self, other: Plain) -> Fan[In_contra, tuple[Any, ...]]: ...
        def __ror__(self, other: object) -> Workflow: ...

    @classmethod
    def _of(cls, shape: Shape) -> Workflow:
        self = cls.__new__(cls)
        object.__setattr__(self, "shape", shape)
        return self

    def __repr__(self) -> str:
        return f"Workflow({describe_shape(self.shape)})"

    def _label(self, depth: int) -> str:
        return f"Workflow({describe_shape(self.shape, depth - 1)})"


def task_like(value: object, where: str) -> TaskLike:
    """Any constructor form as one TaskLike.

    Raises:
        DescriptionError: ``value`` is none of the forms, or empty; ``where`` names the place in the message.
    """
    return value if isinstance(value, TaskLike) else Workflow._of(_shape(value, where))


def label(value: object, depth: int = _DEPTH) -> str:
    """A short name for messages; what is nested deeper than ``depth`` is left out."""
    return value._label(depth) if isinstance(value, TaskLike) else repr(value)


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
        case list() | tuple():
            return tuple(Dependency(_node(on, inside)) for on in value)
        case set() | frozenset():
            # In one order each time, so that nodes with the same dependencies meet in one join.
            return tuple(Dependency(_node(on, inside)) for on in sorted(value, key=label))
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
