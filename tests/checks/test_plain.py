"""The plain functions of a Python Workflow Definition are looked up where its modules are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perqueue.checks import plain
from perqueue.checks.check import check_graph
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.task import Task
from perqueue.interop import calls


def test_the_names_are_those_of_the_tasks() -> None:
    """The checks read what such tasks are made with."""
    assert (plain.CALL, plain.FUNCTION, plain.MODULES, plain.TAKES) == (
        calls.CALL, calls.FUNCTION, calls.MODULES, calls.TAKES,
    )  # fmt: skip
    assert Path(calls.SCRIPT).name == plain.SCRIPT


@pytest.mark.parametrize(
    ("name", "takes", "codes"),
    [
        ("steps.f", ["x"], []),
        ("steps.f", ["y"], ["unexpected"]),
        ("steps.g", [], ["no-function"]),
        ("steps.anything", ["z"], []),
        ("package.f", [], []),
        ("package.g", [], ["no-function"]),
        ("broken.f", [], ["syntax"]),
        ("elsewhere.f", ["x"], []),
        ("numpy.linalg.norm", ["x"], []),
        ("../steps.f", [], []),
    ],
)
def test_functions(tmp_path: Path, name: str, takes: list[str], codes: list[str]) -> None:
    """What is in a file of the folder is found; what is installed, or can't be told, is not found fault with."""
    (tmp_path / "steps.py").write_text("def f(x=1):\n    return x\nfrom other import anything\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def f(:\n", encoding="utf-8")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("def f(): pass\n", encoding="utf-8")
    call = {plain.FUNCTION: name, plain.TAKES: takes, plain.MODULES: str(tmp_path)}
    args: dict[str, Any] = {plain.CALL: call}
    graph = compile_graph(Task(calls.SCRIPT, args, "local:1m", name=name))
    assert [one.code for one in check_graph(graph, Config())] == codes
