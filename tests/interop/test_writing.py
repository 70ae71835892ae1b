"""From tasks to a definition, and back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given as supposing
from tests.interop.definitions import (
    ARITHMETIC,
    EXAMPLES,
    ORDERED,
    Told,
    definition,
    edge,
    function,
    given,
    loaded,
    meaning,
    output,
    their_result,
    write,
)
from tests.interop.test_reading import definitions
from tests.queues import script

from perqueue import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup, Task, Workflow
from perqueue.core.compile import compile_graph
from perqueue.core.errors import DescriptionError, UsageError
from perqueue.external.python_workflow_definition import read_PWD, write_PWD
from perqueue.interop.errors import NotInPwdError
from perqueue.interop.pieces import Piece, described_pieces


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the task scripts ``relax.py`` and ``sub/bands.py``."""
    (tmp_path / "sub").mkdir()
    for name in ("relax.py", "sub/bands.py"):
        script(tmp_path, name, "def main(**_):\n    return True, {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(workflow: object, path: Path) -> Told:
    write_PWD(workflow, path)
    found: Told = json.loads(path.read_text(encoding="utf-8"))
    return found


def comparable(pieces: list[Piece]) -> list[Any]:
    """What pieces say, but for their numbers in a graph."""
    place = {piece.number: i for i, piece in enumerate(pieces)}
    return [
        (
            p.name,
            p.code,
            p.func,
            p.args,
            str(p.resources),
            p.folder,
            sorted((place[on], ports) for on, ports in p.parents),
        )
        for p in pieces
    ]


@pytest.mark.parametrize("told", EXAMPLES.values(), ids=EXAMPLES)
def test_what_was_read_is_written_as_it_was(told: Told, tmp_path: Path) -> None:
    """The same calls, inputs, ports in the same order, and outputs; the package reads it and computes the same."""
    path = write(tmp_path, told)
    again = tmp_path / "again.json"
    assert meaning(written(read_PWD(path), again)) == meaning(told)
    assert meaning(loaded(again)) == meaning(told)
    assert their_result(again) == their_result(path)


@supposing(definitions())
def test_any_definition_is_written_as_it_was_read(tmp_path_factory: pytest.TempPathFactory, told: Told) -> None:
    """Also the second time; and the format's own package takes what was written."""
    path = tmp_path_factory.mktemp("pwd") / "again.json"
    again = written(read_PWD(told), path)
    assert meaning(again) == meaning(told)
    assert meaning(loaded(path)) == meaning(told)
    assert written(read_PWD(again), path) == again


def test_their_runner_computes_what_was_ours_first(tmp_path: Path) -> None:
    """A workflow that was put together here is one for their runner."""
    write(tmp_path, ARITHMETIC)
    first = read_PWD(
        definition([function(0, "get_sum"), given(1, "x", 1), given(2, "y", 2)], [edge(1, 0, "x"), edge(2, 0, "y")])
    )
    then = read_PWD(definition([function(0, "get_square"), given(1, "x", 0)], [edge(1, 0, "x")]))
    path = tmp_path / "ours.json"
    told = written(Workflow({then: {first: {None: "x"}}}), path)
    assert their_result(path) == 9
    assert [node["name"] for node in told["nodes"] if node["type"] == "input"] == ["x", "y"]


def test_a_result_goes_over_an_argument(tmp_path: Path) -> None:
    """So the argument is not written: one name has one value there."""
    first, then = (
        read_PWD(definition([function(0, name), given(1, "x", 0)], [edge(1, 0, "x")]))
        for name in ("get_square", "halves")
    )
    told = written(Workflow({then: {first: {None: "x"}}}), tmp_path / "w.json")
    assert [(e["source"], e["target"], e["targetPort"]) for e in told["edges"] if e["target"] == 1] == [(0, 1, "x")]


def test_scripts(scripts: Path) -> None:
    """A script is written as ``file.function``, with what perqueue needs to find it again as a note."""
    first = Task("relax.py", {"fmax": 0.01, "cell": {"a": [1, None, "x"]}}, "24:xeon24:10m")
    then = Task("sub/bands.py", {"fmax": 0.01}, "local:5m", func="plot", name="bands", folder="runs/{key}")
    path = scripts / "w.json"
    told = written({then: {first: {"energy": "e", None: "first"}}}, path)
    assert told == definition(
        [
            {
                "id": 0,
                "type": "function",
                "value": "relax.main",
                "perqueue": {"resources": "24:xeon24:10m", "script": "relax.py"},
            },
            {
                "id": 1,
                "type": "function",
                "value": "bands.plot",
                "perqueue": {
                    "resources": "1:local:5m",
                    "script": os.path.join("sub", "bands.py"),
                    "name": "bands",
                    "folder": "runs/{key}",
                },
            },
            given(2, "fmax", 0.01),
            given(3, "cell", {"a": [1, None, "x"]}),
            output(4),
        ],
        [
            edge(2, 0, "fmax"),
            edge(3, 0, "cell"),
            edge(0, 1, "e", "energy"),
            edge(0, 1, "first"),
            edge(2, 1, "fmax"),
            edge(1, 4, None),
        ],
    )
    assert [node["id"] for node in loaded(path)["nodes"]] == [0, 1, 2, 3, 4]
    assert comparable(described_pieces(read_PWD(path))) == comparable(
        described_pieces({then: {first: {"energy": "e", None: "first"}}})
    )


def test_dependencies_without_ports(scripts: Path) -> None:
    """All that a task returns goes on under its own names: an edge without any port, here and back."""
    a, b, c, d, e = (Task("relax.py", {"n": n}, "local", name=name) for n, name in enumerate("abcde"))
    whole = a >> (b | c) >> (d | e)
    told = written(whole, scripts / "w.json")
    plain = [(one["source"], one["target"]) for one in told["edges"] if one["targetPort"] is None and one["target"] < 5]
    assert sorted(plain) == [(0, 1), (0, 2), (1, 3), (1, 4), (2, 3), (2, 4)]
    assert all(one["sourcePort"] is None for one in told["edges"])
    assert comparable(described_pieces(read_PWD(scripts / "w.json"))) == comparable(described_pieces(whole))
    assert [one["source"] for one in told["edges"] if one["target"] == told["nodes"][-1]["id"]] == [3, 4]


def test_paths_that_are_elsewhere(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Scripts and modules below the file's folder are named relative to it, so that all may move; others are not."""
    far = tmp_path_factory.mktemp("far") / "w.json"
    told = written(Task("relax.py", None, "local"), far)
    assert told["nodes"][0]["perqueue"]["script"] == str(scripts / "relax.py")
    near = write(scripts, ORDERED)
    assert "modules" not in written(read_PWD(near), scripts / "again.json")["nodes"][0]["perqueue"]
    told = written(read_PWD(near), far)
    assert told["nodes"][0]["perqueue"]["modules"] == str(scripts)
    assert comparable(described_pieces(read_PWD(far))) == comparable(described_pieces(read_PWD(near)))
    (scripts / "moved").mkdir()
    write_PWD(Task("relax.py", None, "local"), scripts / "w.json")
    (scripts / "w.json").rename(scripts / "moved" / "w.json")
    (scripts / "relax.py").rename(scripts / "moved" / "relax.py")
    assert described_pieces(read_PWD(scripts / "moved" / "w.json"))[0].code == str(scripts / "moved" / "relax.py")


@pytest.mark.parametrize("kind", ["StaticWidthGroup", "DynamicWidthGroup", "CyclicalGroup", "SwitchGroup"])
def test_groups_are_refused(scripts: Path, kind: str) -> None:
    """The format has none; the error names the group, and nothing is written."""
    task = Task("relax.py", None, "local", name="inner")
    groups: dict[str, Any] = {
        "StaticWidthGroup": StaticWidthGroup(task, 3),
        "DynamicWidthGroup": DynamicWidthGroup(task),
        "CyclicalGroup": CyclicalGroup(task),
        "SwitchGroup": SwitchGroup({"a": task}),
    }
    with pytest.raises(NotInPwdError, match=rf"^{kind}\(.*inner.* can't be written as a Python Workflow Definition"):
        write_PWD(Task("relax.py", None, "local") >> groups[kind], scripts / "w.json")
    assert not (scripts / "w.json").exists()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.zeros(3), "a numpy array"),
        (np.zeros(10_000), "a numpy array"),
        ((1, 2), "a tuple"),
        ({1, 2}, "a set"),
        ([{"deep": 1j}], "a complex"),
        (float("nan"), "a float that JSON doesn't have"),
        ({1: 2}, "a dict with keys that are no strings"),
        (Path("x"), "a path"),
        (object(), "can't be stored"),
    ],
)
def test_arguments_that_json_does_not_have(scripts: Path, value: object, what: str) -> None:
    """They are refused with the task, the argument and the type, rather than changed on the way."""
    with pytest.raises(NotInPwdError) as caught:
        write_PWD(Task("relax.py", {"grid": value}, "local"), scripts / "w.json")
    assert "'relax.py'" in str(caught.value)
    assert "grid" in str(caught.value)
    assert what in str(caught.value)


