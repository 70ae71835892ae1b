"""The script of a job: what PBS reads in it, and what the shell then runs."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from typing import Final

from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Batch
from perqueue.executors.batch.script import body

from .listing import TAG

LONGEST_NAME: Final = 200
"""PBS takes 230 characters (236 in some versions)."""

ENVIRONMENT: Final = "environ"
"""The file in a batch's folder that carries the environment of its submission, variables ended by NUL."""

_KEPT: Final = (
    "PBS_*|SLURM_*|TMPDIR|NCPUS|CUDA_VISIBLE_DEVICES|ENVIRONMENT|HOSTNAME|PERQUEUE_TAG|"
    "PWD|OLDPWD|SHLVL|_|BASH*|UID|EUID|PPID|SHELLOPTS"
)
"""Variables of which a job has its own."""


def whole_script(batch: Batch) -> str:
    """Directives, then the shell's part."""
    return "\n".join(["#!/bin/bash", *_directives(batch), *_shell(batch), *body(batch)])


def job_name(batch: Batch) -> str:
    """For people, and the tag at its end; letters, digits and ``-_.+``, beginning with a letter, as PBS wants it."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", batch.name, flags=re.ASCII).strip("-.")
    if not re.match(r"[A-Za-z]", readable):
        readable = f"t{readable}"
    return f"{readable[: max(1, LONGEST_NAME - len(batch.tag) - 1)]}_{batch.tag}"


def _directives(batch: Batch) -> Iterator[str]:
    for words in _options(batch):
        yield f"#PBS {words[0]} {' '.join(_quoted(word) for word in words[1:])}"
    for flag in (*batch.partition.flags, *batch.resources.flags):
        # As given: a flag may be an option and its value.
        yield f"#PBS {_one_line(flag)}"


def _options(batch: Batch) -> Iterator[tuple[str, ...]]:
    resources, partition = batch.resources, batch.partition
    yield "-N", job_name(batch)
    yield "-v", f"{TAG}={batch.tag}"
    # The script itself says where its output goes: what PBS would gather on the node is lost with the node.
    yield "-j", "oe"
    yield "-o", "/dev/null"
    yield "-S", "/bin/bash"
    if batch.size > 1:
        # PBS refuses arrays that may not be run again.
        yield "-J", f"0-{batch.size - 1}"
    else:
        yield "-r", "y" if partition.requeue else "n"
    queue = partition.at_scheduler
    if queue:
        yield "-q", queue
    if partition.account:
        yield "-A", partition.account
    yield "-l", f"select={select(batch)}"
    if place := _place(batch):
        yield "-l", f"place={place}"
    yield "-l", f"walltime={resources.seconds}"
    if partition.qos:
        yield "-l", f"qos={partition.qos}"


def select(batch: Batch) -> str:
    """The chunks to ask for, one for each node; equal ones together: ``2:ncpus=24:mpiprocs=24:mem=4096mb``."""
    resources, partition = batch.resources, batch.partition
    nodes = _nodes(batch)
    memory = resources.memory or partition.memory
    kind = resources.gpu_type or partition.gpu_type
    totals = (max(nodes, resources.cores), max(nodes, _processes(resources)), resources.gpus or partition.gpus)
    chunks = []
    # The first ``total % nodes`` nodes have one more than the others.
    edges = sorted({0, nodes, *(total % nodes for total in totals)})
    for first, end in itertools.pairwise(edges):
        cores, processes, gpus = (total // nodes + (first < total % nodes) for total in totals)
        chunk = f"{end - first}:ncpus={cores}:mpiprocs={processes}:ompthreads={max(1, cores // processes)}"
        chunk += f":mem={memory}mb" if memory else ""
        chunk += f":ngpus={gpus}" if gpus else ""
        chunk += f":gpu_type={kind}" if gpus and kind else ""
        chunks.append(chunk)
    return "+".join(chunks)


def _nodes(batch: Batch) -> int:
    resources, of_node = batch.resources, batch.partition.cores
    if resources.nodes is not None:
        return resources.nodes
    return -(-resources.cores // of_node) if of_node else 1


def _processes(resources: Resources) -> int:
    return 1 if resources.serial else resources.processes or resources.cores


def _place(batch: Batch) -> str:
    spread = ["scatter"] if _nodes(batch) > 1 else []
    alone = ["excl"] if batch.resources.exclusive or batch.partition.exclusive else []
    return ":".join(spread + alone)


def _shell(batch: Batch) -> list[str]:
    output, work = shlex.quote(batch.output), shlex.quote(batch.work)
    environment = shlex.quote(f"{batch.folder}/{ENVIRONMENT}")
    return [
        f"exec >>{output} 2>&1",
        # qsub -V would carry the environment too, but shows all of it in every answer of qstat, and older ones of
        # these then are no JSON any more.
        f"if ! [ -r {environment} ]; then",
        f"  printf '%s\\n' 'the environment of the submission is not there: '{environment}",
        "  exit 69",
        "fi",
        "while IFS= read -r -d '' variable; do",
        f'  case "${{variable%%=*}}" in {_KEPT}) ;;',
        '    *) export "$variable" 2>/dev/null ;;',
        "  esac",
        f"done <{environment}",
        # Jobs start in the home folder.
        f"cd {work} || exit 69",
    ]


def _quoted(word: str) -> str:
    """As the words of a directive are told apart: at white space, unless a backslash stands before it."""
    return re.sub(r"([\s\"'\\])", r"\\\1", _one_line(word))


def _one_line(text: str) -> str:
    return re.sub(r"[\x00\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", text)
