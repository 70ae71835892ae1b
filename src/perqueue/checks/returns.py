"""What a function returns, read off its return statements: which keys, and for literals which values.

Only what ends in success counts: what was discarded goes nowhere. Whatever can't be told may be anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from attrs import evolve

from perqueue.core.keys import (
    CYCLICALGROUP_KEY,
    DYNAMICWIDTHGROUP_KEY,
    SWITCHGROUP_KEY,
    VALUE_KW,
)

from .annotations import Promised, promised_by
from .dicts import ANYTHING, NOTHING, DictReader, Shape
from .names import FUNCTION, Names

ANSWERS: Final = {
    "Stop": CYCLICALGROUP_KEY,
    "Continue": CYCLICALGROUP_KEY,
    "Width": DYNAMICWIDTHGROUP_KEY,
    "Choose": SWITCHGROUP_KEY,
}
_HARMLESS: Final = (
    "print",
    "len",
    "str",
    "repr",
    "bool",
    "int",
    "float",
    "dict",
    "list",
    "tuple",
    "set",
    "sum",
    "range",
)
_LEAVING: Final = frozenset({"exit", "_exit", "quit", "abort", "kill", "killpg", "raise_signal"})
_PARAMETER: Final = {"Width": "n", "Choose": "key"}


class BadReturn(NamedTuple):
    """What a script's function returns, where all that it may return is refused.

    Args:
        what: What it is; empty: it returns nothing.
        line: Where.
        sure: Whether it surely comes to its end; a call may end the process, or last until that is ended.
    """

    what: str
    line: int
    sure: bool = True


class Returned(NamedTuple):
    """What a function may return in success: one shape for each way.

    Args:
        shapes: The ways; none of them holds the keys of another.
        promised: What its annotation says beside.
    """

    shapes: tuple[Shape, ...]
    promised: Promised


def returns_of(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names, *, typed: bool) -> Returned | None:
    """What a function's return statements give; None if it is no ordinary function, or if none ends in success."""
    own = list(_own(function))
    if isinstance(function, ast.AsyncFunctionDef) or any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own):
        return None
    reader = _Reader(function, names, typed=typed)
    shapes: list[Shape] = []
    for node in own:
        if isinstance(node, ast.Return):
            shapes += [evolve(shape, line=node.lineno) for shape in reader.outcomes(node.value)]
    if typed and not _ends(function.body):
        shapes.append(evolve(NOTHING, line=function.lineno))
    return Returned(tuple(shapes), promised_by(function, names)) if shapes else None


def bad_return_of(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> BadReturn | None:
    """The first thing that a script's function returns, if it never returns anything that a task may return.

    None also where it may never return at all: what ends the process or runs for ever is no matter of returns.
    """
    own = list(_own(function))
    if isinstance(function, ast.AsyncFunctionDef) or any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own):
        return None
    dicts = DictReader(function, names)
    found: list[BadReturn] = []
    for node in own:
        if isinstance(node, ast.Return):
            what = _never_good(node.value, dicts)
            if what is None:
                return None
            found.append(BadReturn(what, node.lineno))
    if found:
        return next((one for one in found if one.what), found[0])
    endless = any(isinstance(node, ast.While | ast.Raise) or _leaves(node) for node in own)
    calls = (node for node in own if isinstance(node, ast.Call) and not names.builtin(node.func, *_HARMLESS))
    return None if endless else BadReturn("", function.lineno, sure=next(calls, None) is None)


def _leaves(node: ast.AST) -> bool:
    """Whether a node calls what may end or replace the process."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _LEAVING or name.startswith("exec")
        case _:
            return False


def _never_good(value: ast.expr | None, dicts: DictReader) -> str | None:
    """What an expression is, if no task may return it; empty: nothing. None if it may be good, or can't be told."""
    match value:
        case None | ast.Constant(value=None):
            return ""
        case ast.Constant(value=other):
            return f"{other!r}"
        case ast.JoinedStr():
            return "a str"
        case _:
            return "a dict" if dicts.surely_a_dict(value) else None


class _Reader:
    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names, *, typed: bool) -> None:
        self._names, self._typed = names, typed
        self._dicts = DictReader(function, names)

    def outcomes(self, value: ast.expr | None) -> list[Shape]:
        """The shapes of what a return statement gives, if that is a success."""
        match value:
            case ast.IfExp(body=one, orelse=other):
                return [*self.outcomes(one), *self.outcomes(other)]
            case ast.Call(func=func) if (answer := self._names.perqueue(func)) == "Discard" or answer in ANSWERS:
                return self._answered(answer, value)
        return self._stored(value) if self._typed else self._of_script(value)

    def _of_script(self, value: ast.expr | None) -> list[Shape]:
        match value:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                if any(isinstance(part, ast.Starred) for part in parts):
                    return [ANYTHING]
                if len(parts) != 2:
                    return []
                verdict = self._names.one(parts[0])
                return [] if verdict is not None and not verdict[0] else self._dicts.shapes(parts[1])
            case None | ast.Constant() | ast.Dict() | ast.JoinedStr():
                return []  # fails as what no task may return
            case _:
                return [ANYTHING]

    def _stored(self, value: ast.expr | None) -> list[Shape]:
        """The shape in which a typed function's value is stored."""
        match value:
            case None | ast.Constant(value=None):
                return [NOTHING]
            case (
                ast.Constant() | ast.Tuple() | ast.List() | ast.Set() | ast.ListComp() | ast.SetComp() | ast.JoinedStr()
            ):
                return [_WRAPPED]
            case ast.Dict():
                found = self._dicts.shapes(value)
                if any(shape.open or VALUE_KW in shape.keys for shape in found) or _other_keys(value, self._names):
                    return [ANYTHING]
                return found
            case _:
                return [ANYTHING]

    def _answered(self, answer: str, call: ast.Call) -> list[Shape]:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if None in given or any(isinstance(part, ast.Starred) for part in call.args):
            return [ANYTHING]
        order = [_PARAMETER[answer], "data"] if answer in _PARAMETER else ["data"]
        given.update(zip(order, call.args, strict=False))
        if answer == "Discard":
            return []
        data = given.get("data")
        shapes = self._stored(data) if self._typed else [NOTHING] if data is None else self._dicts.shapes(data)
        key = ANSWERS[answer]
        decided = given.get(_PARAMETER.get(answer, ""))
        values = self._names.values(decided) if decided is not None else (answer == "Stop",)
        return [shape.with_key(key, values) for shape in shapes]


_WRAPPED: Final = NOTHING.with_key(VALUE_KW, None)


def _other_keys(value: ast.Dict, names: Names) -> bool:
    found = [names.one(key) for key in value.keys]
    return any(key is None or not isinstance(key[0], str) for key in found)


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes in it."""
    todo = list(reversed(list(ast.iter_child_nodes(function))))
    while todo:
        node = todo.pop()
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            continue
        yield node
        todo += reversed(list(ast.iter_child_nodes(node)))


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a block surely never runs off its end."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=one, orelse=other):
            return _ends(one) and _ends(other)
        case _:
            return False
