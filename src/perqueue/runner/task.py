"""Runs one job in this process, from its log file to its outcome.

The order is a promise: output goes to the log first, then the attempt is claimed (who finds a claim leaves
without a trace), then the user's code runs, then the outcome is written, and only then threads are joined and
exit handlers run: a task that hangs while it leaves has lost nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from importlib import import_module

from perqueue.runner.control import with_plain_controls
from perqueue.runner.errors import (
    ArgumentsError,
    FolderError,
    JobError,
    LaunchError,
    LogError,
    OutcomeUnwrittenError,
)
from perqueue.runner.failures import describe, refused_arguments
from perqueue.runner.function import call_for, reach
from perqueue.runner.job import Job
from perqueue.runner.load import begin_loading, end_loading, load_function, run_program
from perqueue.runner.named import NamedTuple
from perqueue.runner.process import claim_for, host, usage_so_far
from perqueue.runner.records import Failure, Outcome, Usage, filled
from perqueue.runner.returned import BlobsOneByOne, Judgement, judge, judge_value, unstorable
from perqueue.runner.spool import Spool

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


def run_prepared(prepared: Prepared, tools: Tools) -> int:
    """As `run_job`, in a process that was forked for a task that its server claimed and prepared."""
    pid, started = os.getpid(), time.time()
    job = Job.from_bytes(prepared.raw) if prepared.job is None else Job._make(prepared.job)
    path, head, tail = prepared.claim
    claim = os.open(path, os.O_WRONLY)
    os.write(claim, filled(head, pid, tail))
    os.close(claim)
    # After the claim: a process that still has its fork server's session has not begun (see local/adoption.py).
    os.setsid()
    refused = redirect(job)
    report = _launch_failure(refused) if refused else attempt(job, pid, tools, prepared)
    # The server counts what the process used, at its end.
    return _leave(job, pid, started, report, None, tools)


def run_job(job: Job, *, server: int | None = None, on_return: Callable[[], None] | None = None) -> int:
    """Run the job and write its outcome; returns the status to leave the process with, at once, by os._exit.

    The status is 0 once an outcome is written, whatever its verdict; DUPLICATE if the attempt was taken already
    (nothing is written then); UNWRITTEN if no outcome could be written. ``server`` is the pid of the fork server
    that watches this process. ``on_return`` is called as soon as no more of the user's main code runs.
    Raises OSError where the attempt can't be claimed.
    """
    pid, started = os.getpid(), time.time()
    tools = Tools(job.root)
    read_nothing()
    refused = redirect(job)
    ease_streams()
    claim = claim_for(job.queue, job.key, job.attempt, pid=pid, walltime=job.walltime, server=server)
    if not tools.spool.claim(claim):
        return DUPLICATE
    report = _launch_failure(refused) if refused else attempt(job, pid, tools)
    if on_return is not None:
        on_return()
    return _leave(job, pid, started, report, usage_so_far(), tools)


def _leave(job: Job, pid: int, started: float, report: Report, usage: Usage | None, tools: Tools) -> int:
    """Write the outcome, then do what Python does at its end; the status to leave with."""
    status = 0
    try:
        tools.spool.write_outcome(outcome_of(job, pid, started, report, usage), fsync=job.durable, patience=_ROOM)
    except OutcomeUnwrittenError as exc:
        _log(f"{exc}\n")
        status = UNWRITTEN
    finish()
    return status


def outcome_of(job: Job, pid: int, started: float, report: Report, usage: Usage | None) -> Outcome:
    """What is to be written of an attempt that ends now."""
    verdict, reason, error, data = report
    return Outcome(
        job.queue, job.key, job.attempt, verdict, reason, error, started, time.time(), host(), pid, usage, data
    )


def read_nothing() -> None:
    """Let stdin read nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    if nothing > 2:
        os.close(nothing)


def redirect(job: Job) -> LogError | None:
    """Let stdout and stderr append to the log; what stood against it is returned, and they print nowhere then."""
    refused = None
    try:
        # Appended to, never cut: a second runner of the same attempt must not harm the first one's log.
        out = err = _append(job.log or job.out or os.devnull)
        if not job.log and job.err:
            err = _append(job.err)
    except OSError as exc:
        refused = LogError(exc)
        out = err = _append(os.devnull)
    os.dup2(out, 1)
    os.dup2(err, 2)
    if out > 2:
        os.close(out)
    if err > 2 and err != out:
        os.close(err)
    return refused


def ease_streams() -> None:
    """Make stdout and stderr show each line at once and never fail over a character; make those that are missing."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # this process was started without it
            setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115
        getattr(sys, name).reconfigure(line_buffering=True, errors="backslashreplace")


def _append(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


def attempt(job: Job, pid: int, tools: Tools, ready: Prepared | None = None) -> Report:
    """Reach the function, call it and judge what comes back. Never raises."""
    try:
        report = _attempt(job, pid, tools, ready)
    except LaunchError as exc:
        report = _launch_failure(exc)
    except BaseException as exc:
        if os.getpid() != pid:
            _leave_fork(exc)
        if isinstance(exc, SystemExit):
            status = "" if exc.code is None else repr(exc.code)
            report = _raised(exc, "exit", f"The task called sys.exit({status}) instead of returning.")
        else:
            report = _raised(exc, "raised")
    return report


def _attempt(job: Job, pid: int, tools: Tools, ready: Prepared | None) -> Report:
    _enter(job)
    begin_loading(job.code)
    program = None if ready is None else ready.program
    if job.module:
        function = reach(job.module, job.func, job.code, program, "" if ready is None else ready.module)
    elif ready is None or program is None:
        function = load_function(job.code, job.func)
    else:
        function = run_program(job.code, job.func, program, ready.module)
    blobs = tools.blobs
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
    try:
        value = function(*positional, **kwargs)
    except TypeError as exc:
        sources = {name: [str(key) for key in part if key in kwargs] for name, part in parts.items()}
        return _raised(exc, "raised", refused_arguments(function, exc, sources, first=bool(positional)))
    if os.getpid() != pid:
        _leave_fork(None)
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
    _log(whole if message is None else f"{whole}{message}\n")
    return Report("failed", reason, error)


def _launch_failure(exc: LaunchError | JobError) -> Report:
    return _shown(Report("failed", "launch", Failure(type(exc).__name__, str(exc))))


def _shown(report: Report) -> Report:
    """The report, after its failure has been written to the log, where people look first."""
    if report.error is not None:
        _log(f"{report.error.message}\n")
    return report


def _log(text: str) -> None:
    """Write to the log itself: the user's code may have replaced or closed sys.stderr."""
    _flush()
    with contextlib.suppress(OSError):
        os.write(2, text.encode("utf-8", "backslashreplace"))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue


def _leave_fork(exc: BaseException | None) -> NoReturn:
    """End a process that the user's code forked and that came back out of it: the outcome is its parent's."""
    status = 0
    if isinstance(exc, SystemExit):
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    elif exc is not None:
        status = 1
        _log(describe(exc)[1])
    _flush()
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
        _log(describe(exc)[1])
    _flush()
