"""Answers: what a task may return to say more than a value, instead of the magic keys.

``Discard`` gives a piece of work up, ``Width`` says how many copies the dynamic width group that follows has, ``Stop``
and ``Continue`` end a loop or have it go round again, ``Choose`` names a branch of the switch that follows. Each holds
data, which is what the task hands to whatever follows it. Only code that uses them imports this module.
"""

from __future__ import annotations

from operator import index
from types import GenericAlias

from .errors import UsageError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Generic, NoReturn, SupportsIndex, TypeVar, cast, overload

    T_co = TypeVar("T_co", covariant=True)
    K_co = TypeVar("K_co", covariant=True)
    K = TypeVar("K")
else:
    # Importing typing would cost each task that answers more than all the rest; nobody asks for these at run time.
    T_co = K_co = object()

    def overload(function):
        """One of several signatures, which only type checkers read."""
        return function

    def cast(_, value):
        """The value, as type checkers are told to see it."""
        return value

    class Generic:
        """What may be written with types in square brackets."""

        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)


_WIDTH = "pq_dwg_width"  # not imported, which would cost each task that answers


class AnswerError(UsageError, TypeError):
    """An answer that can't be given as asked."""

    def __init__(self, asked: str, why: str) -> None:
        super().__init__(f"{asked}: {why}")


class FrozenAnswerError(UsageError, AttributeError):
    """An answer was to be changed."""

    def __init__(self, answer: object, name: str) -> None:
        super().__init__(f"{answer!r} can't be changed, nor its {name!r}: make a new {type(answer).__name__}")


class Answer(Generic[T_co]):
    """What the answers have in common: they are frozen, compare by class and content, and hold data only."""

    # By hand, not by dataclasses, which would cost each task that answers more than the rest of its imports.
    __slots__ = ("data",)
    __match_args__: tuple[str, ...] = ("data",)

    data: T_co

    def _fill(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if isinstance(self.data, Answer):
            inner = type(self.data).__name__
            raise AnswerError(
                repr(self), f"an answer can't hold another one: return the {inner} by itself, or its data"
            )

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._fields()))})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._fields() == cast("Answer[object]", other)._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), self._fields()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenAnswerError(self, name)

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenAnswerError(self, name)


class Discard(Answer[T_co]):
    """Give this piece of work up: the data is kept, and whatever depends on it is axed.

    Args:
        data: What is kept; in a script's ``main`` a dict or None.

    Raises:
        AnswerError: ``data`` is an answer itself.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        # A mark in types: what has no size is a Discard. So ``@task`` tells functions that may return one from others.
        __sizeof__: None  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]

    @overload
    def __init__(self: Discard[None]) -> None: ...
    @overload
    def __init__(self, data: T_co) -> None: ...
    def __init__(self, data: object = None) -> None:
        self._fill(data=data)


class Width(Answer[T_co]):
    """The dynamic width group that follows has ``n`` copies, each of which is given the data.

    Args:
        n: Number of copies, a whole number from 0.
        data: What each copy is given; in a script's ``main`` a dict or None.

    Raises:
        AnswerError: ``n`` is not a whole number from 0, or ``data`` is an answer itself, or holds another width under
            ``pq_dwg_width``.
    """

    __slots__ = ("n",)
    __match_args__ = ("n", "data")

    n: int

    @overload
    def __init__(self: Width[None], n: SupportsIndex) -> None: ...
    @overload
    def __init__(self, n: SupportsIndex, data: T_co) -> None: ...
    def __init__(self, n: SupportsIndex, data: object = None) -> None:
        self._fill(n=_copies(n), data=data)
        if isinstance(data, dict) and (said := data.get(_WIDTH, self.n)) != self.n:
            raise AnswerError(
                f"Width({self.n}, ...)", f"its data says {said!r} under {_WIDTH!r}: leave that out, or give {self.n}"
            )


class Stop(Answer[T_co]):
    """The loop ends here, and hands the data to what follows it.

    Args:
        data: What the loop comes to; in a script's ``main`` a dict or None.

    Raises:
        AnswerError: ``data`` is an answer itself.
    """

    __slots__ = ()

    @overload
    def __init__(self: Stop[None]) -> None: ...
    @overload
    def __init__(self, data: T_co) -> None: ...
    def __init__(self, data: object = None) -> None:
        self._fill(data=data)


class Continue(Answer[T_co]):
    """The loop goes round again, and its first tasks are given the data.

    Args:
        data: What the next iteration starts from; in a script's ``main`` a dict or None.

    Raises:
        AnswerError: ``data`` is an answer itself.
    """

    __slots__ = ()

    @overload
    def __init__(self: Continue[None]) -> None: ...
    @overload
    def __init__(self, data: T_co) -> None: ...
    def __init__(self, data: object = None) -> None:
        self._fill(data=data)


class Choose(Answer[T_co], Generic[K_co, T_co]):
    """Of the switch that follows, the branch of this key runs, and is given the data.

    Args:
        key: A string or a whole number; ``"pq_skip_route"`` takes no branch.
        data: What the branch is given; in a script's ``main`` a dict or None.

    Raises:
        AnswerError: ``key`` is neither a string nor a whole number, or ``data`` is an answer itself.
    """

    __slots__ = ("key",)
    __match_args__ = ("key", "data")

    key: K_co

    @overload
    def __init__(self: Choose[K, None], key: K) -> None: ...
    @overload
    def __init__(self, key: K_co, data: T_co) -> None: ...
    def __init__(self, key: object, data: object = None) -> None:
        self._fill(key=_key(key), data=data)


def _copies(n: object) -> int:
    # index() also takes numpy's integers, and refuses what only looks like a number.
    try:
        copies = -1 if isinstance(n, bool) else index(cast("int", n))
    except TypeError:
        copies = -1
    if copies < 0:
        raise AnswerError(f"Width({n!r})", f"{n!r} is not a number of copies: give a whole number from 0")
    return copies


def _key(key: object) -> str | int:
    # An Enum member counts as its value, and whatever counts as a number or a text as a plain one.
    plain = getattr(key, "value", key) if hasattr(type(key), "__members__") else key
    if isinstance(plain, str):
        return str(plain)
    try:
        if not isinstance(plain, bool):
            return index(cast("int", plain))
    except TypeError:
        pass
    raise AnswerError(
        f"Choose({key!r})", f"a {type(key).__name__} names no branch: give a string or a whole number, as in the switch"
    )
