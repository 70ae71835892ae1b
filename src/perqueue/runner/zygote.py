"""The small process that all tasks of a fork server are forks of.

After a fork, both processes copy each page of memory before they write to it, and in Python looking at an object
writes to it. So the process that forks should do next to nothing else: it reads what to run, forks, and reaps when it
is told to. All thinking is done by the server, which never forks again and so never pays; and what can be prepared
for a task is prepared there (see :mod:`perqueue.runner.prepare`) and sent as bytes that nobody reads before the fork.

Requests are a length (4 bytes), an ``F`` and the task's bytes, or an ``R`` and a process id; the answer to the first is
a process id, or an error number negated; to the second, how the process ended.
"""

from __future__ import annotations

import _signal  # the module signal around it brings enums, and their memory
import gc
import marshal
import os
import struct
import sys
import time

from perqueue.runner.checkpoint import expect_no_warning
from perqueue.runner.job import Job
from perqueue.runner.prepare import Prepared
from perqueue.runner.process import kibibytes
from perqueue.runner.records import Usage, outcome_text
from perqueue.runner.streams import redirect
from perqueue.runner.task import BROKEN, Run, Tools, attempt, finish, outcome_of, run_prepared

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final, NoReturn

_LENGTH: Final = struct.Struct(">I")
_PID: Final = struct.Struct(">q")
_END: Final = struct.Struct(">qqdd")
_CHUNK: Final = 1 << 18


class ZygoteGoneError(Exception):
    """The zygote died; its tasks, if any, go on, but nobody will know how they end."""


class Zygote:
    """A fork server's zygote, forked from it before it does anything else.

    Args:
        root: The queue's folder.
        strangers: Descriptors of the server's that its tasks must not have.
    """

    def __init__(self, root: str, strangers: Iterable[int]) -> None:
        questions, self._ask_on = os.pipe()
        self._hear_on, answers = os.pipe()
        tools = Tools(root)
        self.pid = os.fork()
        if self.pid == 0:
            for descriptor in (self._ask_on, self._hear_on, *strangers):
                os.close(descriptor)
            _serve(questions, answers, tools)
        os.close(questions)
        os.close(answers)
        self._out = bytearray()

    def fileno(self) -> int:
        """The descriptor that hangs up when it dies."""
        return self._hear_on

    def ask_to_fork(self, prepared: Prepared) -> None:
        """Have a task started. Answers come in the order of the questions, after :meth:`flush`."""
        self._ask(b"F" + marshal.dumps(tuple(prepared)))

    def ask_to_reap(self, pid: int) -> None:
        """Have a task that has ended reaped."""
        self._ask(b"R" + _PID.pack(pid))

    def flush(self) -> None:
        """Send the questions.

        Raises:
            ZygoteGoneError: It died.
        """
        if self._out:
            try:
                while self._out:
                    del self._out[: os.write(self._ask_on, self._out)]
            except BrokenPipeError as error:
                raise ZygoteGoneError from error

    def forked(self) -> int:
        """The process id of a task that was asked for.

        Raises:
            OSError: The system refused another process.
            ZygoteGoneError: It died.
        """
        (pid,) = _PID.unpack(self._answer(_PID.size))
        if pid < 0:
            raise OSError(-pid, os.strerror(-pid))
        return int(pid)

    def reaped(self) -> tuple[int, Usage]:
        """The wait status and the use of the machine of a task that was to be reaped.

        Raises:
            ZygoteGoneError: It died.
        """
        status, peak, user, system = _END.unpack(self._answer(_END.size))
        return status, Usage(kibibytes(peak), user, system)

    def _ask(self, request: bytes) -> None:
        self._out += _LENGTH.pack(len(request)) + request

    def _answer(self, size: int) -> bytes:
        answer = b""
        while len(answer) < size:
            part = os.read(self._hear_on, size - len(answer))
            if not part:
                raise ZygoteGoneError
            answer += part
        return answer


def _serve(questions: int, answers: int, tools: Tools) -> NoReturn:
    """Be the zygote until the server has gone."""
    _expect_signals()
    _rehearse(tools)
    gc.collect()
    gc.disable()
    gc.freeze()  # what is here now is shared by all tasks and never looked at again
    rest = b""
    try:
        while True:
            # Nearly always all questions, whole, at once.
            data = os.read(questions, _CHUNK)
            if not data:
                break
            rest = _obey(questions, answers, rest + data, tools)
    finally:
        os._exit(0)


def _expect_signals() -> None:
    """Handle signals as any program does, whatever ``nohup`` or ``&`` had ignored where the first submitter ran."""
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    for number in (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGCHLD):
        _signal.signal(number, _signal.SIG_DFL)
    expect_no_warning()
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def _obey(questions: int, answers: int, data: bytes, tools: Tools) -> bytes:
    """Answer the questions that have arrived whole; the rest."""
    at, end = 0, len(data)
    while end - at >= 4:
        after = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if after > end:
            break
        if data[at + 4] == 70:  # F
            os.write(answers, _PID.pack(_fork((questions, answers), data[at + 5 : after], tools)))
        else:
            _, status, used = os.wait4(_PID.unpack_from(data, at + 5)[0], 0)
            os.write(answers, _END.pack(status, used.ru_maxrss, used.ru_utime, used.ru_stime))
        at = after
    return data[at:]


def _rehearse(tools: Tools) -> None:
    """Do what a task does, without a trace, so that all tasks find the interpreter's caches filled.

    Filling them changes memory, and that would otherwise be copied and done anew in each task.
    """
    program = compile("def main(**kwargs): return True, None", "", "exec")
    job = Job("", "", 0, 0, "", "", "/", special={"": 0}, log=os.devnull)
    fields: tuple[Any, ...] = job
    kept = os.dup(1), os.dup(2), list(sys.path), list(sys.argv)
    for _ in range(8):
        ready = Prepared._make(
            marshal.loads(marshal.dumps((tuple(fields), b"", ("", b"", b""), program, "", ({}, {}))))
        )
        redirect(job)
        run = Run(job, os.getpid(), time.time(), tools, counted=True)
        outcome_text(outcome_of(run, attempt(run, ready)))
        finish()
    for descriptor, copy in ((1, kept[0]), (2, kept[1])):
        os.dup2(copy, descriptor)
        os.close(copy)
    sys.path[:], sys.argv[:] = kept[2:]
    del sys.modules[""]


def _fork(strangers: tuple[int, int], task: bytes, tools: Tools) -> int:
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or 1)
    if pid == 0:
        status = BROKEN
        try:
            os.close(strangers[0])
            os.close(strangers[1])
            gc.enable()
            status = run_prepared(Prepared._make(marshal.loads(task)), tools)
        except BaseException as exc:
            from perqueue.runner.failures import describe

            os.write(2, describe(exc)[1].encode("utf-8", "backslashreplace"))
        finally:
            os._exit(status)
    return pid
