"""The keys of a dict, read off the expressions and statements that build it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from .names import FUNCTION, Names, Values

_HARMLESS: Final = ("print", "len", "str", "repr", "bool", "list", "tuple", "set", "sorted")
"""Functions that leave the keys of what they are given as they are."""
_READING: Final = ("get", "keys", "values", "items", "copy")
_BEHIND: Final = frozenset({"locals", "vars", "eval", "exec", "f_locals"})
"""Names with which a dict may be changed without being named."""


@frozen
class Shape:
    """What is known of a dict.

    Args:
        keys: The keys that it may have, with the literals that each may be (None: anything).
        sure: Those that it has in any case.
        open: Whether it may have other keys too.
        line: Where it is returned.
    """

    keys: Mapping[str, Values] = field(factory=dict)
    sure: frozenset[str] = frozenset()
    open: bool = False
    line: int = 0

    def with_key(self, key: str, values: Values) -> Shape:
        """The same with one key more."""
        return Shape({**self.keys, key: values}, self.sure | {key}, self.open, self.line)


NOTHING: Final = Shape()
ANYTHING: Final = Shape(open=True)


class DictReader:
    """Reads the dicts of one function."""

    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> None:
        self._function, self._names = function, names
        self._above: dict[ast.AST, ast.AST] = {}
        self._behind = False
        self._uses: dict[str, list[ast.Name]] = {}
        self._not_ours: set[str] = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
        for node in ast.walk(function):
            for child in ast.iter_child_nodes(node):
                self._above[child] = node
            match node:
                case ast.Name(id=name):
                    self._uses.setdefault(name, []).append(node)
                    self._behind = self._behind or name in _BEHIND
                case ast.Attribute(attr=attr):
                    self._behind = self._behind or attr in _BEHIND
                case ast.Global(names=several) | ast.Nonlocal(names=several):
                    self._not_ours.update(several)
                case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                    self._not_ours.add(name)
                case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                    self._not_ours.add(name)

    def shapes(self, value: ast.expr) -> list[Shape]:
        """What an expression that should be a dict, or None, may be."""
        match value:
            case ast.Constant(value=None):
                return [NOTHING]
            case ast.IfExp(body=one, orelse=other):
                return [*self.shapes(one), *self.shapes(other)]
            case ast.Name():
                return [self._built(value)]
            case _:
                return [self._literal(value)]

    def _literal(self, value: ast.expr) -> Shape:
        match value:
            case ast.Dict(keys=keys, values=values):
                found = NOTHING
                for key, item in zip(keys, values, strict=True):
                    found = self._put(found, key, item)
                return found
            case ast.Call(func=func, args=[], keywords=keywords) if self._names.builtin(func, "dict"):
                found = NOTHING
                for keyword in keywords:
                    name = None if keyword.arg is None else ast.Constant(keyword.arg)
                    found = self._put(found, name, keyword.value)
                return found
            case _:
                return ANYTHING

    def _put(self, into: Shape, key: ast.expr | None, value: ast.expr) -> Shape:
        if key is None:  # **value
            found = self.shapes(value)
            inner = found[0] if len(found) == 1 else ANYTHING
            into = _opened(into) if inner.open else into
            return Shape({**into.keys, **inner.keys}, into.sure | inner.sure, into.open or inner.open)
        known = self._names.one(key)
        if known is None:
            return _opened(into)
        return into.with_key(known[0], self._names.values(value)) if isinstance(known[0], str) else into

    def surely_a_dict(self, value: ast.expr) -> bool:
        """Whether an expression is a dict and nothing else, whatever its keys are."""
        match value:
            case ast.Dict() | ast.DictComp():
                return True
            case ast.Call(func=func):
                return self._names.builtin(func, "dict")
            case ast.Name():
                assigned = self._assigned(value.id)
                return (
                    assigned is not None and not isinstance(assigned[1], ast.Name) and self.surely_a_dict(assigned[1])
                )
            case _:
                return False

    def _assigned(self, name: str) -> tuple[ast.Name, ast.expr] | None:
        """The one place where a name is assigned, and what; None if there are others, or if that can't be told."""
        stores = [use for use in self._uses[name] if not isinstance(use.ctx, ast.Load)]
        if self._behind or name in self._not_ours or len(stores) != 1 or self._in_function_below(stores[0]):
            return None
        match self._above[stores[0]]:
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value):
                named = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
                return None if name in named else (stores[0], value)
            case _:
                return None

    def _built(self, asked: ast.Name) -> Shape:
        """A name that is assigned once, from a literal, and has keys added: ``d = {...}``, ``d["k"] = ...``."""
        assigned = self._assigned(asked.id)
        if assigned is None:
            return ANYTHING
        store, value = assigned
        found = self._literal(value)
        for use in self._uses[asked.id]:
            if use is not store and use is not asked:
                found = self._used(found, use, asked)
        return found

    def _used(self, found: Shape, use: ast.Name, asked: ast.Name) -> Shape:
        """What the dict is, given that there is this other use of its name somewhere in the function."""
        above = self._above[use]
        further = self._above.get(above)
        match above, further:
            case ast.Subscript(value=value, slice=key, ctx=ast.Store()), _ if value is use:
                return self._extended(found, key, above, asked)
            case ast.Subscript(value=value, ctx=ast.Load()), _ if value is use:
                return found
            case ast.Attribute(attr="update"), ast.Call(func=func) if func is above:
                return _opened(found)
            case ast.Attribute(attr=attr), ast.Call(func=func) if func is above and attr in _READING:
                return found
            case ast.Call(func=func, args=args), _ if use in args and self._names.builtin(func, *_HARMLESS):
                return found
            case ((ast.Compare() | ast.FormattedValue()), _):
                return found
            case ast.Dict(keys=keys, values=values), _:
                return found if keys[values.index(use)] is None else ANYTHING
            case ((ast.Tuple() | ast.List()), ast.Return()):
                return found
            case ast.Return(), _:
                return found
            case _:
                return ANYTHING

    def _extended(self, found: Shape, key: ast.expr, target: ast.AST, asked: ast.Name) -> Shape:
        known = self._names.one(key)
        if known is None or not isinstance(known[0], str):
            return found if known is not None else _opened(found)
        statement = self._above[target]
        plain = isinstance(statement, ast.Assign) and target in statement.targets
        values = self._names.values(statement.value) if isinstance(statement, ast.Assign) and plain else None
        name = known[0]
        sure = plain and self._comes_first(statement, asked)
        before = found.keys.get(name, ())
        together = None if values is None or before is None else before + values
        return Shape({**found.keys, name: together}, found.sure | ({name} if sure else set()), found.open)

    def _comes_first(self, statement: ast.AST, asked: ast.Name) -> bool:
        """Whether a statement is surely done before the place where the dict is asked for."""
        body = self._function.body
        node: ast.AST = asked
        while (above := self._above[node]) is not self._function:
            node = above
        return statement in body and node in body and body.index(statement) < body.index(node)

    def _in_function_below(self, node: ast.AST) -> bool:
        while (node := self._above[node]) is not self._function:
            if isinstance(node, (*FUNCTION, ast.ClassDef)):
                return True
        return False


def _opened(shape: Shape) -> Shape:
    """The same when anything may have been put in."""
    return Shape(dict.fromkeys(shape.keys), shape.sure, True)
