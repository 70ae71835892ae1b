"""The page about typed functions: its Python is one module, which builds what it shows; mypy says what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from tests.docs.markdown import ROOT, blocks
from tests.typing.test_checkers import mypy_errors

from perqueue import Discard, Task
from perqueue.core.compile import compile_graph
from perqueue.core.tasklike import TaskLike

PAGE: Final = ROOT / "docs" / "typed.md"
REFUSED: Final = "# refused: "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """All Python of the page as a module of a user's."""
    path = tmp_path / "campaign_of_the_page.py"
    path.write_text("\n".join(block.text for block in blocks(PAGE, "python")), encoding="utf-8")
    return path


def accepted(file: Path) -> Any:
    """The module, without the lines that are refused."""
    kept = [line for line in file.read_text(encoding="utf-8").splitlines() if REFUSED not in line]
    file.write_text("\n".join(kept), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[file.stem]
    return module


def test_mypy_refuses_what_the_page_says(file: Path, pytestconfig: pytest.Config) -> None:
    """mypy finds something wrong with the lines that are marked as refused, and with no other."""
    marked = {n for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if REFUSED in line}
    assert {line for _, line in mypy_errors(pytestconfig, [file])} == marked
    assert len(marked) >= 8


def test_the_page_builds_what_it_shows(file: Path) -> None:
    """Everything else on the page can be built, and what needs nothing from before it could be submitted."""
    page = accepted(file)
    made = {name: value for name, value in vars(page).items() if isinstance(value, TaskLike)}
    assert {"campaign", "joined", "copies", "each", "same", "loop", "choice", "filtered"} <= made.keys()
    for name in ("campaign", "chain", "joined"):
        compile_graph(made[name])
    assert isinstance(made["made"], Task)


def test_the_functions_of_the_page_do_what_it_says(file: Path) -> None:
    """The functions of the page can be called as they are."""
    page = accepted(file)
    assert page.relax.function(1.0, fmax=0.1) == 0.9
    assert page.sensible.function(-1.0) == Discard("negative")
