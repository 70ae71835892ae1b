"""Which attempts can be elements of one array, and what a dialect is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TypeAlias

from perqueue.config import Config
from perqueue.core.records import Context
from perqueue.core.resources import Resources

from ..protocol import Assignment
from .dialect import Batch
from .folders import BatchFolders

Kind: TypeAlias = tuple[str, Resources, Context, tuple[str, ...]]
"""Partition, resources, context, and how MPI processes are started."""


def alike(assignments: Sequence[Assignment]) -> list[list[Assignment]]:
    """Assignments that can be elements of one array, in their order: equal in what they ask for and find around."""
    kinds: dict[Kind, list[Assignment]] = {}
    for kind, group in groupby(assignments, kind_of):
        kinds.setdefault(kind, []).extend(group)
    return list(kinds.values())


def kind_of(assignment: Assignment) -> Kind:
    """What elements of one array have in common."""
    return assignment.partition, assignment.resources, assignment.context, tuple(assignment.job.mpi)


def batch_of(tag: str, assignments: Sequence[Assignment], config: Config, folders: BatchFolders) -> Batch:
    """The description of a batch for a dialect."""
    first = assignments[0]
    partition = config.known(first.partition)
    return Batch(
        tag=tag,
        name=first.job.name,
        folder=folders.path(tag),
        size=len(assignments),
        resources=first.resources,
        partition=partition,
        python=partition.python or first.context.interpreter,
        work=first.context.folder,
        output=folders.output(tag),
    )
