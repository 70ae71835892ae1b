"""From tasks to a Python Workflow Definition."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .calls import CALL, FUNCTION, INPUTS, MODULES, OUTPUTS, TAKES
from .document import Document, Edge, Function, Input, Node, Output
from .errors import EmptySubmissionError, PwdUnreadableError, RepeatedInputError
from .pieces import Piece, described_pieces

_RESULT = "result"
"""Name of the output where the workflow names none; the format's own tools call it so."""


def write_PWD(workflow: object, path: str | os.PathLike[str]) -> None:  # noqa: N802  # the name that scripts import
    """Write tasks and their dependencies as a Python Workflow Definition 0.1.

    Arguments become input nodes. A function that :func:`~perqueue.interop.reading.read_PWD` read is written as it was
    read; a task script ``relax.py`` as the function ``relax.main``, with a note of ours by which ``read_PWD`` finds the
    script again. Other tools read such a file, but can't use what scripts return.

    Args:
        workflow: Anything that ``submit`` takes, without groups.
        path: Where the JSON goes; paths of scripts below its folder are written relative to it.

    Raises:
        NotInPwdError: It holds groups, typed functions, or arguments that JSON doesn't have.
        DescriptionError: It can't be compiled.
    """
    target = os.path.abspath(os.fspath(path))
    save(document_of(described_pieces(workflow), os.path.dirname(target)), target)


def save(document: Document, path: str) -> None:
    """Write a document as JSON.

    Raises:
        PwdUnreadableError: The file can't be written.
    """
    text = as_text(document)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise PwdUnreadableError(path, "written", error) from error


def as_text(document: Document) -> str:
    """The document as JSON text, strict and in ASCII, with a line end."""
    return json.dumps(document.as_json(), indent=2, allow_nan=False) + "\n"


def document_of(pieces: Sequence[Piece], folder: str | None) -> Document:
    """The document of tasks that stand in topological order.

    Args:
        pieces: The tasks.
        folder: Where the file will be; paths below it are written relative to it. None: all paths are absolute.

    Raises:
        NotInPwdError: Two tasks give one argument.
    """
    if not pieces:
        raise EmptySubmissionError
    return _Writing(pieces, folder).document()


def scripts_of(pieces: Sequence[Piece]) -> list[str]:
    """Names of the tasks that other tools can't run: scripts return whether they succeeded beside their data."""
    return [piece.name for piece in pieces if _call(piece) is None]


class _Writing:
    """One document in the making. Functions are numbered first, then inputs, then outputs."""

    def __init__(self, pieces: Sequence[Piece], folder: str | None) -> None:
        self._pieces, self._folder = pieces, folder
        self._ids = {piece.number: i for i, piece in enumerate(pieces)}
        self._names = {piece.number: piece.name for piece in pieces}
        self._edges: list[Edge] = []
        self._inputs: dict[tuple[str, str], Input] = {}

    def document(self) -> Document:
        functions = [self._function(piece) for piece in self._pieces]
        for piece in self._pieces:
            self._edges.extend(self._into(piece))
        outputs = self._outputs(len(functions) + len(self._inputs))
        nodes: list[Node] = [*functions, *self._inputs.values(), *outputs]
        return Document(tuple(nodes), tuple(self._edges))

    def _function(self, piece: Piece) -> Function:
        call = _call(piece)
        notes: dict[str, Any] = {"resources": str(piece.resources)}
        if call is None:
            file = os.path.basename(piece.code)
            value = f"{os.path.splitext(file)[0]}.{piece.func}"
            notes["script"] = self._relative(piece.code)
            if piece.name != file:
                notes["name"] = piece.name
            if piece.folder is not None:
                notes["folder"] = piece.folder
        else:
            value, modules = call[FUNCTION], call.get(MODULES)
            if modules is not None and modules != self._folder:
                notes["modules"] = self._relative(modules)
            if piece.name != value:
                notes["name"] = piece.name
        return Function(self._ids[piece.number], value, notes)

    def _into(self, piece: Piece) -> list[Edge]:
        """The edges that end at a task, in the order of its function's arguments."""
        target, edges = self._ids[piece.number], []
        sources: dict[str, list[str]] = {}
        for parent, ports in piece.parents:
            if ports is None:
                edges.append(Edge(self._ids[parent], None, target, None))
            for output, name in ports or ():
                edges.append(Edge(self._ids[parent], output, target, name))
                sources.setdefault(name, []).append(self._names[parent])
        for name, given_by in sources.items():
            if len(given_by) > 1:
                raise RepeatedInputError(piece.name, name, given_by)
        call = _call(piece) or {}
        for name, value in piece.args.items():
            # What a parent gives goes over a task's own arguments.
            if name != CALL and name not in sources:
                given = self._input(call.get(INPUTS, {}).get(name, name), value)
                edges.append(Edge(given.id, None, target, name))
        order = {name: i for i, name in enumerate(call.get(TAKES, ()))}
        return sorted(edges, key=lambda edge: order.get(edge.target_port, len(order)))

    def _input(self, name: str, value: object) -> Input:
        """The input node of this name and value; equal ones are one."""
        key = (name, json.dumps(value, sort_keys=True))
        return self._inputs.setdefault(key, Input(len(self._pieces) + len(self._inputs), name, value))

    def _outputs(self, first: int) -> list[Output]:
        """The outputs that were read with the functions, or else one that all last tasks lead to.

        One, for the format's own runner takes no more.
        """
        named = list(self._named_outputs())
        if not named:
            inner = {parent for piece in self._pieces for parent, _ in piece.parents}
            named = [(_RESULT, None, self._ids[p.number]) for p in self._pieces if p.number not in inner]
        outputs: dict[str, Output] = {}
        for name, port, source in named:
            output = outputs.setdefault(name, Output(first + len(outputs), name))
            self._edges.append(Edge(source, port, output.id, None))
        return list(outputs.values())

    def _named_outputs(self) -> Iterator[tuple[str, str | None, int]]:
        for piece in self._pieces:
            for name, port in (_call(piece) or {}).get(OUTPUTS, ()):
                yield name, port, self._ids[piece.number]

    def _relative(self, path: str) -> str:
        if self._folder is None or os.path.commonpath([path, self._folder]) != self._folder:
            return path
        return os.path.relpath(path, self._folder)


def _call(piece: Piece) -> Mapping[str, Any] | None:
    """What it says of the plain function that it calls; None for any other script."""
    call: Mapping[str, Any] | None = piece.args.get(CALL)
    return call
