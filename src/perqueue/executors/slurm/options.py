"""What is asked of Slurm for a batch, as the options of one ``sbatch``, and the same as lines of its script.

The options stand in the command as well as in the script: in a script alone, a variable such as ``SBATCH_PARTITION``
in somebody's start-up files would override them.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Batch

_WARNING: Final = 120
"""Most seconds before the end of the walltime at which a job is warned; a tenth of short walltimes."""

_CLUSTERS: Final = ("--clusters", "--cluster", "-M")
_NAME_LENGTH: Final = 40
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._+-]+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def job_name(batch: Batch) -> str:
    """The name for people, and after a colon the tag: by that a job is found again.

    The tag is in the comment too. Of the two, the accounting keeps only names everywhere, and only the comment is
    safe from people who rename their jobs.
    """
    readable = _NOT_IN_NAMES.sub("_", batch.name)[:_NAME_LENGTH]
    return f"{readable}:{batch.tag}"


def options(batch: Batch) -> tuple[str, ...]:
    """The words after ``sbatch --parsable``. The site's and the task's own flags override all that describes the
    resources, and nothing that perqueue finds its jobs by."""
    return (*_resources(batch.resources, batch.partition), *_flags(batch), *_bookkeeping(batch))


def directives(words: Sequence[str]) -> list[str]:
    """The options as lines of a script. One with a line break in it has no such form: only the command has it."""
    return ["#SBATCH " + " ".join(map(_quoted, group)) for group in _groups(words) if not any(map(_breaks, group))]


def minutes(seconds: int) -> int:
    """The whole minutes that Slurm counts walltimes in."""
    return math.ceil(seconds / 60)


def warning(seconds: int) -> int:
    """How long before the end of its whole minutes Slurm has to signal, so that it is in time for these seconds."""
    return 60 * minutes(seconds) - seconds + math.ceil(min(_WARNING, seconds / 10))


def named_clusters(flags: Sequence[str]) -> tuple[str, ...]:
    """The clusters that flags say to submit to; none if they don't. Of several such flags the last counts."""
    named = ""
    for flag, after in itertools.zip_longest(flags, flags[1:], fillvalue=""):
        if flag in _CLUSTERS:
            named = after
        elif flag.startswith("-M"):
            named = flag.removeprefix("-M")
        elif flag.partition("=")[0] in _CLUSTERS:
            named = flag.partition("=")[2]
    return tuple(name for name in named.split(",") if name)


def nodes(resources: Resources, partition: Partition) -> int | None:
    """How many nodes are asked for; None leaves it to Slurm."""
    if resources.nodes is not None:
        return resources.nodes
    if partition.cores is not None:
        return math.ceil(resources.cores / partition.cores)
    return None if _starts_processes(resources, partition) else 1


def _resources(resources: Resources, partition: Partition) -> Iterator[str]:
    queue = partition.at_scheduler
    if queue is not None:
        yield f"--partition={queue}"
    if partition.account is not None:
        yield f"--account={partition.account}"
    if partition.qos is not None:
        yield f"--qos={partition.qos}"
    yield f"--time={minutes(resources.seconds)}"
    yield from _shape(resources, partition)
    memory = resources.memory or partition.memory
    if memory is not None:
        yield f"--mem={memory}M"
    if resources.exclusive or partition.exclusive:
        yield "--exclusive"
    if resources.avoid:
        yield f"--exclude={','.join(resources.avoid)}"
    # Else a failed node makes Slurm run jobs again by itself, which only the queue's policies should.
    yield "--requeue" if partition.requeue else "--no-requeue"
    yield f"--signal=B:USR1@{warning(resources.seconds)}"
    # The command runs in the environment that the task is to have.
    yield "--export=ALL"


def _shape(resources: Resources, partition: Partition) -> Iterator[str]:
    tasks, many = _tasks(resources, partition), nodes(resources, partition)
    if many is not None:
        yield f"--nodes={many}"
    yield f"--ntasks={tasks}"
    yield f"--cpus-per-task={math.ceil(resources.cores / tasks)}"
    gpus = resources.gpus or partition.gpus
    if gpus:
        kind = resources.gpu_type or partition.gpu_type
        # Slurm counts generic resources on each node.
        yield f"--gres=gpu:{kind + ':' if kind else ''}{math.ceil(gpus / (many or 1))}"


def _tasks(resources: Resources, partition: Partition) -> int:
    """Slurm's tasks: the processes that ``srun`` or ``mpirun`` start, be it for the task or in its script.

    One for each core, unless the task is started as several processes with more cores each. The task itself has all of
    its node's cores, whatever that number is.
    """
    tasks = (resources.processes if _starts_processes(resources, partition) else None) or resources.cores
    return max(tasks, nodes(resources, partition) or 1)


def _starts_processes(resources: Resources, partition: Partition) -> bool:
    """Whether the task is started as several processes: its partition says how, and it asks for more than one."""
    return partition.mpi is not None and not resources.serial and (resources.processes or resources.cores) > 1


def _flags(batch: Batch) -> Iterator[str]:
    yield from batch.partition.flags
    yield from batch.resources.flags


def _bookkeeping(batch: Batch) -> Iterator[str]:
    yield f"--job-name={job_name(batch)}"
    yield f"--comment={batch.tag}"
    yield f"--chdir={batch.work}"
    # A job that is started again must not wipe away what it said before; both streams go there.
    yield f"--output={_literal(batch.output)}"
    yield "--open-mode=append"
    if batch.size > 1:
        yield f"--array=0-{batch.size - 1}"


def _literal(path: str) -> str:
    """A file name in which Slurm replaces nothing: a backslash turns all ``%`` into plain ones, and is one doubled."""
    return path.replace("\\", "\\\\") if "\\" in path else path.replace("%", "%%")


def _groups(words: Iterable[str]) -> list[list[str]]:
    """Options with their values: ``-C`` and ``avx512`` as two words are one of them."""
    groups: list[list[str]] = []
    for word in words:
        if word.startswith("-") or not groups:
            groups.append([])
        groups[-1].append(word)
    return groups


def _breaks(word: str) -> bool:
    return any(sign in word for sign in "\n\r\0")


def _quoted(word: str) -> str:
    """As Slurm reads a word of a directive; it knows quotation marks and backslashes, and expands nothing."""
    if _PLAIN.fullmatch(word):
        return word
    option, equals, value = word.partition("=")
    if not (equals and _PLAIN.fullmatch(option)):
        option, equals, value = "", "", word
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{option}{equals}"{escaped}"'
