"""What starting costs, counted in modules, and the help of every command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.program import Pq

from perqueue.cli.app import ALIASES, COMMANDS

HEAVY = ("cattrs", "pluggy", "networkx", "numpy", "matplotlib", "rich", "perqueue.codec", "perqueue.core.planner")


@pytest.mark.parametrize("arguments", [["--help"], ["ls"], ["ls", "-C"], ["ls", "--json"]])
def test_nothing_heavy_is_imported(pq: Pq, queue_folder: Path, arguments: list[str]) -> None:
    """Help and the listing of an empty queue import no converter, plugin host, array or drawing library."""
    pq("init")
    code = (
        "import sys; from perqueue.cli.app import run\n"
        f"status = run({arguments!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help_with_an_example(pq: Pq, command: str) -> None:
    """``pq COMMAND --help`` shows at least one example of the command."""
    out = pq(command, "--help").out
    assert f"pq {ALIASES.get(command, command)}" in out.split("Options:")[0].split("\n", 1)[1]


def test_help_lists_every_command_once(pq: Pq) -> None:
    """``pq --help`` and a bare ``pq`` list the commands, without their aliases, none cut short."""
    out = pq("--help").out
    shown = out[out.index("Commands:") :]
    listed = [line.split()[0] for line in shown.splitlines()[1:] if line.strip()]
    assert listed == [command for command in COMMANDS if command not in ALIASES]
    assert "..." not in shown
    assert pq().out == out


def test_the_version_is_told(pq: Pq) -> None:
    """``pq --version`` names the program and its version."""
    assert pq("--version").out.startswith("perqueue ")


def test_the_module_runs_too(queue_folder: Path) -> None:
    """``python -m perqueue`` is the same program."""
    done = subprocess.run([sys.executable, "-m", "perqueue", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("perqueue ")
