"""Groups: bodies that run as several copies, again and again, or only if they are chosen.

A body is a scope of its own: one task may stand inside a loop and before it. Every body is given in any form that
:class:`~perqueue.core.tasklike.Workflow` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Never, SupportsIndex, TypeAlias, TypeVar, cast, overload

from attrs import frozen

from .errors import BranchError, EmptyGroupError, LimitError, PolicyError, WidthError
from .keys import SWITCHGROUP_SKIP
from .policy import STRICT, Key, OnDiscard, Policy
from .tasklike import A, B, In_contra, Out_co, Plain, TaskLike, label, task_like

if TYPE_CHECKING:
    from .answers import Choose, Continue, Stop, Width

    _Ended: TypeAlias = Continue[Any] | Stop[Any]

A1 = TypeVar("A1")
A2 = TypeVar("A2")
B1 = TypeVar("B1")
B2 = TypeVar("B2")
K = TypeVar("K")


@frozen(eq=False, init=False)
class StaticWidthGroup(TaskLike[In_contra, Out_co]):
    """A fixed number of independent copies of a body, side by side.

    Each task inside is told its copy number as the first element of ``pq_index``. What follows the group waits for
    every copy. Width 0 is an empty group: the parents' data passes through it.

    Args:
        tasks: The body.
        width: Number of copies, a whole number from 0.
        on_discard: "axe": a discard in a copy axes what follows the group. "drop": the copy is left out.
        tolerate: How many copies may fail and be left out.

    Raises:
        WidthError: ``width`` is negative or not a whole number.
        PolicyError: ``on_discard`` or ``tolerate`` is none.
        DescriptionError: The body is empty or not a TaskLike.
    """

    body: TaskLike
    width: int
    policy: Policy

    @overload
    def __init__(
        self: StaticWidthGroup[A, list[B]],
        tasks: TaskLike[A, B],
        width: SupportsIndex,
        *,
        on_discard: str = "axe",
        tolerate: SupportsIndex = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: StaticWidthGroup[Any, Any],
        tasks: Plain,
        width: SupportsIndex,
        *,
        on_discard: str = "axe",
        tolerate: SupportsIndex = 0,
    ) -> None: ...
    def __init__(
        self, tasks: object, width: SupportsIndex, *, on_discard: str = "axe", tolerate: SupportsIndex = 0
    ) -> None:
        object.__setattr__(self, "body", task_like(tasks, "StaticWidthGroup"))
        object.__setattr__(self, "width", _width(width))
        object.__setattr__(self, "policy", _policy("StaticWidthGroup", on_discard, tolerate))

    def __repr__(self) -> str:
        return label(self)

    def _label(self, depth: int) -> str:
        return f"StaticWidthGroup({_body(self.body, depth)}, width={self.width}{_shown(self.policy)})"


@frozen(eq=False, init=False)
class DynamicWidthGroup(TaskLike[In_contra, Out_co]):
    """As many independent copies of a body as its parents say, with ``pq_dwg_width``, when they finish.

    The parents that say so must agree. Where the parent is a typed function that returns a sequence, each copy gets
    one element of it. Width 0 is an empty group: the parents' data passes through it.

    Args:
        tasks: The body.
        on_discard: "axe": a discard in a copy axes what follows the group. "drop": the copy is left out.
        tolerate: How many copies may fail and be left out.

    Raises:
        PolicyError: ``on_discard`` or ``tolerate`` is none.
        DescriptionError: The body is empty or not a TaskLike.
    """

    body: TaskLike
    policy: Policy

    @overload
    def __init__(
        self: DynamicWidthGroup[Sequence[A] | Width[A], list[B]],
        tasks: TaskLike[A, B],
        *,
        on_discard: str = "axe",
        tolerate: SupportsIndex = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: DynamicWidthGroup[Any, Any], tasks: Plain, *, on_discard: str = "axe", tolerate: SupportsIndex = 0
    ) -> None: ...
    def __init__(self, tasks: object, *, on_discard: str = "axe", tolerate: SupportsIndex = 0) -> None:
        object.__setattr__(self, "body", task_like(tasks, "DynamicWidthGroup"))
        object.__setattr__(self, "policy", _policy("DynamicWidthGroup", on_discard, tolerate))

    def __repr__(self) -> str:
        return label(self)

    def _label(self, depth: int) -> str:
        return f"DynamicWidthGroup({_body(self.body, depth)}{_shown(self.policy)})"


@frozen(eq=False, init=False)
class CyclicalGroup(TaskLike[In_contra, Out_co]):
    """A loop: the body runs again on the results of its last tasks, until all of these return ``pq_toggle_key`` True.

    Each task inside is told its iteration as the last element of ``pq_iteration``. What follows the loop gets what
    the last iteration returned. The loop fails where the key is missing or no tries are left.

    Args:
        tasks: The body.
        max_tries: How many iterations there may be in total. A parent that returns ``pq_max_tries`` overrides it.

    Raises:
        LimitError: ``max_tries`` is not a whole number from 1.
        DescriptionError: The body is empty or not a TaskLike.
    """

    body: TaskLike
    max_tries: int

    # The second is of loops that never end. No type checker can be told to refuse them here; but they take nothing and
    # give nothing, so they are refused where they are used. The first keeps bodies that may give anything out of it.
    # So do the fourth and the sixth, of bodies with two last steps and of those that end in the copies of a group. The
    # last but one is of more steps, of which it is not known what they go on with.

    @overload
    def __init__(self: CyclicalGroup[A, B], tasks: TaskLike[A, Stop[B]], max_tries: SupportsIndex = 16) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[Never, Never], tasks: TaskLike[A, Continue[A]], max_tries: SupportsIndex = 16
    ) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[A, B], tasks: TaskLike[A, Continue[A] | Stop[B]], max_tries: SupportsIndex = 16
    ) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[A, tuple[B1, B2]],
        tasks: TaskLike[A, tuple[Stop[B1], Stop[B2]]],
        max_tries: SupportsIndex = 16,
    ) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[tuple[A1, A2], tuple[B1, B2]],
        tasks: TaskLike[tuple[A1, A2], tuple[Continue[A1] | Stop[B1], Continue[A2] | Stop[B2]]],
        max_tries: SupportsIndex = 16,
    ) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[A, list[B]], tasks: TaskLike[A, list[Stop[B]]], max_tries: SupportsIndex = 16
    ) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[list[A1], list[B1]],
        tasks: TaskLike[list[A1], list[Continue[A1] | Stop[B1]]],
        max_tries: SupportsIndex = 16,
    ) -> None: ...
    @overload
    def __init__(
        self: CyclicalGroup[A, tuple[Any, ...]],
        tasks: TaskLike[A, tuple[_Ended, _Ended, _Ended, *tuple[_Ended, ...]]],
        max_tries: SupportsIndex = 16,
    ) -> None: ...
    @overload
    def __init__(self: CyclicalGroup[Any, Any], tasks: Plain, max_tries: SupportsIndex = 16) -> None: ...
    def __init__(self, tasks: object, max_tries: SupportsIndex = 16) -> None:
        object.__setattr__(self, "body", task_like(tasks, "CyclicalGroup"))
        tries = _whole(max_tries)
        if tries < 1:
            raise LimitError(max_tries)
        object.__setattr__(self, "max_tries", tries)

    def __repr__(self) -> str:
        return label(self)

    def _label(self, depth: int) -> str:
        return f"CyclicalGroup({_body(self.body, depth)}, max_tries={self.max_tries})"


@frozen(eq=False, init=False)
class SwitchGroup(TaskLike[In_contra, Out_co]):
    """A choice: of its branches, the one runs that the parents name, with ``pq_switch_key``, when they finish.

    The value ``pq_skip_route`` takes no branch. Through an empty or skipped branch the parents' data passes on.

    Args:
        branches: Bodies by key, a string or a whole number. A branch may be empty: None, or an empty list.

    Raises:
        BranchError: A key is neither a string nor a whole number, or is ``pq_skip_route``.
        EmptyGroupError: There is no branch.
        DescriptionError: A branch is not a TaskLike.
    """

    branches: tuple[tuple[Key, TaskLike | None], ...]

    # The third is of branches that nothing can feed, as they take different things: refused where it is used.

    @overload
    def __init__(self: SwitchGroup[Choose[K, A], B], branches: Mapping[K, TaskLike[A, B]]) -> None: ...
    @overload
    def __init__(self: SwitchGroup[Choose[K, A], A | B], branches: Mapping[K, TaskLike[A, B] | None]) -> None: ...
    @overload
    def __init__(self: SwitchGroup[Never, Never], branches: Mapping[K, TaskLike[Any, Any] | None]) -> None: ...
    @overload
    def __init__(self: SwitchGroup[Any, Any], branches: Mapping[K, TaskLike | Plain | None]) -> None: ...
    def __init__(self, branches: object) -> None:
        if not isinstance(branches, Mapping):
            raise BranchError(f"{branches!r} is a {type(branches).__name__}, not a dict from keys to tasks")
        if not branches:
            raise EmptyGroupError("SwitchGroup")
        object.__setattr__(self, "branches", tuple(_branch(key, body) for key, body in branches.items()))

    def __repr__(self) -> str:
        return label(self)

    def _label(self, depth: int) -> str:
        shown = ", ".join(f"{key!r}: {'[]' if body is None else _body(body, depth)}" for key, body in self.branches)
        return f"SwitchGroup({{{shown}}})"


Group: TypeAlias = StaticWidthGroup | DynamicWidthGroup | CyclicalGroup | SwitchGroup


def _branch(key: object, body: object) -> tuple[Key, TaskLike | None]:
    if isinstance(key, str):
        if key == SWITCHGROUP_SKIP:
            raise BranchError(f"the key {key!r} says that no branch is taken: call this branch something else")
        named: Key = key
    else:
        named = _whole(key, lowest=None)
        if named != key or isinstance(key, bool):
            raise BranchError(f"the key {key!r} is a {type(key).__name__}, not a string or a whole number")
    empty = body is None or (isinstance(body, list | tuple | Mapping) and not body)
    return named, None if empty else task_like(body, f"SwitchGroup, branch {key!r}")


def _whole(value: object, lowest: int | None = 0) -> int:
    """The value as a whole number; -1 if it is none, or less than ``lowest``."""
    # index() also takes numpy's integers, and refuses what only looks like a number.
    try:
        number = -1 if isinstance(value, bool) else index(cast("int", value))
    except TypeError:
        return -1
    return number if lowest is None or number >= lowest else -1


def _width(value: object) -> int:
    width = _whole(value)
    if width < 0:
        raise WidthError("StaticWidthGroup", value)
    return width


def _policy(where: str, on_discard: object, tolerate: object) -> Policy:
    if on_discard not in list(OnDiscard):
        raise PolicyError(where, "on_discard", on_discard, "'axe' or 'drop'")
    count = _whole(tolerate)
    if count < 0:
        raise PolicyError(where, "tolerate", tolerate, "how many copies may fail, a whole number from 0")
    policy = Policy(OnDiscard(cast("str", on_discard)), count)
    return STRICT if policy == STRICT else policy


def _shown(policy: Policy) -> str:
    return f", {policy}" if policy != STRICT else ""


def _body(body: TaskLike, depth: int) -> str:
    return label(body, depth - 1) if depth else "..."
