"""`pq plugins`, and commands that plugins bring."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.program import Pq
from tests.plugins.conftest import Installed, install
from tests.plugins.test_plugins import CODEC, COMMAND, EXECUTOR

from perqueue.engine.folder import need_folder
from perqueue.engine.troubles import note_trouble

__all__ = ["install"]

GROUP = """
import typer
from perqueue.plugins import CommandPlugin, hookimpl

app = typer.Typer()

@app.command()
def up(by: int = 1) -> None:
    print("up", by)

@app.command()
def down() -> None:
    print("down")

@hookimpl
def perqueue_commands():
    return [CommandPlugin("lift", "Up and down.", lambda: app)]
"""


def test_without_plugins(pq: Pq) -> None:
    """What perqueue brings itself is listed, and that there is nothing else."""
    out = pq("plugins").out
    assert "executor  local" in out
    assert "No plugin is installed" in out
    (only,) = json.loads(pq("plugins", "--json").out)["plugins"]
    assert (only["name"], only["problems"]) == ("perqueue", [])


def test_plugins_are_listed_with_what_they_bring(pq: Pq, install: Installed) -> None:
    """Package, version, and each thing with its name and summary."""
    install("lab", EXECUTOR.replace("NAME", "cloud") + CODEC.replace("NAME", "lab"), package="lab-tools")
    rows = [line.split() for line in pq("plugins").lines]
    assert ["lab", "lab-tools", "1.0", "executor", "cloud", "far", "away"] in rows
    assert ["lab", "lab-tools", "1.0", "codec", "temperature", "pq_test_lab.Temperature"] in rows
    found = json.loads(pq("plugins", "--json").out)["plugins"][1]
    assert found["brings"][0] == {"kind": "executor", "name": "cloud", "summary": "far away"}


def test_what_can_not_be_used_is_listed_with_the_reason(pq: Pq, install: Installed) -> None:
    """Plugins that fail to load, and names that are taken."""
    install("broken", "import no_such_module_at_all\n")
    install("greedy", COMMAND.replace("NAME", "ls") + EXECUTOR.replace("NAME", "local"))
    out = pq("plugins").out
    assert "broken (pq_test_broken 1.0): ModuleNotFoundError: No module named 'no_such_module_at_all'" in out
    assert "greedy (pq_test_greedy 1.0): command 'ls': left out: perqueue itself has the command 'ls'" in out
    assert "greedy (pq_test_greedy 1.0): executor 'local': left out" in out
    broken, greedy = json.loads(pq("plugins", "--json").out)["plugins"][1:]
    assert broken["problems"][0] | {"why": ""} == {"kind": None, "name": None, "why": ""}
    assert {(one["kind"], one["name"]) for one in greedy["problems"]} == {("command", "ls"), ("executor", "local")}


def test_what_does_not_work_in_this_queue_is_told(pq: Pq) -> None:
    """`pq plugins` and `pq ls` say what the supervisor could not use, until it can."""
    pq("init")
    root = need_folder().root
    note_trouble(root, "executor", "cloud", "OSError: no\nroute")
    assert "executor 'cloud' can't be used: OSError: no route (since 2" in pq("plugins").out
    assert json.loads(pq("plugins", "--json").out)["troubles"][0]["name"] == "cloud"
    told = pq("ls")
    assert told.err == "pq: executor 'cloud' can't be used: OSError: no route\n"
    assert "cloud" not in told.out
    note_trouble(root, "executor", "cloud", "")
    assert "cloud" not in pq("plugins").out + pq("ls").err


def test_a_group_of_commands(pq: Pq, install: Installed) -> None:
    """A plugin may bring a command with sub-commands."""
    install("lift", GROUP)
    assert pq("lift", "up", "--by", "3").out == "up 3\n"
    assert pq("lift", "down").out == "down\n"
    assert "lift      Up and down." in pq("--help").out


BROKEN = {
    "raises": ("raise OSError('no luck')", "OSError: no luck"),
    "is no command": ("return 7", "neither a function nor a typer.Typer"),
    "ends the process": ("raise SystemExit(0)", "SystemExit: 0"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_command_that_can_not_be_used(pq: Pq, install: Installed, name: str) -> None:
    """Calling it says why in one line; all other commands work, and it is listed."""
    body, why = BROKEN[name]
    install("cmd", COMMAND.replace("NAME", "hello").replace("def load():", f"def load():\n    {body}"))
    told = pq("hello", status=1)
    assert told.err.startswith("pq: the command 'hello' is a plugin's and can't be used: ")
    assert why in told.err
    assert len(told.err.splitlines()) == 1
    assert "hello" in pq("--help").out


def test_a_command_is_loaded_only_when_it_is_called(pq: Pq, install: Installed) -> None:
    """Listing a command does not load it, so that its imports cost nobody else anything."""
    install("cmd", COMMAND.replace("NAME", "hello").replace("def load():", "def load():\n    import pq_loaded"))
    assert "hello" in pq("--help").out
    assert "No module named 'pq_loaded'" in pq("hello", status=1).err


def test_perqueues_own_commands_look_for_no_plugin(install: Installed, queue_folder: Path) -> None:
    """`pq ls` starts as quickly with plugins as without: none is imported, nor even looked for."""
    install("noisy", "raise RuntimeError('imported')\n")
    code = (
        "import sys; from perqueue.cli.app import run\n"
        "run(['init']); run(['ls'])\n"
        "names = ('pluggy', 'perqueue.plugins.points', 'pq_test_noisy')\n"
        "print([m for m in names if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_wrong_name_is_still_a_wrong_name(pq: Pq, install: Installed) -> None:
    """What neither perqueue nor a plugin has is refused, with what it may have been."""
    install("cmd", COMMAND.replace("NAME", "hello"))
    told = pq("helo", status=2)
    assert "no such command 'helo'" in told.err
    assert "hello" in told.err
