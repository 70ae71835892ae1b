"""How to talk to Slurm: the text of its commands and scripts, and what its answers mean. Nothing here runs anything.

Works with Slurm 20.02 and newer, by plain columns: what ``--json`` looks like differs between versions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import (
    Answer,
    Batch,
    Command,
    Down,
    Listing,
    NoHistory,
    Refused,
    Submission,
    Taken,
    Unclear,
)
from perqueue.executors.batch.script import body

from . import trial
from .complaints import TRYING_AGAIN, complaint, lost_touch, no_accounts, no_nodes
from .listing import SACCT_FIELDS, SQUEUE_FIELDS, is_listing, read_sacct, read_squeue
from .options import directives, named_clusters, options

_TAKEN: Final = re.compile(r"[0-9]{1,18}(;[A-Za-z0-9_.-]+)?", re.ASCII)
_SETTING: Final = re.compile(r"^MaxArraySize\s*=\s*([0-9]{1,9})\s*$", re.MULTILINE)
_AT_ONCE: Final = re.compile(r"^SchedulerParameters\s*=.*\bmax_array_tasks=([0-9]{1,9})\b", re.MULTILINE)
_MARGIN: Final = 3600
"""Seconds that the clocks of this machine and the accounting's may be apart."""


class SlurmDialect:
    """Slurm, as a :class:`~perqueue.executors.batch.dialect.Dialect`."""

    name: Final = "slurm"

    def script(self, batch: Batch) -> str:
        """The whole script of a batch."""
        return "\n".join(["#!/bin/bash", *directives(options(batch)), *body(batch)])

    def submit(self, batch: Batch) -> Command:
        """One ``sbatch``, for a job or for a whole array."""
        return Command(("sbatch", "--parsable", *options(batch)), self.script(batch), enough=TRYING_AGAIN)

    def submitted(self, answer: Answer) -> Submission:
        """The job's id is the last line; a site's plugins may print more before it."""
        said = answer.out.split()
        if answer.status == 0 and said and _TAKEN.fullmatch(said[-1]):
            return Taken(said[-1])
        if answer.status == 0 or lost_touch(answer):
            return Unclear(complaint(answer))
        return Refused(complaint(answer), nodes=no_nodes(answer))

    def element(self, job: str, index: int, size: int) -> str:
        """``17_3`` of ``17``; another cluster's name stays behind it: ``17_3;far``."""
        number, mark, cluster = job.partition(";")
        return job if size == 1 else f"{number}_{index}{mark}{cluster}"

    def whole(self, job: str) -> str:
        """``17`` of ``17_3``."""
        number, mark, cluster = job.partition(";")
        return f"{number.partition('_')[0]}{mark}{cluster}"

    def cluster(self, job: str) -> str:
        """``far`` of ``17_3;far``; the jobs of several clusters may have the same numbers."""
        return job.partition(";")[2]

    def clusters(self, partition: Partition, resources: Resources | None) -> Sequence[str]:
        """Those that the flags name; Slurm chooses one of them."""
        return named_clusters((*partition.flags, *(() if resources is None else resources.flags))) or ("",)

    def look(self, prefix: str, cluster: str = "") -> Command:  # noqa: ARG002  # Slurm finds whole names only
        """All of the user's jobs, each element in a line of its own, for as long as Slurm remembers them."""
        return Command(("squeue", *_on(cluster), "--me", "-h", "-r", "-t", "all", "-O", SQUEUE_FIELDS))

    def looked(self, answer: Answer, prefix: str, cluster: str = "") -> Listing | Down:
        """What the queue holds; nothing follows from an answer that is not a whole one."""
        if answer.status != 0:
            return Down(complaint(answer))
        if not is_listing(answer.out):
            return Down(f"squeue answered what was not asked for: {answer.out.strip().splitlines()[0]!r}")
        return Listing(read_squeue(answer.out, prefix, cluster))

    def history(self, jobs: Sequence[str], since: float, cluster: str = "") -> Command | None:
        """Ask the accounting. Without a start it would tell of today only."""
        start = datetime.fromtimestamp(max(0.0, since - _MARGIN)).strftime("%Y-%m-%dT%H:%M:%S")
        ids = ",".join(map(_number, jobs))
        words = ("sacct", *_on(cluster), "-X", "-P", "-n", "--starttime", start, "-o", SACCT_FIELDS, "-j", ids)
        return Command(words)

    def told(self, answer: Answer, prefix: str) -> Listing | NoHistory | Down:
        """What the accounting knows; it lags behind by some seconds, so what it leaves out may come later."""
        if answer.status == 0:
            return Listing(read_sacct(answer.out, prefix), complete=False)
        return NoHistory(complaint(answer)) if no_accounts(answer) else Down(complaint(answer))

    def cancel(self, jobs: Sequence[str]) -> Sequence[Command]:
        """Slurm says nothing of jobs that are unknown or have ended.

        It is told one cluster at a time: of several it would cancel the jobs with these numbers on each of them.
        """
        clusters = sorted(set(map(self.cluster, jobs)))
        return [
            Command(("scancel", *_on(cluster), *(_number(job) for job in jobs if self.cluster(job) == cluster)))
            for cluster in clusters
        ]

    def limits(self) -> Command | None:
        """Ask for the settings."""
        return Command(("scontrol", "show", "config"))

    def most(self, answer: Answer) -> int | None:
        """The highest index is one less than MaxArraySize, and ours begin at 0; a site may allow fewer elements."""
        if answer.status != 0:
            return None
        found = [int(match[1]) for match in (_SETTING.search(answer.out), _AT_ONCE.search(answer.out)) if match]
        return max(1, min(found)) if found else None

    def tries(self, partitions: Sequence[Partition]) -> Sequence[tuple[str, Command]]:  # noqa: ARG002  # one asks for all
        """Whether the controller answers, which partitions there are, and whether there is an accounting."""
        return trial.COMMANDS

    def tried(self, title: str, answer: Answer, partitions: Sequence[Partition]) -> Sequence[tuple[str, bool, str]]:
        """What was found."""
        return trial.found(title, answer, partitions)


def _on(cluster: str) -> tuple[str, ...]:
    return (f"--clusters={cluster}",) if cluster else ()


def _number(job: str) -> str:
    return job.partition(";")[0]
