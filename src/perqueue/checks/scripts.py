"""Scripts as syntax: each file is read once, and its functions are found without running anything.

What the syntax can't tell is *unknown*, and an unknown function is never found fault with: one that is imported,
assigned, decorated, bound twice, or defined only under a condition.
"""

from __future__ import annotations

import ast
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from .names import Literal, Names, imports
from .parameters import Parameters, parameters_of
from .returns import BadReturn, Returned, bad_return_of, returns_of

_MOST_KEPT: Final = 4096
_DYNAMIC: Final = frozenset(
    {"globals", "exec", "eval", "setattr", "vars", "locals", "modules", "__dict__", "__getattr__", "importlib"}
)
"""Names with which a module may get more names than its syntax shows."""
_REWRITING: Final = frozenset({"globals", "exec", "__defaults__", "__kwdefaults__", "__code__"})
"""Names with which what is defined may become something else."""


class Broken(NamedTuple):
    """A file that can't be used as a script: ``code`` is a finding's code."""

    code: str
    message: str
    line: int = 1


class Missing(NamedTuple):
    """There is no such function in the script; ``there`` are the functions that it has."""

    there: tuple[str, ...]
    empty: bool


class Function(NamedTuple):
    """A function.

    Args:
        line: Where it is defined.
        parameters: What it takes; None if that is unknown.
        returned: What its return statements give, as far as they end in success; None if that is unknown.
        bad: What it returns, if it never returns what a script's function may; None if it does, or that is unknown.
    """

    line: int
    parameters: Parameters | None
    returned: Returned | None
    bad: BadReturn | None = None


Found: TypeAlias = "Function | Missing | Broken | None"
"""None: unknown."""


class Script:
    """A file of Python, as its syntax."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._statements = list(_outside_functions(tree.body))
        every = list(ast.walk(tree))
        self._bound = Counter(name for node, _ in self._statements for name in _binds(node))
        globally = {name for node in every if isinstance(node, ast.Global) for name in node.names}
        self._bound.update(globally)
        named = {node.id for node in every if isinstance(node, ast.Name)}
        named |= {node.attr for node in every if isinstance(node, ast.Attribute)}
        self._stars = [
            node.lineno
            for node, _ in self._statements
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        ]
        self._dynamic = bool((named | set(self._bound)) & _DYNAMIC)
        self._rewritten = bool(named & _REWRITING)
        imported = imports(node for node, _ in self._statements)
        self._names = Names(
            {name: path for name, path in imported.items() if self._bound[name] <= 1}, self._constants()
        )
        self._known: dict[tuple[str, bool], Function | Missing | None] = {}

    def function(self, name: str, *, typed: bool) -> Function | Missing | None:
        """A function by its (qualified) name; ``typed``: what it returns is the value itself."""
        key = (name, typed)
        if key not in self._known:
            try:
                self._known[key] = self._look_for(name, typed=typed)
            except RecursionError:  # expressions nested as nobody writes them
                self._known[key] = None
        return self._known[key]

    def _look_for(self, name: str, *, typed: bool) -> Function | Missing | None:
        if "." in name or self._rewritten:
            return None
        if not self._bound[name]:
            if self._stars or self._dynamic:
                return None
            there = tuple(node.name for node, _ in self._statements if isinstance(node, ast.FunctionDef))
            return Missing(there, empty=not self.tree.body)
        defined = [
            node
            for node, outermost in self._statements
            if outermost and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        if len(defined) != 1 or self._bound[name] > 1 or any(line > defined[0].lineno for line in self._stars):
            return None
        node = defined[0]
        if not all(typed and self._is_task(decorator) for decorator in node.decorator_list):
            return Function(node.lineno, None, None)
        names = self._names.inside(node)
        bad = None if typed else bad_return_of(node, names)
        return Function(node.lineno, parameters_of(node), returns_of(node, names, typed=typed), bad)

    def _is_task(self, decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return self._names.perqueue(called) == "task"

    def _constants(self) -> dict[str, Literal]:
        found: dict[str, Literal] = {}
        for node, outermost in self._statements:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                    pass
                case _:
                    continue
            if outermost and self._bound[name] == 1 and isinstance(value, str | int | float | None):
                found[name] = value
        return found


_Kept: TypeAlias = "tuple[tuple[int, int, int], Script | Broken]"
_kept: dict[str, _Kept] = {}


def read_script(path: str) -> Script | Broken | None:
    """A script by its path; read again only when the file has changed. None if it can't be read here."""
    try:
        status = os.stat(path)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = _kept.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        with open(path, "rb") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return Broken("no-script", f"there is no file {path!r}: make it, or correct the path")
    except OSError:
        return None  # perhaps it can be read where the task runs
    found = _parsed(path, text)
    if found is not None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[path] = stamp, found
    return found


def find_function(path: str, name: str, *, typed: bool) -> Found:
    """A function of the script at a path."""
    script = read_script(path)
    return script.function(name, typed=typed) if isinstance(script, Script) else script


def _parsed(path: str, text: bytes) -> Script | Broken | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, path)
            # What only the compiler sees, such as a return outside of a function, stops the script as well.
            compile(tree, path, "exec", dont_inherit=True)
        return Script(tree)
    except SyntaxError as error:
        return Broken("syntax", f"this is not Python: {error.msg}", error.lineno or 1)
    except ValueError as error:  # null bytes, before Python 3.12
        return Broken("syntax", f"this is not Python: {error}")
    except (RecursionError, MemoryError):
        return None


def _outside_functions(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements that run when a module is loaded, and whether each stands in no other statement."""
    todo = [(statement, True) for statement in reversed(body)]
    while todo:
        statement, outermost = todo.pop()
        yield statement, outermost
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inner = [child for child in _blocks(statement) if isinstance(child, ast.stmt)]
        todo += [(child, False) for child in reversed(inner)]


def _blocks(statement: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(statement, ast.If) and _asks_for_main(statement.test):
        yield from statement.orelse  # a task's script is never the main one
        return
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body
        else:
            yield child


def _asks_for_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
        case ast.Compare(left=ast.Constant(value="__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]):
            return True
        case _:
            return False


def _binds(statement: ast.stmt) -> Iterator[str]:
    """The names that one statement binds by itself, without the statements in it."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.split(".")[0] for alias in aliases)
            return
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
