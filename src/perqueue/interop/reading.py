"""From a Python Workflow Definition to a Workflow of tasks with ports."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

from perqueue.api.task import Task
from perqueue.core.errors import EmptyGroupError
from perqueue.core.resources import Resources
from perqueue.core.tasklike import Dag, Dependency, Ports, TaskLike, Workflow

from .calls import CALL, FUNCTION, INPUTS, MODULES, OUTPUTS, READS, SCRIPT, TAKES
from .document import Document, Edge, Function, Input, Output
from .errors import PwdFormatError, PwdMissingError, PwdUnreadableError, UnknownFunctionsError

Asked: TypeAlias = "str | Resources | Mapping[str, str | Resources] | None"

DEFAULT: Final = "local:1h"
"""Resources of functions for which neither the caller nor the file says any."""


def read_PWD(  # noqa: N802  # the name that scripts import
    source: str | os.PathLike[str] | Mapping[str, Any],
    resources: Asked = None,
    *,
    folder: str | os.PathLike[str] | None = None,
) -> Workflow:
    """Read a Python Workflow Definition 0.1 as a Workflow, to be submitted or composed with others.

    Each function becomes a task that imports ``module.function`` and calls it with keyword arguments. Values of input
    nodes become the tasks' arguments.

    Args:
        source: Path of the JSON file, or what it holds.
        resources: What each function asks of the machine: one for all, or by ``"module.function"``. Where this says
            nothing, what perqueue noted in the file counts, or else an hour on one core of this machine.
        folder: Where the functions' modules are looked for first, and what paths in the file are relative to; by
            default the file's own folder.

    Raises:
        FileNotFoundError: There is no such file.
        PwdFormatError: It is not in the format.
        ResourcesError: Resources are not in the grammar.
        UnknownFunctionsError: ``resources`` names a function that the workflow doesn't have.
        DescriptionError: The workflow has no function.
    """
    text, told = "", cast("object", source)
    if isinstance(source, Mapping):
        where = "the mapping"
    else:
        where, text, told = _load(os.fspath(source))
    document = Document.parse(told, where)
    if folder is None and not isinstance(source, Mapping):
        folder = os.path.dirname(os.path.abspath(os.fspath(source)))
    path = None if isinstance(source, Mapping) else os.path.abspath(os.fspath(source))
    lines = _Lines(path, text)
    return _Reading(document, where, resources, None if folder is None else os.path.abspath(folder), lines).workflow()


class _Lines:
    """Where the functions stand in a file."""

    def __init__(self, path: str | None, text: str) -> None:
        self._path, self._text = path, text

    def of(self, function: str) -> str:
        """The first line that names a function, as ``path:line``; empty if there is no file."""
        before = self._text.partition(json.dumps(function))
        return "" if self._path is None else f"{self._path}:{before[0].count(chr(10)) + 1 if before[1] else 1}"


def _load(path: str) -> tuple[str, str, object]:
    where = repr(path)
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        return where, text, json.loads(text)
    except FileNotFoundError:
        raise PwdMissingError(path) from None
    except OSError as error:
        raise PwdUnreadableError(path, "read", error) from error
    except (ValueError, RecursionError) as error:
        raise PwdFormatError(where, f"it is not JSON ({error})") from error


class _Reading:
    """One document on its way to a Workflow."""

    def __init__(self, document: Document, where: str, resources: Asked, folder: str | None, lines: _Lines) -> None:
        self._where, self._folder, self._lines = where, folder, lines
        self._inputs = {node.id: node for node in document.nodes if isinstance(node, Input)}
        self._outputs = {node.id: node for node in document.nodes if isinstance(node, Output)}
        self._functions = {node.id: node for node in document.nodes if isinstance(node, Function)}
        self._resources = self._asked(resources)
        self._into: dict[int, list[Edge]] = {number: [] for number in self._functions}
        self._from: dict[int, list[Edge]] = {number: [] for number in self._functions}
        for edge in document.edges:
            if edge.target in self._into:
                self._into[edge.target].append(edge)
            if edge.source in self._from:
                self._from[edge.source].append(edge)

    def workflow(self) -> Workflow:
        if not self._functions:
            raise EmptyGroupError(self._where)
        tasks: dict[int, TaskLike] = {number: self._task(node) for number, node in self._functions.items()}
        return Workflow._of(
            Dag(
                tuple(
                    (task, tuple(Dependency(tasks[on], ports) for on, ports in self._parents(number)))
                    for number, task in tasks.items()
                )
            )
        )

    def _asked(self, resources: Asked) -> Mapping[str, str | Resources]:
        known = sorted({node.value for node in self._functions.values()})
        if resources is None:
            return {}
        if isinstance(resources, str | Resources):
            return dict.fromkeys(known, Resources.parse(resources))
        unknown = [name for name in resources if name not in known]
        if unknown:
            raise UnknownFunctionsError(self._where, unknown, known)
        return resources

    def _parents(self, number: int) -> list[tuple[int, Ports | None]]:
        """What a function depends on, and through which ports (None: all that it returned, under its own names)."""
        found: dict[int, Ports | None] = {}
        for edge in self._into[number]:
            if edge.source not in self._functions:
                continue
            known = found.get(edge.source, ())
            if edge.target_port is None:
                if edge.source in found and known is not None:
                    raise self._wrong(f"function {number} gets all of function {edge.source}, and values by name")
                found[edge.source] = None
            elif known is None:
                raise self._wrong(f"function {number} gets all of function {edge.source}, and values by name")
            else:
                found[edge.source] = (*known, (edge.source_port, edge.target_port))
        return list(found.items())

    def _task(self, node: Function) -> Task:
        task = self._made(node)
        if place := self._lines.of(node.value):
            # What is wrong with it is to be mended there, and not where the file is read.
            object.__setattr__(task, "where", place)
        return task

    def _made(self, node: Function) -> Task:
        takes = [edge.target_port for edge in self._into[node.id] if edge.target_port is not None]
        for port in takes:
            if takes.count(port) > 1:
                raise self._wrong(f"function {node.id} ({node.value}) gets {port!r} from two edges")
        args = self._args(node)
        asked = self._resources.get(node.value, self._note(node, "resources") or DEFAULT)
        script = self._note(node, "script")
        if script is not None:
            func = node.value.rpartition(".")[2]
            name, folder = self._note(node, "name"), self._note(node, "folder")
            return Task(self._path(script), args, asked, func, name, folder=folder)
        call: dict[str, Any] = {
            FUNCTION: node.value,
            TAKES: takes,
            READS: self._reads(node.id),
            INPUTS: self._input_names(node.id),
            OUTPUTS: [
                [self._outputs[edge.target].name, edge.source_port]
                for edge in self._from[node.id]
                if edge.target in self._outputs
            ],
            MODULES: self._modules(node),
        }
        # Listings show it, so that what says nothing is left out.
        call = {key: value for key, value in call.items() if value}
        name = self._note(node, "name")
        return Task(SCRIPT, {**args, CALL: call}, asked, name=node.value if name is None else name)

    def _args(self, node: Function) -> dict[str, Any]:
        args: dict[str, Any] = {}
        for edge in self._into[node.id]:
            given = self._inputs.get(edge.source)
            if given is None:
                continue
            if edge.target_port is None:
                raise self._wrong(f"the input {given.name!r} goes to function {node.id} without a targetPort")
            args[edge.target_port] = self._value(given, edge.source_port)
        return args

    def _value(self, given: Input, port: str | None) -> Any:
        if port is None:
            return given.value
        if not isinstance(given.value, Mapping) or port not in given.value:
            raise self._wrong(f"the input {given.name!r} has no item {port!r}")
        return given.value[port]

    def _reads(self, number: int) -> list[str | None]:
        """The items of a result that other functions get, and None if one gets the whole."""
        edges = [edge for edge in self._from[number] if edge.target in self._functions]
        return list(dict.fromkeys(edge.source_port for edge in edges if edge.target_port is not None))

    def _input_names(self, number: int) -> dict[str, str]:
        """What inputs are called that are not called as the arguments that they give."""
        edges = [edge for edge in self._into[number] if edge.source in self._inputs]
        names = [(edge.target_port, self._inputs[edge.source].name) for edge in edges]
        return {port: name for port, name in names if port is not None and port != name}

    def _modules(self, node: Function) -> str | None:
        noted = self._note(node, "modules")
        return self._folder if noted is None else self._path(noted)

    def _note(self, node: Function, key: str) -> str | None:
        found = node.notes.get(key)
        if found is not None and not isinstance(found, str):
            raise self._wrong(f"the {key!r} that perqueue noted of function {node.id} is {found!r}, not a string")
        return found

    def _path(self, noted: str) -> str:
        return os.path.join(self._folder or "", noted)

    def _wrong(self, why: str) -> PwdFormatError:
        return PwdFormatError(self._where, why)
