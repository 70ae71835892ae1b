"""From a definition to tasks with ports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as supposing
from hypothesis import strategies as st
from tests.docs.markdown import ROOT, blocks
from tests.interop.definitions import (
    ARITHMETIC,
    EXAMPLES,
    ONE_INPUT_TWICE,
    ONE_RESULT_TWICE,
    Told,
    definition,
    edge,
    function,
    given,
    importable,
    output,
    their_result,
    write,
)
from tests.interop.running import run_here
from tests.queues import script

from perqueue import Workflow
from perqueue.core.compile import compile_graph
from perqueue.core.errors import CycleError, EmptyGroupError, ResourcesError, UsageError
from perqueue.core.keys import VALUE_KW
from perqueue.core.resources import Resources
from perqueue.external.python_workflow_definition import read_PWD
from perqueue.interop.calls import CALL, SCRIPT
from perqueue.interop.errors import PwdFormatError, UnknownFunctionsError
from perqueue.interop.pieces import Piece, described_pieces


def pieces(told: Told, **options: Any) -> dict[str, Piece]:
    return {piece.name.partition(".")[2]: piece for piece in described_pieces(read_PWD(told, **options))}


def test_functions_become_tasks() -> None:
    """Each is one task of our own script, named as the function; inputs are its arguments, edges its ports."""
    workflow = read_PWD(ARITHMETIC)
    assert isinstance(workflow, Workflow)
    first, second, third = described_pieces(workflow)
    assert [p.name for p in (first, second, third)] == [
        "workflow.get_prod_and_div",
        "workflow.get_sum",
        "workflow.get_square",
    ]
    assert {p.code for p in (first, second, third)} == {SCRIPT}
    assert {name: value for name, value in first.args.items() if name != CALL} == {"x": 1, "y": 2}
    assert first.parents == ()
    assert second.parents == ((first.number, (("prod", "x"), ("div", "y"))),)
    assert third.args[CALL] == {"function": "workflow.get_square", "takes": ["x"], "outputs": [["result", None]]}
    assert third.parents == ((second.number, ((None, "x"),)),)


def test_one_input_or_result_may_be_read_twice() -> None:
    """By one function, under two names."""
    found = pieces(ONE_INPUT_TWICE)["get_sum"].args
    assert (found["x"], found["y"]) == (21, 21)
    (link,) = pieces(ONE_RESULT_TWICE)["get_sum"].parents
    assert link[1] == ((None, "x"), (None, "y"))


def test_an_item_of_an_input() -> None:
    """A source port of an input is an item of its value."""
    told = definition([function(0, "get_square"), given(1, "cell", {"a": 3})], [edge(1, 0, "x", "a")])
    assert pieces(told)["get_square"].args["x"] == 3


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (None, ["1:local:1h", "2:local:5m", "1:local:1h"]),
        ("4:local:2h", ["4:local:2h"] * 3),
        (Resources.parse("4:local:2h"), ["4:local:2h"] * 3),
        ({"workflow.get_square": "local:1m"}, ["1:local:1h", "2:local:5m", "1:local:1m"]),
        ({"workflow.get_sum": Resources.parse("8:local:1m")}, ["1:local:1h", "8:local:1m", "1:local:1h"]),
    ],
)
def test_resources(resources: Any, expected: list[str]) -> None:
    """What the caller says counts, then what is noted in the file, then an hour of one core."""
    told = {**ARITHMETIC, "nodes": [*ARITHMETIC["nodes"]]}
    told["nodes"][1] = function(1, "get_sum", resources="2:local:5m")
    assert [str(piece.resources) for piece in described_pieces(read_PWD(told, resources))] == expected


def test_resources_that_can_not_be() -> None:
    """They have to be in the grammar, and for functions that are there."""
    with pytest.raises(ResourcesError, match="localhost:5m"):
        read_PWD(ARITHMETIC, "localhost:5m")
    with pytest.raises(UnknownFunctionsError, match=r"'workflow.get_summ': .*it has 'workflow.get_prod_and_div', "):
        read_PWD(ARITHMETIC, {"workflow.get_summ": "local"})


@pytest.mark.parametrize(
    ("nodes", "edges", "why"),
    [
        ([given(1, "x", 1), given(2, "y", 1)], [edge(1, 0, "x"), edge(2, 0, "x")], "gets 'x' from two edges"),
        ([given(1, "x", 1)], [edge(1, 0, None)], "the input 'x' goes to function 0 without a targetPort"),
        ([given(1, "x", {"a": 1})], [edge(1, 0, "x", "b")], "the input 'x' has no item 'b'"),
        ([given(1, "x", [1])], [edge(1, 0, "x", "0")], "the input 'x' has no item '0'"),
        ([function(1, "f")], [edge(1, 0, None), edge(1, 0, "x")], "function 0 gets all of function 1, and values"),
        ([function(1, "f")], [edge(1, 0, "x"), edge(1, 0, None)], "function 0 gets all of function 1, and values"),
        ([{**function(1, "f"), "perqueue": {"resources": 1}}], [], "the 'resources' that perqueue noted of function 1"),
    ],
)
def test_definitions_that_contradict_themselves(nodes: list[Told], edges: list[Told], why: str) -> None:
    """What is in the format and still can't be meant is refused, with its place."""
    with pytest.raises(PwdFormatError, match=why):
        read_PWD(definition([function(0, "g"), *nodes, output(9)], edges))


