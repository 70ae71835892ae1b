"""``pq submit`` and ``pq export``, with a queue that really runs what was submitted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Pq, finish, settle, start
from tests.interop.definitions import ARITHMETIC, EXAMPLES, FUNCTIONS, Told, meaning, their_result, write
from tests.queues import script

from perqueue import CyclicalGroup, PersistentQueue, Selection, StaticWidthGroup, Task
from perqueue.core.keys import VALUE_KW


def data() -> list[Any]:
    return [entry.data for entry in PersistentQueue().get_entries()]


@pytest.mark.parametrize("told", EXAMPLES.values(), ids=EXAMPLES)
def test_a_definition_runs_to_their_result(pq: Pq, queue_folder: Path, told: Told) -> None:
    """A file that the format's own package wrote gives here what its runner gives; so does what is exported of it."""
    path = write(queue_folder, told)
    expected = their_result(path)
    pq("submit", "workflow.json", "-r", "local:5m")
    assert set(settle().values()) == {"succeeded"}
    assert data()[-1] == (expected if isinstance(expected, dict) else {VALUE_KW: expected})
    pq("export", "--pwd", "1", "-o", "again.json")
    assert meaning(json.loads((queue_folder / "again.json").read_text())) == meaning(told)
    assert their_result(queue_folder / "again.json") == expected


def test_what_is_told(pq: Pq, queue_folder: Path) -> None:
    """Which entries were made, in words or as JSON, and what they ask for."""
    assert pq("submit", "workflow.json", "-r", "2:local:5m").out == "submitted 3 entries: 1-3\n"
    told = json.loads(pq("submit", "--json", "workflow.json").out)
    assert told == [{"queue": str(queue_folder / ".perqueue"), "keys": [4, 5, 6]}]
    entries = PersistentQueue().get_entries()
    assert [str(entry.task.resources) for entry in entries] == ["2:local:5m"] * 3 + ["1:local:1h"] * 3
    assert [entry.name for entry in Selection(names="*square").filter(entries)] == ["workflow.get_square"] * 2
    settle()


def test_from_another_folder(pq: Pq, queue_folder: Path) -> None:
    """The modules beside the file are meant, whatever lies in the current folder."""
    (queue_folder / "sub").mkdir()
    write(queue_folder / "sub", ARITHMETIC)
    script(queue_folder, "workflow.py", FUNCTIONS.replace("x**2", "-1"))
    pq("submit", "sub/workflow.json")
    settle()
    assert data()[-1] == {VALUE_KW: 6.25}


@pytest.mark.slow
def test_a_script_is_run(pq: Pq, queue_folder: Path) -> None:
    """As Python runs it, with its arguments; it doesn't wait."""
    assert pq("submit", "submit.py", "a", "bb", "--c").out == "submitted 3 entries: 1-3\n"
    settle()
    assert data() == [{"x": 2}, {"x": 3}, {"x": 4}]
    assert pq("submit", "submit.py").out == "nothing was submitted\n"
    assert json.loads(pq("submit", "--json", "submit.py", "a").out)[0]["keys"] == [4]
    settle()


def test_a_script_that_fails(queue_folder: Path, pq: Pq) -> None:
    """Its output is shown, what it had submitted is named, and the status is 1."""
    done = finish(start("submit", "submit.py", "a", "--fail", cwd=queue_folder))
    assert done.status == 1
    assert "submit.py ended with status 3; before, it had submitted 2 entries (1-2)" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.json"], "there is no file 'gone.json'"),
        (["gone.py"], "there is no script 'gone.py'"),
        (["add.txt"], "neither a workflow nor a script"),
        (["workflow.json", "--fast"], "takes no arguments, and there are '--fast'"),
        (["submit.py", "-r", "local"], "leave -r local out"),
        (["workflow.json", "-r", "10x"], "resources '10x'"),
        (["workflow.json", "-r", "1:nowhere:1h"], "the partition 'nowhere'"),
        (["broken.json"], "'broken.json' is no Python Workflow Definition 0.1 that can be read: it is not JSON"),
        (["old.json"], "its version is '0.0.1'"),
    ],
)
def test_mistakes_in_submitting(pq: Pq, queue_folder: Path, arguments: list[str], says: str) -> None:
    """One line, status 2, and nothing is submitted."""
    (queue_folder / "broken.json").write_text("{", encoding="utf-8")
    (queue_folder / "old.json").write_text(json.dumps({**ARITHMETIC, "version": "0.0.1"}), encoding="utf-8")
    told = pq("submit", *arguments, status=2)
    assert says in told.err.splitlines()[-1]
    assert told.out == ""
    assert not os.path.exists(".perqueue") or PersistentQueue().get_entries() == []


