"""The core is pure: what it may import and call, read off its syntax and off a fresh interpreter."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import perqueue.core

FOLDER: Final = Path(perqueue.core.__path__[0])
FILES: Final = sorted(FOLDER.rglob("*.py"))
NAMES: Final = [str(path.relative_to(FOLDER)) for path in FILES]

_ALLOWED: Final = frozenset(
    {
        "__future__",
        "attrs",
        "collections",
        "enum",
        "fnmatch",
        "functools",
        "heapq",
        "itertools",
        "json",
        "operator",
        "re",
        "types",
        "typing",
        "typing_extensions",  # for type checkers alone, which all know it
    }
)
_FORBIDDEN_NAMES: Final = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "exit", "globals", "input", "open", "print", "quit"}
)
# What would make a decision depend on anything but the view and the events, or start something.
_IMPURE: Final = [
    *("asyncio", "concurrent.futures", "logging", "multiprocessing", "pathlib", "random", "select", "selectors"),
    *("shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile", "threading", "urllib", "uuid"),
    *("matplotlib", "networkx", "numpy"),
]
# The core's modules that every tick imports.
_MODULES: Final = ["perqueue.core.planner", "perqueue.core.compile", "perqueue.core.invariants", "perqueue.core.states"]


def imported(tree: ast.AST, path: Path) -> Iterator[str]:
    """Absolute names of the modules that a file imports, wherever in it."""
    package = ("perqueue", "core", *path.relative_to(FOLDER).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*above, *([node.module] if node.module else [])])


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports(path: Path) -> None:
    """A file of the core imports attrs, the core itself and the harmless part of the standard library."""
    modules = set(imported(ast.parse(path.read_text()), path))
    outside = {name for name in modules if name != "perqueue.core" and not name.startswith("perqueue.core.")}
    assert {name.partition(".")[0] for name in outside} <= _ALLOWED


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_names(path: Path) -> None:
    """No file of the core so much as names a built-in that reads, writes or runs something."""
    tree = ast.parse(path.read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert used & _FORBIDDEN_NAMES == set()


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nothing_changes_between_calls(path: Path) -> None:
    """No function of the core changes a variable of its module."""
    tree = ast.parse(path.read_text())
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)] == []


def test_the_files_are_there() -> None:
    """The tests above look at the whole core, the planner included."""
    assert {"compile.py", "states.py", "planner/__init__.py", "planner/flow.py"} <= set(NAMES)


def test_planning_imports_no_more_than_attrs_and_json() -> None:
    """Planning and compiling bring in no module that reads, writes, draws lots, logs or starts anything."""
    code = (
        "import sys, attrs, json\n"
        "before = set(sys.modules)\n"
        f"import {', '.join(_MODULES)}\n"
        f"print(sorted((set(sys.modules) - before) & set({_IMPURE!r})))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_allowed_is_loaded() -> None:
    """Also indirectly, importing the planner adds only modules of the core and of the allowed standard library."""
    code = (
        "import sys, attrs, json\n"
        "before = set(sys.modules)\n"
        f"import {', '.join(_MODULES)}\n"
        "print(*sorted({name.partition('.')[0].lstrip('_') for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - {"perqueue"} <= _ALLOWED
