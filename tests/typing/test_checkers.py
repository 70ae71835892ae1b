"""What type checkers accept and reject: one run of each over all snippets, with what users have, and no plugin."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from perqueue.core.tasklike import TaskLike

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
ACCEPTED: Final = sorted((HERE / "accepted").glob("*.py"))
REJECTED: Final = sorted((HERE / "rejected").glob("*.py"))
_MARK: Final = re.compile(r"# E: ([a-z -]+)$")

Place = tuple[str, int]
"""The name of a file, with its folder, and a line in it."""


def snippets(path: Path) -> list[ast.FunctionDef]:
    """The functions of a file, each of which is a snippet."""
    return [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]


def marks(path: Path) -> Iterator[tuple[Place, set[str]]]:
    """The lines that are marked as wrong, and mypy's codes of what is wrong with them."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := _MARK.search(line):
            yield place(path, number), set(found[1].split())


def place(path: str | Path, line: int) -> Place:
    """A line of a file, whatever folder it was named from."""
    return "/".join(Path(path).parts[-2:]), line


MARKED: Final = {where: codes for path in REJECTED for where, codes in marks(path)}


def test_there_are_enough_of_them() -> None:
    """There are at least forty snippets of each kind."""
    assert min(sum(len(snippets(path)) for path in paths) for paths in (ACCEPTED, REJECTED)) >= 40


def test_each_rejected_snippet_has_one_marked_line() -> None:
    """A snippet shows one mistake."""
    wrong = [
        (path.name, snippet.name)
        for path in REJECTED
        for snippet in snippets(path)
        if sum(snippet.lineno <= line <= (snippet.end_lineno or 0) for (name, line) in MARKED if path.name in name) != 1
    ]
    assert wrong == []


def mypy_errors(pytestconfig: pytest.Config, files: list[Path]) -> dict[Place, set[str]]:
    """The codes of the errors that mypy finds in its strict mode, by line."""
    # Its cache is worth ten seconds. There is none where pytest runs without its plugin for that.
    kept: pytest.Cache | None = getattr(pytestconfig, "cache", None)
    cache = "/dev/null" if kept is None else kept.mkdir("mypy")
    options = ["--strict", "--output=json", f"--cache-dir={cache}", f"--config-file={ROOT / 'pyproject.toml'}"]
    found: dict[Place, set[str]] = {}
    for line in _run("mypy", *options, *map(str, files)).splitlines():
        one: dict[str, Any] = json.loads(line)
        if one["severity"] == "error":
            found.setdefault(place(one["file"], one["line"]), set()).add(one["code"])
    return found


def test_mypy(pytestconfig: pytest.Config) -> None:
    """In its strict mode, mypy finds what is marked, for the reason that is marked, and nothing else."""
    assert mypy_errors(pytestconfig, [HERE / "steps.py", *ACCEPTED, *REJECTED]) == MARKED


@pytest.mark.slow
def test_pyright() -> None:
    """In its standard mode, pyright finds something wrong with the marked lines, and with no other."""
    told: dict[str, Any] = json.loads(
        _run("basedpyright", "--outputjson", f"--pythonpath={sys.executable}", f"--project={ROOT / 'pyproject.toml'}")
    )
    found = {
        place(one["file"], one["range"]["start"]["line"] + 1)
        for one in told["generalDiagnostics"]
        if one["severity"] == "error"
    }
    assert told["summary"]["filesAnalyzed"] >= len(ACCEPTED) + len(REJECTED)
    assert found == set(MARKED)


def _run(module: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr or done.stdout
    return done.stdout


def _built() -> Iterator[Any]:
    for path in ACCEPTED:
        module = importlib.import_module(f"tests.typing.accepted.{path.stem}")
        for snippet in snippets(path):
            yield pytest.param(getattr(module, snippet.name), id=f"{path.stem}-{snippet.name}")


@pytest.mark.parametrize("build", list(_built()))
def test_what_is_accepted_can_be_built(build: Callable[[], object]) -> None:
    """What type checkers accept is accepted at run time, too."""
    made = build()
    parts = made if isinstance(made, list) else [made]
    assert all(isinstance(part, TaskLike | float | None) for part in parts)