def test_scripts_are_exported_as_they_are_now(pq: Pq, queue_folder: Path) -> None:
    """With changed arguments, without what was removed, and without other submissions; a note tells others' limits."""
    with PersistentQueue() as queue:
        a, b, c = (Task("add.py", {"x": n}, "local", name=name) for n, name in enumerate("abc"))
        queue.submit(a >> b >> c)
        queue.submit(Task("add.py", None, "local"))
    settle()
    with PersistentQueue() as queue:
        queue.save_args(2, {"y": [True]})
        queue.remove(3)
    told = pq("export", "--pwd", "1")
    found = json.loads(told.out)
    assert [(node["type"], node.get("name", node.get("value"))) for node in found["nodes"]] == [
        ("function", "add.main"),
        ("function", "add.main"),
        ("input", "x"),
        ("input", "y"),
        ("output", "result"),
    ]
    assert found["nodes"][0]["perqueue"]["script"] == str(queue_folder / "add.py")
    assert "2 task scripts of it (a, ...): other tools can read the file" in told.err
    pq("export", "--pwd", "2", "-o", "w.json")
    pq("submit", "w.json")
    settle()
    assert data()[-2:] == [{"x": 1}, {"x": 2}]


def test_mistakes_in_exporting(pq: Pq, queue_folder: Path) -> None:
    """One line, status 2, and no file."""
    script(queue_folder, "once.py", "def main(**_):\n    return True, {'pq_toggle_key': True}\n")
    with PersistentQueue() as queue:
        queue.submit(StaticWidthGroup(Task("add.py", None, "local"), 2))
        queue.submit(CyclicalGroup(Task("once.py", None, "local")))
        queue.submit(Task("add.py", {"x": 1j}, "local"))
    settle()
    for arguments, says in [
        (["1"], "say as what to export it: --pwd"),
        (["--pwd", "99"], "there is no entry 99"),
        (["--pwd", "1"], "StaticWidthGroup(add.py, width=2) can't be written as a Python Workflow Definition"),
        (["--pwd", "3"], "CyclicalGroup(once.py, max_tries=16) can't be written"),
        (
            ["--pwd", "4"],
            "the argument 'x' of 'add.py' can't be written as a Python Workflow Definition: it holds a complex",
        ),
    ]:
        told = pq("export", *arguments, "-o", "w.json", status=2)
        assert says in told.err
        assert len(told.err.splitlines()) == 1
        assert not (queue_folder / "w.json").exists()


def test_what_is_wrong_is_blamed_on_the_file_a_line_each(pq: Pq, queue_folder: Path) -> None:
    """Findings name the workflow's file and the line of the function, and no queue is made for what is refused."""
    nodes = [
        {"id": number, "type": "function", "value": f"{name}.f", "perqueue": {"resources": f"1:{name}:1h"}}
        for number, name in enumerate(("one", "two"))
    ]
    told = {"version": "0.1.0", "nodes": nodes, "edges": []}
    (queue_folder / "both.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    first, *lines = pq("submit", "both.json", status=2).err.splitlines()
    assert first == "pq: nothing was submitted, as it would fail:"
    assert [line.split(": error: ")[0].split()[-1] for line in lines] == ["both.json:7", "both.json:15"]
    assert not (queue_folder / ".perqueue").exists()


def test_functions_that_are_not_there_are_found(pq: Pq, queue_folder: Path) -> None:
    """A function that its module doesn't have, or that doesn't take what it is given, is refused."""
    (queue_folder / "steps.py").write_text("def f(y):\n    return y\n", encoding="utf-8")
    nodes = [
        {"id": 0, "type": "function", "value": "steps.f"},
        {"id": 1, "type": "function", "value": "steps.g"},
        {"id": 2, "type": "input", "value": 1, "name": "x"},
    ]
    edges = [{"source": 2, "sourcePort": None, "target": number, "targetPort": "x"} for number in (0, 1)]
    told = {"version": "0.1.0", "nodes": nodes, "edges": edges}
    (queue_folder / "bad.json").write_text(json.dumps(told), encoding="utf-8")
    err = pq("submit", "bad.json", status=2).err
    assert "steps.py:1: error: there is no function 'g' in it, only 'f', and the workflow calls steps.g" in err
    assert "steps.py:1: error: f() takes no 'x', which the workflow gives it" in err
