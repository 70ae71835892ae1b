"""For type checkers only: the class of ``a | b``. There is no such class at run time, where it is a Workflow.

Two tuples of unknown lengths can't be put together in a type, so one of them is spelled out, up to six elements.
"""

from __future__ import annotations

from typing import Any, TypeVar, TypeVarTuple, overload

from .tasklike import In_contra, Out_co, Plain, TaskLike, Workflow

# mypy: disable-error-code="override, misc"
# pyright: reportIncompatibleMethodOverride=false
# (They give more than what they override, and __ror__ is asked only where __or__ does not fit.)

A = TypeVar("A")
C = TypeVar("C")
C1 = TypeVar("C1")
C2 = TypeVar("C2")
C3 = TypeVar("C3")
C4 = TypeVar("C4")
C5 = TypeVar("C5")
C6 = TypeVar("C6")
Bs = TypeVarTuple("Bs")


class Fan(Workflow[In_contra, Out_co]):
    """Steps side by side: what else is put beside them makes the tuple that they give longer."""

    @overload
    def __or__(self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2]]) -> Fan[A, tuple[*Bs, C1, C2]]: ...
    @overload
    def __or__(self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3]]) -> Fan[A, tuple[*Bs, C1, C2, C3]]: ...
    @overload
    def __or__(
        self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3, C4]]
    ) -> Fan[A, tuple[*Bs, C1, C2, C3, C4]]: ...
    @overload
    def __or__(
        self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3, C4, C5]]
    ) -> Fan[A, tuple[*Bs, C1, C2, C3, C4, C5]]: ...
    @overload
    def __or__(
        self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3, C4, C5, C6]]
    ) -> Fan[A, tuple[*Bs, C1, C2, C3, C4, C5, C6]]: ...
    @overload
    def __or__(self, other: Workflow[In_contra, tuple[Any, ...]]) -> Fan[In_contra, tuple[Any, ...]]: ...
    @overload
    def __or__(self: Fan[A, tuple[*Bs]], other: TaskLike[A, C]) -> Fan[A, tuple[*Bs, C]]: ...
    @overload
    def __or__(self, other: Plain) -> Fan[In_contra, tuple[Any, ...]]: ...
    def __or__(self, other: object) -> Workflow:
        raise NotImplementedError

    @overload
    def __ror__(self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2]]) -> Fan[A, tuple[C1, C2, *Bs]]: ...
    @overload
    def __ror__(self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3]]) -> Fan[A, tuple[C1, C2, C3, *Bs]]: ...
    @overload
    def __ror__(
        self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3, C4]]
    ) -> Fan[A, tuple[C1, C2, C3, C4, *Bs]]: ...
    @overload
    def __ror__(
        self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3, C4, C5]]
    ) -> Fan[A, tuple[C1, C2, C3, C4, C5, *Bs]]: ...
    @overload
    def __ror__(
        self: Fan[A, tuple[*Bs]], other: Fan[A, tuple[C1, C2, C3, C4, C5, C6]]
    ) -> Fan[A, tuple[C1, C2, C3, C4, C5, C6, *Bs]]: ...
    @overload
    def __ror__(self, other: Workflow[In_contra, tuple[Any, ...]]) -> Fan[In_contra, tuple[Any, ...]]: ...
    @overload
    def __ror__(self: Fan[A, tuple[*Bs]], other: TaskLike[A, C]) -> Fan[A, tuple[C, *Bs]]: ...
    @overload
    def __ror__(self, other: Plain) -> Fan[In_contra, tuple[Any, ...]]: ...
    def __ror__(self, other: object) -> Workflow:
        raise NotImplementedError
