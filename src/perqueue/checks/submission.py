"""The checks that ``submit`` makes: errors refuse the submission, warnings are told on stderr, each once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from perqueue.config import Config, PartitionError
from perqueue.core.compile import compile_graph
from perqueue.core.errors import UsageError
from perqueue.core.graph import Graph

from .check import check_graph
from .findings import Finding, in_order
from .places import here

_SHOWN: Final = 20
_told: set[str] = set()
"""Warnings that this process has told: a script may submit the same thousands of times."""


class CheckError(UsageError):
    """What is submitted would fail; ``findings`` say where."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        folder = os.getcwd()
        lines = [found.shown(folder) for found in findings[:_SHOWN]]
        if len(findings) > _SHOWN:
            lines.append(f"... and {len(findings) - _SHOWN} more: `pq check SCRIPT` lists them all")
        # By its name, as a subclass has a base whose message is made of something else.
        UsageError.__init__(self, "\n  ".join(["nothing was submitted, as it would fail:", *lines]))


class CheckedPartitionError(CheckError, PartitionError):
    """As CheckError, where a partition that nothing configures is among what is wrong."""


def checked(tasks: object, config: Config) -> Graph:
    """What is submitted, compiled, and found to be without errors.

    Raises:
        DescriptionError: It can't be compiled.
        CheckError: Something in it fails whenever it runs.
        PartitionError: Nothing configures its partition.
    """
    graph = compile_graph(tasks)
    if config.checks == "off":
        return graph
    try:
        findings = check_graph(graph, config, here())
    except Exception as error:  # whatever is wrong with the checks must not keep work from being submitted
        _tell(f"the checks failed ({type(error).__name__}: {error}), so nothing was checked; please report this")
        return graph
    errors = [found for found in findings if found.stops]
    unconfigured = [found for found in errors if found.code == "no-executor"]
    if len(errors) > len(unconfigured) or len(errors) > 1:
        raise CheckedPartitionError(in_order(errors)) if unconfigured else CheckError(in_order(errors))
    if unconfigured:
        # A single partition is told by the error that has always told it, and before a queue is made for nothing.
        for task in graph.tasks:
            config.partition_for(task.resources)
    for found in findings:
        if not found.stops:
            _tell(found.shown(os.getcwd()))
    return graph


def _tell(line: str) -> None:
    if line in _told:
        return
    _told.add(line)
    if len(_told) == _SHOWN + 1:
        sys.stderr.write("perqueue: more warnings are left out: `pq check SCRIPT` lists them all\n")
    elif len(_told) <= _SHOWN:
        sys.stderr.write(f"perqueue: {line}\n")
