"""MPI tasks: the launcher that starts the ranks, and one rank.

All ranks call the function; the first one writes the outcome. What they print goes where the launcher's output goes, to
the log. A rank whose function fails leaves with status 1 and without finalizing MPI, so that the launcher ends the
others, which may be waiting for it.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from perqueue.runner.deadline import announce
from perqueue.runner.errors import JobError
from perqueue.runner.job import Job
from perqueue.runner.streams import ease_streams, flush, read_nothing, redirect
from perqueue.runner.task import Run, Tools, attempt, end_at_checkpoint, finish, leave_outcome, preload

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from typing import Any, Final

RANK: Final = "--rank"
_NUMBERS: Final = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "PALS_RANKID", "SLURM_PROCID")
"""Where launchers say which rank this is. Slurm's comes last: ranks of other launchers inherit the batch shell's."""
_MEMORY: Final = ("SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_MEM_PER_GPU")
_NOT_FOUND: Final = 127
_USAGE: Final = 2


def launch(job: Job, path: str, ends: float | None, restarts: int) -> int:
    """Become the launcher of the ranks of the job in the file; the status to leave with if that is impossible."""
    read_nothing()
    redirect(job)
    settle_environment(os.environ)
    announce(ends)
    words = [*job.mpi, sys.executable, "-P", "-m", "perqueue.runner.batch", RANK, path]
    words += ["-" if ends is None else f"{ends:.3f}", str(restarts)]
    try:
        os.execvp(words[0], words)
    except OSError as exc:
        os.write(2, f"The MPI launcher {words[0]!r} can't be started: {exc.strerror}.\n".encode())
        return _NOT_FOUND


def settle_environment(environment: MutableMapping[str, str]) -> None:
    """Prepare the environment of a launcher: srun ends all ranks if one fails, and finds no contradictory memory.

    A job submitted from within another one inherits how that one asked for memory, beside its own way, and srun
    refuses to run with both. The job's allocation says it anyway.
    """
    environment.setdefault("SLURM_KILL_BAD_EXIT", "1")
    found = [name for name in _MEMORY if name in environment]
    if len(found) > 1:
        for name in found:
            del environment[name]


def rank_of(environment: Mapping[str, str]) -> int:
    """Which rank this process is; 0 where no launcher says so."""
    for name in _NUMBERS:
        if environment.get(name, "").isdecimal():
            return int(environment[name])
    return 0


def be_rank(arguments: Sequence[str]) -> int:
    """Be one rank of the job in a file, with the deadline and the restarts given; the status to leave with at once."""
    # Launchers pass a warning on to all ranks, and it must not end those that don't expect it.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGUSR1,))
    started = time.time()
    try:
        path, ends, restarts = arguments
        with open(path, "rb") as file:
            job = Job.from_bytes(file.read())
        announce(None if ends == "-" else float(ends))
    except (OSError, ValueError, JobError) as exc:
        sys.stderr.write(f"{exc}\n")
        return _USAGE
    number = rank_of(os.environ)
    preload()
    ease_streams()
    run = Run(job, os.getpid(), started, _tools(job, number), int(restarts))
    if number:
        report = attempt(run, end=_go_on)
        status = 0
    else:
        report = attempt(run, end=lambda: end_at_checkpoint(run))
        status = leave_outcome(run, report)
    if report.verdict not in ("succeeded", "discarded"):
        flush()
        return status or 1
    finish()
    return status


def _go_on() -> None:
    """Another rank than the first does not decide about the attempt."""


def _tools(job: Job, number: int) -> Tools:
    """What a rank uses: only the first one keeps what its function returns."""
    tools = Tools(job.root)
    if number:
        from perqueue.codec import BlobFolder

        class Unkept(BlobFolder):
            def put_array(self, array: Any) -> str:  # noqa: ARG002
                """Keep nothing."""
                return "0" * 64

        tools.blobs = Unkept(f"{job.root}/blobs")
    return tools
