"""Trying Slurm out, for ``pq config check``: what to ask, and what the answers mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from perqueue.config import Partition
from perqueue.executors.batch.dialect import Answer, Command

from .complaints import complaint, no_accounts

_CONTROLLER: Final = "controller"
_PARTITIONS: Final = "partitions"
_ACCOUNTING: Final = "accounting"

COMMANDS: Final = (
    (_CONTROLLER, Command(("scontrol", "ping"))),
    (_PARTITIONS, Command(("scontrol", "-o", "show", "partition"))),
    (_ACCOUNTING, Command(("sacct", "-X", "-P", "-n", "--starttime", "now", "-o", "JobID"))),
)

_FIELD: Final = re.compile(r"(\w+)=(\S*)")


def found(title: str, answer: Answer, partitions: Sequence[Partition]) -> list[tuple[str, bool, str]]:
    """What the answer to one of :data:`COMMANDS` says: name, whether it works, and what to know or to do."""
    if title == _CONTROLLER:
        return [_controller(answer)]
    if title == _ACCOUNTING:
        return [_accounting(answer)]
    if answer.status != 0:
        return [(title, False, complaint(answer))]
    there = _read(answer.out)
    return [_partition(partition, there) for partition in partitions]


def _controller(answer: Answer) -> tuple[str, bool, str]:
    works = answer.status == 0 and " is UP" in answer.out
    return _CONTROLLER, works, (answer.out.strip().splitlines()[0] if works else complaint(answer))


def _accounting(answer: Answer) -> tuple[str, bool, str]:
    if answer.status == 0:
        return _ACCOUNTING, True, "sacct tells what became of jobs"
    if no_accounts(answer):
        return _ACCOUNTING, True, "there is none; outcome files and squeue tell what became of jobs"
    return _ACCOUNTING, False, complaint(answer)


def _partition(partition: Partition, there: Mapping[str, Mapping[str, str]]) -> tuple[str, bool, str]:
    title = f"partition {partition.name}"
    queue = partition.at_scheduler
    if queue is None:
        usual = [name for name, fields in there.items() if fields.get("Default") == "YES"]
        if usual:
            return title, True, f"Slurm's default, {usual[0]}"
        return title, False, f"Slurm has no default partition; set 'queue' to one of {_names(there)}"
    # Slurm takes a list too, and uses what is free first.
    missing = [name for name in queue.split(",") if name not in there]
    if missing:
        return title, False, f"Slurm has no partition {missing[0]!r}; set 'queue' to one of {_names(there)}"
    told = "; ".join(", ".join(_facts(there[name])) for name in queue.split(","))
    down = [name for name in queue.split(",") if there[name].get("State") not in ("UP", None)]
    return title, len(down) < len(queue.split(",")), told


def _facts(fields: Mapping[str, str]) -> Iterator[str]:
    yield f"{fields.get('TotalNodes', '?')} nodes, {fields.get('TotalCPUs', '?')} cores"
    if limit := fields.get("MaxTime"):
        yield f"at most {limit}"
    if (state := fields.get("State", "UP")) != "UP":
        yield f"state {state}"


def _read(text: str) -> dict[str, dict[str, str]]:
    """The partitions by name, each with its fields."""
    lines = [dict(_FIELD.findall(line)) for line in text.splitlines()]
    return {fields["PartitionName"]: fields for fields in lines if fields.get("PartitionName")}


def _names(there: Mapping[str, object]) -> str:
    return ", ".join(sorted(there)) or "none that you may see"
