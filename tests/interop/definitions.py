"""Python Workflow Definitions for the tests, the functions that they call, and the format's own runner."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from python_workflow_definition.models import PythonWorkflowDefinitionWorkflow
from python_workflow_definition.purepython import load_workflow_json
from tests.queues import script

FUNCTIONS: Final = """
def get_prod_and_div(x, y):
    return {"prod": x * y, "div": x / y}

def get_sum(x, y):
    return x + y

def get_square(x):
    return x**2

def total(values, factor=1):
    return sum(values.values()) * factor

def listed(**values):
    return list(values.items())

def halves(x):
    return {"whole": x, "half": x / 2, "text": f"{x:g}"}

def mixed(**values):
    number = 0
    for name, value in values.items():
        part = value if isinstance(value, int) else sum(value.values()) if isinstance(value, dict) else len(str(value))
        number = (31 * number + 7 * part + len(name)) % 10007
    return {"a": number, "b": number + 1}

def refuses():
    raise ValueError("no luck")
"""

Told = dict[str, Any]


def function(number: int, name: str, **notes: str) -> Told:
    noted = {"perqueue": notes} if notes else {}
    return {"id": number, "type": "function", "value": f"workflow.{name}", **noted}


def given(number: int, name: str, value: object) -> Told:
    return {"id": number, "type": "input", "name": name, "value": value}


def output(number: int, name: str = "result") -> Told:
    return {"id": number, "type": "output", "name": name}


def edge(source: int, target: int, target_port: str | None, source_port: str | None = None) -> Told:
    return {"target": target, "targetPort": target_port, "source": source, "sourcePort": source_port}


def definition(nodes: list[Told], edges: list[Told]) -> Told:
    return {"version": "0.1.0", "nodes": nodes, "edges": edges}


ARITHMETIC: Final = definition(
    [
        function(0, "get_prod_and_div"),
        function(1, "get_sum"),
        function(2, "get_square"),
        given(3, "x", 1),
        given(4, "y", 2),
        output(5),
    ],
    [
        edge(3, 0, "x"),
        edge(4, 0, "y"),
        edge(0, 1, "x", "prod"),
        edge(0, 1, "y", "div"),
        edge(1, 2, "x"),
        edge(2, 5, None),
    ],
)
"""The format's own example: results by name, and a whole value."""

ONE_INPUT_TWICE: Final = definition(
    [function(0, "get_sum"), given(1, "side", 21), output(2, "sum")],
    [edge(1, 0, "x"), edge(1, 0, "y"), edge(0, 2, None)],
)

ONE_RESULT_TWICE: Final = definition(
    [function(7, "get_square"), function(3, "get_sum"), given(1, "x", 3), output(2)],
    [edge(1, 7, "x"), edge(7, 3, "x"), edge(7, 3, "y"), edge(3, 2, None)],
)

WHOLE_AND_ITEM: Final = definition(
    [function(0, "get_prod_and_div"), function(1, "total"), given(2, "x", 6), given(3, "y", 3), output(4)],
    [edge(2, 0, "x"), edge(3, 0, "y"), edge(0, 1, "values"), edge(0, 1, "factor", "div"), edge(1, 4, None)],
)

ORDERED: Final = definition(
    [function(0, "get_square"), function(1, "listed"), given(2, "x", 3), given(3, "z", [1, {"a": None}]), output(4)],
    [edge(2, 0, "x"), edge(3, 1, "z"), edge(0, 1, "m"), edge(2, 1, "a"), edge(1, 4, None)],
)
"""A function that minds the order in which it gets values and results."""

NAMED_OUTPUT: Final = definition(
    [function(0, "halves"), given(1, "x", 8.5), output(2, "half")],
    [edge(1, 0, "x"), edge(0, 2, None, "half")],
)

EXAMPLES: Final = {
    "arithmetic": ARITHMETIC,
    "one input twice": ONE_INPUT_TWICE,
    "one result twice": ONE_RESULT_TWICE,
    "whole and item": WHOLE_AND_ITEM,
    "ordered": ORDERED,
    "named output": NAMED_OUTPUT,
}


def write(folder: Path, told: Told, name: str = "workflow.json") -> Path:
    """Have the format's own package write a definition into a folder, beside its functions; the path."""
    script(folder, "workflow.py", FUNCTIONS)
    path = folder / name
    PythonWorkflowDefinitionWorkflow.model_validate(told).dump_json_file(path)
    return path


def loaded(path: Path) -> Told:
    """What the format's own package reads in a file."""
    found: Told = PythonWorkflowDefinitionWorkflow.load_json_file(path)
    return found


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Modules of a folder can be imported, and are forgotten afterwards."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("workflow", None)


def their_result(path: Path) -> Any:
    """What the format's own runner makes of a file."""
    with importable(path.parent):
        return load_workflow_json(str(path))


def meaning(told: Mapping[str, Any]) -> Any:
    """What a definition says, but for ids, and for the order of what has no order: the calls, and the outputs.

    A call is the function with what it gets for each argument, in order: an input's name and value, or an item of
    another call. Calls are told apart by all that leads to them.
    """
    nodes = {node["id"]: node for node in told["nodes"]}
    into: dict[int, list[Mapping[str, Any]]] = {number: [] for number in nodes}
    for one in told["edges"]:
        into[one["target"]].append(one)

    def source(number: int) -> str:
        node = nodes[number]
        if node["type"] == "input":
            return f"{node['name']}={json.dumps(node['value'], sort_keys=True)}"
        parts = [f"{one['targetPort']}<-{source(one['source'])}[{one['sourcePort']}]" for one in into[number]]
        return f"{node['value']}({', '.join(parts)})"

    calls = sorted(source(number) for number, node in nodes.items() if node["type"] == "function")
    outputs = sorted(
        (nodes[one["target"]]["name"], source(one["source"]), str(one["sourcePort"]))
        for one in told["edges"]
        if nodes[one["target"]]["type"] == "output"
    )
    return calls, outputs
