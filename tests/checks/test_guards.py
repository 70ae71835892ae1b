"""A submission script whose own functions are tasks must be loadable without submitting itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from perqueue.checks.check import check_graph
from perqueue.checks.guards import runs_when_loaded
from perqueue.config import Config
from perqueue.core.compile import compile_graph
from perqueue.core.task import Task

FUNCTION = "def step(*, n=1): return n\n"
SUBMIT = "submit()"

LOADED = [
    f"{SUBMIT}\n",
    f"with queue() as pq:\n    {SUBMIT}\n",
    f"for i in range(3):\n    with queue() as pq:\n        x = {SUBMIT}\n",
    f"try:\n    {SUBMIT}\nexcept OSError:\n    pass\n",
    f"with {SUBMIT} as told:\n    pass\n",
    f"def main():\n    {SUBMIT}\n\nmain()\n",
    f"import sys\ndef main(n):\n    with queue() as pq:\n        {SUBMIT}\n\nsys.exit(main(1))\n",
    f"def inner(pq):\n    {SUBMIT}\ndef go():\n    with queue() as pq:\n        inner(pq)\ngo()\n",
    f"def go():\n    {SUBMIT}\nif __name__ == '__main__':\n    go()\nelse:\n    pass\nkeys = go()\n",
]
NOT_LOADED = [
    f"if __name__ == '__main__':\n    {SUBMIT}\n",
    f"if today():\n    {SUBMIT}\n",
    f"class Campaign:\n    def run(self):\n        {SUBMIT}\n",
    f"while more():\n    {SUBMIT}\n",
    f"later = lambda: {SUBMIT}\n",
    f"def go():\n    {SUBMIT}\n",
    f"def go():\n    {SUBMIT}\nif __name__ == '__main__':\n    go()\n",
    f"def go():\n    if today():\n        return\n    {SUBMIT}\ngo()\n",
    f"def go():\n    if today():\n        {SUBMIT}\ngo()\n",
    f"def go():\n    assert today()\n    {SUBMIT}\ngo()\n",
    f"def go():\n    {SUBMIT}\n    yield\ngo()\n",
    f"def go():\n    {SUBMIT}\ntoday() and go()\n",
    f"def go():\n    {SUBMIT}\nlater = lambda: go()\n",
    f"def go():\n    {SUBMIT}\ngo = print\ngo()\n",
    f"def go():\n    {SUBMIT}\ndef again():\n    go()\n    again()\n",
    f"@wrapped\ndef go():\n    {SUBMIT}\ngo()\n",
    f"def go():\n    def inner():\n        {SUBMIT}\ngo()\n",
    f"from elsewhere import go\ndef go():\n    {SUBMIT}\ngo()\n",
    f"def run(go):\n    go()\ndef go():\n    {SUBMIT}\nrun(print)\n",
    f"class go:\n    pass\ndef go():\n    {SUBMIT}\ngo()\n",
    f"try:\n    pass\nfinally:\n    if today():\n        {SUBMIT}\n",
]


def line_of(text: str) -> int:
    """The line that submits."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if SUBMIT in line)


@pytest.mark.parametrize("text", LOADED)
def test_what_runs_when_it_is_loaded_is_found(text: str, tmp_path: Path) -> None:
    """Each task would load the file, and so submit everything again: an error at the line that submits."""
    script = tmp_path / "submit.py"
    script.write_text(FUNCTION + text)
    where = f"{script}:{line_of(FUNCTION + text)}"
    graph = compile_graph(Task(str(script), {}, "local", "step", "step", module="__main__"))
    (found,) = check_graph(graph, Config(), where)
    assert (found.code, found.stops, found.file) == ("no-guard", True, str(script))
    assert 'put the submission under `if __name__ == "__main__":`' in found.message
    other = compile_graph(Task(str(script), {}, "local", "step", "step", module="submit"))
    assert check_graph(other, Config(), where) == []


@pytest.mark.parametrize("text", NOT_LOADED)
def test_what_may_not_run_is_not_found_fault_with(text: str) -> None:
    """In a function or under a condition nobody knows whether it runs."""
    assert not runs_when_loaded(ast.parse(text), line_of(text))


def test_a_line_that_is_not_there() -> None:
    """A file that has changed meanwhile is not found fault with."""
    assert not runs_when_loaded(ast.parse("x = 1\n"), 7)