def test_a_definition_without_functions() -> None:
    """There is nothing to run in it."""
    with pytest.raises(EmptyGroupError, match="no tasks"):
        read_PWD(definition([given(0, "x", 1), output(1)], [edge(0, 1, None)]))


def test_a_circle() -> None:
    """It is named when it is submitted, as with tasks of our own."""
    told = definition([function(0, "f"), function(1, "g")], [edge(0, 1, "x"), edge(1, 0, "x")])
    with pytest.raises(CycleError, match=r"workflow\.f -> workflow\.g"):
        compile_graph(read_PWD(told))


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("{", PwdFormatError, "it is not JSON"),
        ("[" * 100_000, PwdFormatError, "it is not JSON"),
        (b"\xff\xfe\x00", PwdFormatError, "it is not JSON"),
        (None, FileNotFoundError, "there is no file"),
    ],
)
def test_files_that_can_not_be_read(tmp_path: Path, text: Any, error: type[Exception], why: str) -> None:
    """One line that names the file."""
    path = tmp_path / "w.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(error, match=why) as caught:
        read_PWD(path)
    assert isinstance(caught.value, UsageError)
    assert "w.json" in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Nor is anything else that can't be opened."""
    with pytest.raises(UsageError, match="can't be read"):
        read_PWD(tmp_path)


def test_the_file_s_own_folder_is_where_modules_are(tmp_path: Path) -> None:
    """It is noted in the tasks, whatever the current folder is; another one may be given."""
    path = write(tmp_path, ARITHMETIC)
    assert {p.args[CALL]["modules"] for p in described_pieces(read_PWD(path))} == {str(tmp_path)}
    assert {p.args[CALL]["modules"] for p in described_pieces(read_PWD(path, folder="/srv"))} == {"/srv"}
    assert pieces(ARITHMETIC)["get_sum"].args[CALL].get("modules") is None


@pytest.mark.parametrize("told", EXAMPLES.values(), ids=EXAMPLES)
def test_examples_give_what_their_runner_gives(told: Told, tmp_path: Path) -> None:
    """The last function returns the same, under ``pq_value`` unless it is a dict."""
    path = write(tmp_path, told)
    workflow = read_PWD(path)
    with importable(tmp_path):
        ran = run_here(workflow)
    theirs = their_result(path)
    last = list(ran.values())[-1][-1]
    assert last == (theirs if isinstance(theirs, dict) else {VALUE_KW: theirs})


