"""A typed function that needs something from before it must have something before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.checks.submissions import CONFIG, Scripts

from perqueue.checks.check import check_graph
from perqueue.core.compile import compile_graph
from perqueue.core.groups import StaticWidthGroup


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ("x: float", ["missing"]),
        ("x: list[int]", ["missing"]),
        ("x: float = 1.0", []),
        ("x: None", []),
        ("x: float | None", []),
        ("x: Structure", []),
        ("x", []),
        ("*, x: float = 2", []),
        ("", []),
    ],
)
def test_first_of_all(parameters: str, found: list[str], tmp_path: Path) -> None:
    """With a type that None does not have, nothing can be right about it; otherwise it may be meant so."""
    (tmp_path / "a.py").write_text(f"def f({parameters}): return 1\n")
    scripts = Scripts(tmp_path)
    for work in (scripts.typed("a", "f"), StaticWidthGroup(scripts.typed("a", "f"), 2)):
        assert [one.code for one in check_graph(compile_graph(work), CONFIG)] == found


def test_behind_something(tmp_path: Path) -> None:
    """Whatever comes before it gives it something."""
    (tmp_path / "a.py").write_text("def f(x: float): return 1\n")
    (tmp_path / "b.py").write_text("def main(): return True, None\n")
    scripts = Scripts(tmp_path)
    assert check_graph(compile_graph(scripts["b"] >> scripts.typed("a", "f")), CONFIG) == []
