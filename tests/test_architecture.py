"""The rooms of the house: who imports whom, read off the syntax and held against the table in docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src" / "perqueue"
FILES: Final = sorted(SOURCE.rglob("*.py"))
NAMES: Final = [str(path.relative_to(SOURCE)) for path in FILES]
_MOST_LINES: Final = 350
_UNFINISHED: Final = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP)\b")


class Where(IntEnum):
    """Where an import stands, the strictest place first; also the column of the table that must allow it."""

    MODULE = 2
    FUNCTION = 3
    TYPES = 4


@frozen
class Import:
    """One import of something of ours."""

    file: str
    line: int
    module: str
    where: Where

    @property
    def room(self) -> str:
        """The room that it is from."""
        return _room(self.file.removesuffix(".py").split("/"))

    @property
    def target(self) -> str:
        """The room that it is of."""
        return _room(self.module.split(".")[1:])

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module} ({self.where.name.lower()})"


def _room(parts: list[str]) -> str:
    return parts[0] if parts else "__init__"


def _read_table() -> dict[str, tuple[frozenset[str], ...]]:
    """For each room, what the columns of the table allow, by :class:`Where`."""
    lines = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines()
    begin = lines.index("| room | duty | may import | only inside functions | only for types |") + 2
    found = {}
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[cells[0].strip("`")] = tuple(frozenset(re.findall(r"`([\w.]+)`", cell)) for cell in cells)
    return found


TABLE: Final = _read_table()
ROOMS: Final = sorted(TABLE)


def _imports(path: Path) -> Iterator[Import]:
    name = str(path.relative_to(SOURCE))
    package = ["perqueue", *path.relative_to(SOURCE).parent.parts]
    for node, where in _walk(ast.parse(path.read_text(encoding="utf-8")), Where.MODULE):
        for module in _modules(node, package):
            if module.split(".")[0] == "perqueue":
                yield Import(name, node.lineno, module, where)


def _walk(node: ast.AST, where: Where) -> Iterator[tuple[ast.Import | ast.ImportFrom, Where]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, where
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for statement in node.body:
            yield from _walk(statement, Where.TYPES)
        for statement in node.orelse:
            yield from _walk(statement, where)
    else:
        inside = where
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = max(where, Where.FUNCTION)
        for child in ast.iter_child_nodes(node):
            yield from _walk(child, inside)


def _modules(node: ast.Import | ast.ImportFrom, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = package[: len(package) - node.level + 1] if node.level else []
    module = [*base, *(node.module.split(".") if node.module else [])]
    if module[0] != "perqueue":
        return
    for alias in node.names:
        # A name may be a module of that package, or something in the package itself.
        inner = SOURCE.joinpath(*module[1:], alias.name)
        yield ".".join([*module, alias.name] if inner.is_dir() or inner.with_suffix(".py").is_file() else module)


IMPORTS: Final = [found for path in FILES for found in _imports(path) if found.room != found.target]


def _allowed(found: Import) -> bool:
    wanted = found.module.removeprefix("perqueue.")
    columns = TABLE[found.room][Where.MODULE : found.where + 1]
    return any(wanted == entry or wanted.startswith(f"{entry}.") for column in columns for entry in column)


def _circle(edges: dict[str, set[str]]) -> list[str]:
    """The rooms that stand in some circle: what is left when all that lead nowhere have been taken away."""
    left = {room: set(targets) for room, targets in edges.items()}
    while True:
        ends = {room for room in left if not left[room] & left.keys()}
        if not ends:
            break
        left = {room: targets for room, targets in left.items() if room not in ends}
    # What only leads to a circle is not part of it.
    while outside := {room for room in left if not any(room in targets for targets in left.values())}:
        left = {room: targets for room, targets in left.items() if room not in outside}
    return sorted(left)


def test_every_room_is_in_the_table() -> None:
    """The table has a row for each room, and none for a room that doesn't exist."""
    assert {_room(name.removesuffix(".py").split("/")) for name in NAMES} == set(TABLE)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_the_table_allows(room: str) -> None:
    """At the top of modules, inside functions and for types, a room imports only what its row names."""
    assert [str(found) for found in IMPORTS if found.room == room and not _allowed(found)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_table_allows_nothing_that_is_not_used(room: str) -> None:
    """What a row names is imported somewhere in that room, so that the table stays a description."""
    named = {entry.split(".")[0] for column in TABLE[room][Where.MODULE :] for entry in column}
    assert named - {found.target for found in IMPORTS if found.room == room} == set()


def test_there_is_no_circle_of_rooms() -> None:
    """Rooms that import each other at the top of modules, directly or not, would be one room."""
    edges = {room: {f.target for f in IMPORTS if f.room == room and f.where is Where.MODULE} for room in ROOMS}
    assert _circle(edges) == []


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_has_at_most_350_lines(path: Path) -> None:
    """A file has one duty, and room for no more."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= _MOST_LINES


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_says_nothing_of_unfinished_work(path: Path) -> None:
    """What is yet to be done is done, or told elsewhere than in the source."""
    assert _UNFINISHED.findall(path.read_text(encoding="utf-8")) == []


def test_imports_are_found_in_every_kind_of_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative and absolute imports count, at the top, in functions, and under TYPE_CHECKING."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "wake.py").touch()
    (tmp_path / "config.py").touch()
    (folder / "tick.py").write_text(
        "from . import wake\n"
        "import perqueue.core.states, os\n"
        "from perqueue import config\n"
        "class A:\n    def f(self):\n        from ..store import protocol\n"
        "if TYPE_CHECKING:\n    from perqueue.codec import Codec\nelse:\n    import perqueue.runner\n",
        encoding="utf-8",
    )
    monkeypatch.setattr("tests.test_architecture.SOURCE", tmp_path)
    found = [(one.line, one.module, one.where) for one in _imports(folder / "tick.py")]
    assert found == [
        (1, "perqueue.engine.wake", Where.MODULE),
        (2, "perqueue.core.states", Where.MODULE),
        (3, "perqueue.config", Where.MODULE),
        (6, "perqueue.store", Where.FUNCTION),
        (8, "perqueue.codec", Where.TYPES),
        (10, "perqueue.runner", Where.MODULE),
    ]


@pytest.mark.parametrize(
    ("edges", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": set()}, ["a", "b"]),
        ({"a": {"a"}}, ["a"]),
    ],
)
def test_circles_are_found(edges: dict[str, set[str]], circle: list[str]) -> None:
    """Exactly the rooms of a circle are named, not those that lead to it or that it leads to."""
    assert _circle(edges) == circle
