"""What names in a script stand for, as far as its syntax tells: perqueue's own, and constants."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from perqueue.core import keys

Literal: TypeAlias = "str | int | float | bool | None"
Values: TypeAlias = "tuple[Literal, ...] | None"
"""What an expression may be: one of these, or (None) anything."""

FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_CONSTANTS: Final = {name: value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)}
_HOMES: Final = ("perqueue.constants", "perqueue.core.keys")


class Names:
    """The names of a module, or of a function in it.

    Args:
        imported: What import statements made of names: dotted paths.
        constants: Names that stand for one literal.
        hidden: Names that stand for something else here.
    """

    def __init__(
        self, imported: Mapping[str, str], constants: Mapping[str, Literal], hidden: frozenset[str] = frozenset()
    ) -> None:
        self._imported, self._constants, self._hidden = imported, constants, hidden

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Names:
        """The names as a function sees them."""
        nodes = list(ast.walk(function))
        found = imports(nodes)
        bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        bound |= {
            node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef) and node is not function
        }
        hidden = frozenset(bound)
        return Names({**self._imported, **found}, self._constants, hidden)

    def dotted(self, expression: ast.expr) -> str:
        """The dotted path of what an expression stands for; empty if it can't be told."""
        match expression:
            case ast.Name(id=name):
                return "" if name in self._hidden else self._imported.get(name, "")
            case ast.Attribute(value=value, attr=attr):
                base = self.dotted(value)
                return f"{base}.{attr}" if base else ""
            case _:
                return ""

    def perqueue(self, expression: ast.expr) -> str:
        """The name in the package's top that an expression stands for, such as ``Stop``; empty if none."""
        path = self.dotted(expression)
        return path.rpartition(".")[2] if path.split(".")[0] == "perqueue" else ""

    def values(self, expression: ast.expr) -> Values:
        """The literals that an expression may be."""
        match expression:
            case ast.Constant(value=str() | int() | float() | bool() | None as value):
                return (value,)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return (-value,)
            case ast.IfExp(body=one, orelse=other):
                first, second = self.values(one), self.values(other)
                return None if first is None or second is None else first + second
            case ast.Name(id=name) if name not in self._hidden and name in self._constants:
                return (self._constants[name],)
            case ast.Name() | ast.Attribute():
                home, _, name = self.dotted(expression).rpartition(".")
                return (_CONSTANTS[name],) if home in _HOMES and name in _CONSTANTS else None
            case _:
                return None

    def one(self, expression: ast.expr | None) -> tuple[Literal] | None:
        """The one literal that an expression is, in a tuple; None if that can't be told."""
        found = None if expression is None else self.values(expression)
        return (found[0],) if found is not None and len(found) == 1 else None

    def builtin(self, expression: ast.expr, *names: str) -> bool:
        """Whether an expression is one of these functions of Python's."""
        if not isinstance(expression, ast.Name) or expression.id not in names:
            return False
        return expression.id not in self._hidden and expression.id not in self._imported


def imports(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """The dotted paths that the import statements among nodes give names to."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                found[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    names = _CONSTANTS if node.module in _HOMES else ()
                    found.update({name: f"{node.module}.{name}" for name in names})
                else:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found
