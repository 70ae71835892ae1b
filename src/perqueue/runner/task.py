"""Runs one job in this process, from its log file to its outcome.

The order is a promise: the attempt is claimed first (who finds a claim leaves without a trace), output goes to the
log, then the user's code runs, then the outcome is written, and only then threads are joined and exit handlers run: a
task that hangs while it leaves has lost nothing.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module

from perqueue.runner.checkpoint import offer, withdraw
from perqueue.runner.control import with_plain_controls
from perqueue.runner.deadline import announce, over
from perqueue.runner.errors import (
    ArgumentsError,
    FolderError,
    JobError,
    LaunchError,
    OutcomeUnwrittenError,
)
from perqueue.runner.failures import describe, refused_arguments
from perqueue.runner.function import call_for, reach
from perqueue.runner.job import Job
from perqueue.runner.load import begin_loading, compiled, end_loading, function_of, module_name, run_program
from perqueue.runner.named import NamedTuple
from perqueue.runner.process import host, usage_so_far
from perqueue.runner.records import Failure, Outcome, filled
from perqueue.runner.returned import BlobsOneByOne, Judgement, judge, judge_value, unstorable
from perqueue.runner.spool import Spool
from perqueue.runner.streams import ease_streams, flush, read_nothing, redirect, write_log

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NoReturn

    from perqueue.codec import BlobFolder
    from perqueue.runner.prepare import Prepared
    from perqueue.runner.records import Reason, Verdict

DUPLICATE: Final = 75
"""The exit status of a runner that found the attempt claimed (EX_TEMPFAIL)."""
BROKEN: Final = 70
"""The exit status of a task's process in which perqueue itself failed (EX_SOFTWARE)."""
UNWRITTEN: Final = 74
"""The exit status of a runner that could not write its outcome (EX_IOERR)."""
_ROOM: Final = 600.0
"""Seconds for which a task that has finished waits for room on the disk rather than lose what it computed."""
_NOT_FOR_TASKS: Final = "pq_max_tries"


class Report(NamedTuple):
    """How an attempt went; ``data`` is JSON text."""

    verdict: Verdict
    reason: Reason
    error: Failure | None = None
    data: str | None = None


def preload() -> None:
    """Import now what tasks need later: for all of them at once where they are forked from this process.

    Also before the user's folders come to the front of sys.path, where a file may have the name of any module.
    """
    for name in ("perqueue.codec", "resource", "traceback"):
        import_module(name)


class Tools:
    """What tasks of one queue use; made once for all tasks that are forked from this process."""

    def __init__(self, root: str) -> None:
        from perqueue.codec import BlobFolder

        self.spool = Spool(root)
        self.blobs = BlobFolder(f"{root}/blobs")


class Run(NamedTuple):
    """A job in the process that runs it, since a Unix time.

    ``restarts``: how often a scheduler had started this attempt before; ``counted``: whether who watches this process
    counts what it uses.
    """

    job: Job
    pid: int
    started: float
    tools: Tools
    restarts: int = 0
    counted: bool = False


def run_prepared(prepared: Prepared, tools: Tools) -> int:
    """As `run_claimed`, in a process that was forked for a task that its server claimed and prepared."""
    pid, started = os.getpid(), time.time()
    job = Job.from_bytes(prepared.raw) if prepared.job is None else Job._make(prepared.job)
    path, head, tail = prepared.claim
    claim = os.open(path, os.O_WRONLY)
    os.write(claim, filled(head, pid, tail))
    os.close(claim)
    # After the claim: a process that still has its fork server's session has not begun (see local/adoption.py).
    os.setsid()
    announce(None if job.walltime is None else started + job.walltime)
    return _run(Run(job, pid, started, tools, counted=True), redirect(job), prepared)


def run_claimed(job: Job, ends: float | None, restarts: int) -> int:
    """Run a job whose attempt is claimed, and write its outcome; the status to leave with, at once, by os._exit.

    The status is 0 once an outcome is written, whatever its verdict; UNWRITTEN if none could be written. ``ends`` is
    when the task will be ended, as Unix time in seconds; None: never.
    """
    run = Run(job, os.getpid(), time.time(), Tools(job.root), restarts)
    read_nothing()
    refused = redirect(job)
    ease_streams()
    announce(ends)
    return _run(run, refused, None)


def _run(run: Run, refused: LaunchError | None, ready: Prepared | None) -> int:
    """Do the work, write the outcome, then do what Python does at its end; the status to leave with."""
    report = _launch_failure(refused) if refused else attempt(run, ready, lambda: end_at_checkpoint(run))
    status = leave_outcome(run, report)
    finish()
    return status


def end_at_checkpoint(run: Run) -> NoReturn:
    """End a task whose ``checkpoint()`` said that it can go on from there: nothing more of it runs."""
    message = "Its time was nearly over, and its checkpoint() returned True: it can go on from there."
    report = _shown(Report("timeout", "checkpoint", Failure("Checkpoint", message)))
    status = leave_outcome(run, report)
    flush()
    os._exit(status)


def leave_outcome(run: Run, report: Report) -> int:
    """Write the outcome; the status to leave with."""
    if report.verdict == "failed" and report.reason in ("raised", "exit") and over():
        # What a task raises when it is asked to end is the limit's doing.
        report = report._replace(verdict="timeout", reason="walltime")
    try:
        run.tools.spool.write_outcome(outcome_of(run, report), fsync=run.job.durable, patience=_ROOM)
    except OutcomeUnwrittenError as exc:
        write_log(f"{exc}\n")
        return UNWRITTEN
    return 0


