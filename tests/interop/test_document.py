"""Reading what JSON says: what is in the format, and every way not to be."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.interop.definitions import ARITHMETIC, EXAMPLES, Told, edge, function, given, loaded, output, write

from perqueue.core.errors import UsageError
from perqueue.interop.document import Document
from perqueue.interop.errors import PwdFormatError


def changed(*path: Any, to: object) -> Told:
    told = copy.deepcopy(ARITHMETIC)
    at: Any = told
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return told


@pytest.mark.parametrize("told", EXAMPLES.values(), ids=EXAMPLES)
def test_a_document_is_written_as_it_was_read(told: Told) -> None:
    """Ids, names, values, ports and the order of everything stay."""
    assert Document.parse(told, "it").as_json() == told


@pytest.mark.parametrize("told", EXAMPLES.values(), ids=EXAMPLES)
def test_the_package_reads_the_same(told: Told, tmp_path: Path) -> None:
    """What the format's own package reads in a file that it wrote is read here too, and is the same."""
    read = loaded(write(tmp_path, told))
    assert Document.parse(read, "it").as_json() == read


def test_notes_are_kept_and_others_are_left_out() -> None:
    """Of what the format doesn't name, our own notes on functions stay."""
    told = changed("nodes", 0, to={**function(0, "f", resources="4:local:1h"), "colour": "red"})
    assert Document.parse(told, "it").as_json()["nodes"][0] == function(0, "f", resources="4:local:1h")


@pytest.mark.parametrize("version", ["0.1", "0.1.0", "0.1.7"])
def test_versions(version: str) -> None:
    """Every 0.1 is read."""
    Document.parse(changed("version", to=version), "it")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([], "the whole is a list, not an object"),
        ({}, "its version is None, not '0.1.0'"),
        (changed("version", to="0.2.0"), "its version is '0.2.0', not '0.1.0'"),
        (changed("version", to=0.1), "its version is 0.1, not"),
        ({"version": "0.1.0", "nodes": []}, "it has no list 'edges'"),
        ({"version": "0.1.0", "edges": []}, "it has no list 'nodes'"),
        (changed("nodes", to={"0": "workflow.f"}), "'nodes' is no list"),
        (changed("nodes", 1, to="workflow.f"), "node 1 is a str, not an object"),
        (changed("nodes", 1, "id", to="1"), "the 'id' of node 1 is '1', not a whole number"),
        (changed("nodes", 1, "id", to=True), "the 'id' of node 1 is True"),
        (changed("nodes", 1, "id", to=0), "two nodes have the id 0"),
        (changed("nodes", 1, "type", to="loop"), "node 1 has the type 'loop', not 'function', 'input' or 'output'"),
        (changed("nodes", 1, "value", to="get_sum"), "node 1 has the value 'get_sum', not 'module.function'"),
        (changed("nodes", 1, "value", to="workflow."), "not 'module.function'"),
        (changed("nodes", 1, "value", to=".f"), "not 'module.function'"),
        (changed("nodes", 1, "value", to=3), "the 'value' of node 1 is 3, not a string"),
        (changed("nodes", 1, "perqueue", to="x"), "the key 'perqueue' of node 1 is a str"),
        (changed("nodes", 3, "name", to=None), "the 'name' of node 3 is None, not a string"),
        (changed("nodes", 5, "name", to=1), "the 'name' of node 5 is 1, not a string"),
        (changed("edges", 0, to=[]), "edge 0 is a list, not an object"),
        (changed("edges", 0, to=edge(9, 0, "x")), "edge 0 names node 9, and there is none with this id"),
        (changed("edges", 0, to=edge(5, 0, "x")), "edge 0 begins at the output 5"),
        (changed("edges", 0, to=edge(0, 3, "x")), "edge 0 ends at the input 3"),
        (changed("edges", 0, "sourcePort", to="__result__"), "write null for the whole value"),
        (changed("edges", 0, "targetPort", to=1), "the 'targetPort' of edge 0 is 1, not a string"),
        (changed("edges", 2, "targetPort", to=None), "edge 2 gives 'prod' to function 1 without a targetPort"),
    ],
)
def test_refused(told: object, why: str) -> None:
    """One line names the place, what is there, and what should be."""
    with pytest.raises(PwdFormatError) as caught:
        Document.parse(told, "'w.json'")
    message = str(caught.value)
    assert message.startswith("'w.json' is no Python Workflow Definition 0.1 that can be read: ")
    assert why in message
    assert isinstance(caught.value, UsageError)


def test_an_input_may_be_without_a_value() -> None:
    """Then it is None, as the format says."""
    told = {"version": "0.1.0", "nodes": [{"id": 1, "type": "input", "name": "x"}, output(2)], "edges": []}
    assert Document.parse(told, "it").as_json()["nodes"][0] == given(1, "x", None)