def test_keys_with_a_dollar_are_written(scripts: Path) -> None:
    """They are markers only where values are stored."""
    told = written(Task("relax.py", {"$a": {"$b": [1]}}, "local"), scripts / "w.json")
    assert told["nodes"][1] == given(1, "$a", {"$b": [1]})


def test_two_results_under_one_name(scripts: Path) -> None:
    """A task here gets a dict of both; a function there can't, so it is refused."""
    a, b, c = (Task("relax.py", None, "local", name=name) for name in "abc")
    with pytest.raises(NotInPwdError, match=r"the input 'e' of 'c'.*: 'a', 'b'"):
        write_PWD({c: {a: {"e": "e"}, b: {"e": "e"}}}, scripts / "w.json")


def test_what_is_no_workflow_is_refused(scripts: Path) -> None:
    """As by ``submit``."""
    with pytest.raises(DescriptionError):
        write_PWD([], scripts / "w.json")


def test_a_file_that_can_not_be_written(scripts: Path) -> None:
    """One line that names it."""
    with pytest.raises(UsageError, match=r"nowhere.w\.json' can't be written: No such file or directory"):
        write_PWD(Task("relax.py", None, "local"), scripts / "nowhere" / "w.json")


def test_a_written_workflow_can_be_submitted(scripts: Path) -> None:
    """It compiles to the graph that it was."""
    whole = Task("relax.py", None, "local") >> Task("sub/bands.py", None, "local")
    write_PWD(whole, scripts / "w.json")
    assert compile_graph(read_PWD(scripts / "w.json")).edges() == compile_graph(whole).edges()