def outcome_of(run: Run, report: Report) -> Outcome:
    """What is to be written of an attempt that ends now."""
    job, pid, started, _, restarts, counted = run
    verdict, reason, error, data = report
    usage = None if counted else usage_so_far()
    return Outcome(
        job.queue,
        job.key,
        job.attempt,
        verdict,
        reason,
        error,
        started,
        time.time(),
        host(),
        pid,
        usage,
        data,
        restarts,
    )


def attempt(run: Run, ready: Prepared | None = None, end: Callable[[], None] | None = None) -> Report:
    """Reach the function, call it and judge what comes back. Never raises.

    ``end`` is called, and need not return, when the task's ``checkpoint()`` says that it can go on from there.
    """
    try:
        report = _attempt(run, ready, end)
    except LaunchError as exc:
        report = _launch_failure(exc)
    except BaseException as exc:
        if os.getpid() != run.pid:
            _leave_fork(exc)
        if isinstance(exc, SystemExit):
            status = "" if exc.code is None else repr(exc.code)
            report = _raised(exc, "exit", f"The task called sys.exit({status}) instead of returning.")
        else:
            report = _raised(exc, "raised")
    withdraw()
    return report


def _attempt(run: Run, ready: Prepared | None, end: Callable[[], None] | None) -> Report:
    job = run.job
    _enter(job)
    begin_loading(job.code)
    program = None if ready is None else ready.program
    if job.module:
        function = reach(job.module, job.func, job.code, program, "" if ready is None else ready.module)
        module = sys.modules.get(job.module)
    else:
        name = module_name(job.code) if ready is None or program is None else ready.module
        module = run_program(job.code, program or compiled(job.code), name)
        function = function_of(module, job.code, job.func)
    blobs = run.tools.blobs
    if ready is None or ready.values is None:
        args = _decoded(job, "args", job.args, blobs)
        given = _decoded(job, "results of the parents", _input(job), blobs)
    else:
        args, given = ready.values
    positional: tuple[object, ...] = ()
    if job.module:
        nothing = job.input is None and job.input_file is None
        positional, parts = call_for(function, None if nothing else given, args, job.special)
    else:
        parts = {"args": args, "parents": given, "perqueue": job.special}
    kwargs = {str(key): value for part in parts.values() for key, value in part.items()}
    kwargs.pop(_NOT_FOR_TASKS, None)
    end_loading()
    if end is not None:
        offer(module, end, _complain)
    try:
        value = function(*positional, **kwargs)
    except TypeError as exc:
        sources = {name: [str(key) for key in part if key in kwargs] for name, part in parts.items()}
        return _raised(exc, "raised", refused_arguments(function, exc, sources, first=bool(positional)))
    if os.getpid() != run.pid:
        _leave_fork(None)
    withdraw()
    return _judged(judge_value(value, job.func) if job.module else judge(value), blobs, job.func if job.module else "")


def _enter(job: Job) -> None:
    try:
        if job.make_folder:
            os.makedirs(job.folder, exist_ok=True)
        os.chdir(job.folder)
    except OSError as exc:
        raise FolderError(job.folder, exc) from exc
    sys.path[:0] = job.paths
    sys.argv[:] = [job.code]


def _input(job: Job) -> str | None:
    if job.input is not None or job.input_file is None:
        return job.input
    try:
        with open(job.input_file, encoding="utf-8", errors="surrogatepass") as file:
            return file.read()
    except OSError as exc:
        raise ArgumentsError("results of the parents", exc) from exc


def _decoded(job: Job, which: str, text: str | None, blobs: BlobFolder) -> dict[Any, Any]:
    if text is None or text == "{}":
        return {}
    from perqueue.codec import decode_mapping

    try:
        return decode_mapping(text, blobs, shapes=job.shapes)
    except Exception as exc:
        raise ArgumentsError(which, exc) from exc


def _judged(judgement: Judgement, blobs: BlobFolder, func: str) -> Report:
    verdict, reason, data, error = judgement
    if data is None:
        return _shown(Report(verdict, reason, error))
    from perqueue.codec import encode_mapping

    try:
        text, refused = encode_mapping(with_plain_controls(data), BlobsOneByOne(blobs))
    except Exception as exc:  # a mapping of the user's that raises
        failed = _raised(exc, "unstorable", f"The data that the task returned can't be stored: {exc}")
        return failed if error is None else Report(verdict, reason, error)
    if refused and error is None:
        return _shown(Report("failed", "unstorable", unstorable(refused, func), text))
    return _shown(Report(verdict, reason, error, text))


def _raised(exc: BaseException, reason: Reason, message: str | None = None) -> Report:
    error, whole = describe(exc, message)
    write_log(whole if message is None else f"{whole}{message}\n")
    return Report("failed", reason, error)


def _complain(exc: Exception) -> None:
    write_log(f"{describe(exc)[1]}The task's checkpoint() raised this; the task goes on.\n")


def _launch_failure(exc: LaunchError | JobError) -> Report:
    return _shown(Report("failed", "launch", Failure(type(exc).__name__, str(exc))))


def _shown(report: Report) -> Report:
    """The report, after its failure has been written to the log, where people look first."""
    if report.error is not None:
        write_log(f"{report.error.message}\n")
    return report


def _leave_fork(exc: BaseException | None) -> NoReturn:
    """End a process that the user's code forked and that came back out of it: the outcome is its parent's."""
    status = 0
    if isinstance(exc, SystemExit):
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    elif exc is not None:
        status = 1
        write_log(describe(exc)[1])
    flush()
    os._exit(status & 255)


def finish() -> None:
    """What Python does at its end: join the threads, run the exit handlers, flush."""
    try:
        threading = sys.modules.get("threading")
        if threading is not None:
            threading._shutdown()
        atexit = sys.modules.get("atexit")
        if atexit is not None:
            atexit._run_exitfuncs()
    except BaseException as exc:
        write_log(describe(exc)[1])
    flush()
