"""What the annotation of a function's result says about groups: which answers it gives, and which branches it names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from .names import Literal, Names


class Promised(NamedTuple):
    """What an annotation says.

    Args:
        choices: The branches that ``Choose[Literal[...], ...]`` names; None if it names none, or any.
        only_continues: Whether the annotation is ``Continue[...]`` and no ``Stop``.
        plain: The types, if all are types of Python's of which none is an answer or has keys; else empty.
    """

    choices: tuple[Literal, ...] | None = None
    only_continues: bool = False
    plain: tuple[str, ...] = ()


SEQUENCES: Final = frozenset({"list", "tuple"})
"""Plain types of which a dynamic group hands out the elements."""
_PLAIN: Final = SEQUENCES | {"bool", "bytes", "complex", "float", "frozenset", "int", "set", "str"}


def promised_by(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> Promised:
    """What a function's annotation says."""
    choices: list[Literal] = []
    known = True
    answers: list[str] = []
    plain: list[str] = []
    for part in _union(function.returns):
        plain.append(_plain(part, names))
        answer = names.perqueue(part.value if isinstance(part, ast.Subscript) else part)
        answers.append(answer)
        if answer == "Choose":
            found = _literals(part)
            known = known and found is not None
            choices += found or []
    going = [answer for answer in answers if answer != "Discard"]
    only_continues = bool(going) and set(going) == {"Continue"}
    types = [name for name, answer in zip(plain, answers, strict=True) if answer != "Discard"]
    return Promised(
        tuple(choices) if choices and known and set(going) == {"Choose"} else None,
        only_continues,
        tuple(dict.fromkeys(types)) if all(types) else (),
    )


def _plain(part: ast.expr, names: Names) -> str:
    """The name of a type that is plain; empty if it isn't, or that can't be told."""
    if isinstance(part, ast.Constant) and part.value is None:
        return "None"
    base = part.value if isinstance(part, ast.Subscript) else part
    return base.id if isinstance(base, ast.Name) and names.builtin(base, *_PLAIN) else ""


def _union(annotation: ast.expr | None) -> Iterator[ast.expr]:
    match annotation:
        case None:
            return
        case ast.Constant(value=str() as text):
            try:
                yield from _union(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError):
                return
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _union(left)
            yield from _union(right)
        case ast.Subscript(value=ast.Name(id="Union") | ast.Attribute(attr="Union"), slice=ast.Tuple(elts=parts)):
            for part in parts:
                yield from _union(part)
        case _:
            yield annotation


def _literals(choose: ast.expr) -> list[Literal] | None:
    match choose:
        case ast.Subscript(
            slice=ast.Tuple(
                elts=[ast.Subscript(value=ast.Name(id="Literal") | ast.Attribute(attr="Literal"), slice=inner), *_]
            )
        ):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if all(isinstance(part, ast.Constant) and isinstance(part.value, str | int) for part in parts):
                return [part.value for part in parts if isinstance(part, ast.Constant)]  # type: ignore[misc]
    return None
