"""What a function takes, read off its definition."""

from __future__ import annotations

import ast
from typing import NamedTuple


class Parameters(NamedTuple):
    """A signature.

    Args:
        required: Parameters without a default that can be given by name.
        optional: Those with one.
        first: The first positional parameter, if there is one.
        unnamed: Parameters without a default that can't be given by name.
        positional: All that can't be given by name.
        open: Whether it takes any other name too (``**kwargs``).
        needs_first: Whether the first positional parameter has no default, and a type that None does not have.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    first: str | None
    unnamed: tuple[str, ...]
    open: bool
    needs_first: bool = False
    positional: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether it can be given by name."""
        return self.open or name in self.required or name in self.optional


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Parameters:
    """The parameters of a function, as it is defined."""
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    needed = {arg.arg for arg in positional[: len(positional) - len(args.defaults)]}
    needed |= {arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default is None}
    named = [arg.arg for arg in (*args.args, *args.kwonlyargs)]
    return Parameters(
        required=tuple(name for name in named if name in needed),
        optional=tuple(name for name in named if name not in needed),
        first=positional[0].arg if positional else None,
        unnamed=tuple(arg.arg for arg in args.posonlyargs if arg.arg in needed),
        open=args.kwarg is not None,
        needs_first=bool(positional) and positional[0].arg in needed and _excludes_none(positional[0].annotation),
        positional=tuple(arg.arg for arg in args.posonlyargs),
    )


def _excludes_none(annotation: ast.expr | None) -> bool:
    """Whether a type is written that names nothing which None could be: no None, Any, object or name of one's own."""
    if annotation is None:
        return False
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    plain = all(isinstance(node, ast.Name | ast.Subscript | ast.Tuple | ast.Load) for node in ast.walk(annotation))
    return plain and names <= _NEVER_NONE


_NEVER_NONE = frozenset(
    {"bool", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