@st.composite
def definitions(draw: st.DrawFn) -> Told:
    """Functions that stand in any order, and get inputs, whole results and items of results in any order."""
    count = draw(st.integers(1, 6))
    ids = draw(st.permutations(range(100, 100 + count)))
    inputs = draw(st.lists(st.integers(0, 99) | st.text(max_size=3) | st.none(), min_size=1, max_size=3))
    edges: list[Told] = []
    for place, number in enumerate(ids):
        ports = draw(st.lists(st.sampled_from("pqrst"), min_size=1, max_size=4, unique=True))
        for port in ports:
            before = draw(st.integers(-len(inputs), place - 1))
            if before < 0:
                edges.append(edge(-before, number, port))
            else:
                edges.append(edge(ids[before], number, port, draw(st.sampled_from([None, "a", "b"]))))
    edges.append(edge(ids[-1], 200, None))
    nodes = [function(number, "mixed") for number in ids]
    nodes += [given(i, f"in{i % 2}", value) for i, value in enumerate(inputs, 1)]
    return definition([*draw(st.permutations(nodes)), output(200)], draw(st.permutations(edges)))


@supposing(definitions())
def test_any_definition_gives_what_their_runner_gives(tmp_path_factory: pytest.TempPathFactory, told: Told) -> None:
    """Every function returns what a runner of five lines makes of it, and the last one what the package's makes."""
    folder = tmp_path_factory.mktemp("pwd")
    path = write(folder, told)
    with importable(folder):
        ran = run_here(read_PWD(path))
        theirs = _run_simply(told)
    ours = [next(iter(data.values())) if VALUE_KW in data else data for data in ran["workflow.mixed"]]
    assert sorted(one["a"] for one in ours) == sorted(one["a"] for one in theirs.values())
    assert their_result(path) in theirs.values()


def _run_simply(told: Told) -> dict[int, Any]:
    """Each function's result: their runner tells but the last one's."""
    from workflow import mixed  # type: ignore[import-not-found]

    results: dict[int, Any] = {node["id"]: node["value"] for node in told["nodes"] if node["type"] == "input"}
    inputs = set(results)
    left = [node["id"] for node in told["nodes"] if node["type"] == "function"]
    while left:
        number = left.pop(0)
        into = [one for one in told["edges"] if one["target"] == number]
        if any(one["source"] not in results for one in into):
            left.append(number)
            continue
        values = [(one["targetPort"], results[one["source"]], one["sourcePort"]) for one in into]
        results[number] = mixed(**{name: value if port is None else value[port] for name, value, port in values})
    return {number: result for number, result in results.items() if number not in inputs}


def test_a_definition_is_composed_like_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands between others, and what comes before it may give its inputs."""
    from perqueue import Task

    monkeypatch.chdir(tmp_path)
    script(tmp_path, "before.py", "def main(**_):\n    return True, {'x': 5}\n")
    whole = Task("before.py", None, "local") >> read_PWD(ARITHMETIC) >> Task("before.py", None, "local")
    found = described_pieces(whole)
    assert [piece.name for piece in found][0::4] == ["before.py", "before.py"]
    assert found[1].parents == ((found[0].number, None),)
    assert found[4].parents == ((found[3].number, None),)


def test_json_is_read_as_json_is_written(tmp_path: Path) -> None:
    """Floats that JSON doesn't have are Python's, and a byte order mark is no mistake."""
    told = definition([function(0, "get_square"), given(1, "x", float("inf"))], [edge(1, 0, "x")])
    path = tmp_path / "w.json"
    path.write_text("\ufeff" + json.dumps(told), encoding="utf-8")
    graph = compile_graph(read_PWD(path))
    assert graph.tasks[0].args["x"] == float("inf")


def test_the_page_s_example(tmp_path: Path) -> None:
    """The definition in the documentation is one, and gives the same here and by their runner."""
    (block,) = blocks(ROOT / "docs" / "interop.md", "json")
    path = write(tmp_path, json.loads(block.text))
    with importable(tmp_path):
        assert run_here(read_PWD(path))["workflow.get_square"] == [{VALUE_KW: 9}]
    assert their_result(path) == 9
