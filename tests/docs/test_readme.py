"""What the README says is so: its two commands, and its example."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Final

import pytest
from tests.cli.program import finish, start
from tests.docs.markdown import ROOT, blocks, section

from perqueue import PersistentQueue
from perqueue.core.states import EntryState

README: Final = ROOT / "README.md"
RUN: Final = ROOT / ".ci" / "run"
_OTHERS: Final = 'def main(**inputs):\n    return True, {"energy": -3.7}\n'
"""Stands for those scripts of the example that the README doesn't show."""


def _commands() -> list[str]:
    return [block.text for block in section(README, "## Quick start") if block.language == "sh"][:2]


def _example() -> str:
    (found,) = (block.text for block in blocks(README, "python") if "pq.submit(" in block.text)
    return found


def test_the_quick_start_is_two_commands_of_one_line() -> None:
    """The first two shell blocks of the quick start are a line each: the main job, and the tests."""
    run, tests = _commands()
    assert [command.count("\n") for command in (run, tests)] == [1, 1]
    assert run.endswith("/pq run examples/pi/submit.py\n")
    assert tests.endswith("/python -m pytest -n 4\n")


def test_ci_runs_the_second_command() -> None:
    """``.ci/run`` can be executed and has exactly that command as one of its steps."""
    assert RUN.stat().st_mode & stat.S_IXUSR
    steps = re.findall(r'^step "[^"]+" "(.+)"$', RUN.read_text(encoding="utf-8"), re.MULTILINE)
    assert steps[0] == _commands()[1].strip()


@pytest.mark.parametrize("command", ["-m slow", "--cov-fail-under=100", "mypy --strict src tests examples"])
def test_ci_runs_what_contributing_says(command: str) -> None:
    """The slow tests, the coverage of the core and the types are checked as CONTRIBUTING.md says."""
    assert command in RUN.read_text(encoding="utf-8")
    assert command in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_example_has_ten_lines() -> None:
    """The example is ten lines with both operators."""
    example = _example()
    assert example.count("\n") == 10
    assert " >> " in example
    assert " | " in example


def test_the_example_runs(queue_folder: Path) -> None:
    """As it stands, with the task script that the README shows and stand-ins for the others, all of it succeeds."""
    (shown,) = (block.text for block in blocks(README, "python") if block.text.startswith("def main("))
    for name in re.findall(r'Task\("(\w+\.py)"', _example()):
        (queue_folder / name).write_text(shown if name == "strain.py" else _OTHERS, encoding="utf-8")
    (queue_folder / "submit.py").write_text(_example(), encoding="utf-8")
    done = finish(start("run", "submit.py", cwd=queue_folder))
    assert done.status == 0, done.err
    entries = PersistentQueue().get_entries()
    assert [entry.state for entry in entries] == [EntryState.succeeded] * 9
    assert [entry.data["scale"] for entry in entries if entry.name == "strain.py" and entry.data] == [
        1 + 0.01 * copy for copy in range(5)
    ]


def test_the_example_has_its_picture() -> None:
    """The README shows an SVG file that is there."""
    (picture,) = re.findall(r"!\[[^\]]+\]\((\S+\.svg)\)", README.read_text(encoding="utf-8"))
    assert "<svg" in (ROOT / picture).read_text(encoding="utf-8")
