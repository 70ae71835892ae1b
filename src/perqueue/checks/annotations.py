"""What the annotation of a function's result says about groups: which answers it gives, and which branches it names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from .names import Literal, Names


class Promised(NamedTuple):
    """What an annotation says.

    Args:
        choices: The branches that ``Choose[Literal[...], ...]`` names; None if it names none, or any.
        only_continues: Whether the annotation is ``Continue[...]`` and no ``Stop``.
    """

    choices: tuple[Literal, ...] | None = None
    only_continues: bool = False


def promised_by(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> Promised:
    """What a function's annotation says."""
    choices: list[Literal] = []
    known = True
    answers: list[str] = []
    for part in _union(function.returns):
        answer = names.perqueue(part.value if isinstance(part, ast.Subscript) else part)
        answers.append(answer)
        if answer == "Choose":
            found = _literals(part)
            known = known and found is not None
            choices += found or []
    going = [answer for answer in answers if answer != "Discard"]
    only_continues = bool(going) and set(going) == {"Continue"}
    return Promised(tuple(choices) if choices and known and set(going) == {"Choose"} else None, only_continues)


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
