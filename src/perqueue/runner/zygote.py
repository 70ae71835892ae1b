"""The small process that all tasks of a fork server are forks of.

After a fork, both processes copy each page of memory before they write to it, and in Python looking at an object
writes to it. So the process that forks should do next to nothing else: it reads what to run, forks, and reaps when it
is told to. All thinking is done by the server, which never forks again and so never pays; and what can be prepared
for a task is prepared there (see :mod:`perqueue.runner.prepare`) and sent as bytes that nobody reads before the fork.

Requests are a length (4 bytes), an ``F`` and the task's bytes, or an ``R`` and a process id; the answer to the first is
a process id, or an error number negated; to the second, how the process ended.
"""

from __future__ import annotations

import gc
import marshal
import os
import socket
import struct
from typing import TYPE_CHECKING, Final, NoReturn

from perqueue.runner.deaths import BROKEN
from perqueue.runner.prepare import Prepared
from perqueue.runner.process import kibibytes
from perqueue.runner.records import Usage
from perqueue.runner.task import Tools, run_prepared

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        ours, theirs = socket.socketpair()
        tools = Tools(root)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            for descriptor in strangers:
                os.close(descriptor)
            _serve(theirs, tools)
        theirs.close()
        self._sock = ours

    def fork(self, prepared: Prepared) -> int:
        """Start a task; its process id.

        Raises:
            OSError: The system refuses another process.
            ZygoteGoneError: It died.
        """
        (pid,) = _PID.unpack(self._ask(b"F" + marshal.dumps(tuple(prepared)), _PID.size))
        if pid < 0:
            raise OSError(-pid, os.strerror(-pid))
        return int(pid)

    def reap(self, pid: int) -> tuple[int, Usage]:
        """The wait status and the use of the machine of a task, once it has ended.

        Raises:
            ZygoteGoneError: It died.
        """
        status, peak, user, system = _END.unpack(self._ask(b"R" + _PID.pack(pid), _END.size))
        return status, Usage(kibibytes(peak), user, system)

    def close(self) -> None:
        """Have it leave."""
        self._sock.close()
        os.waitpid(self.pid, 0)

    def _ask(self, request: bytes, size: int) -> bytes:
        try:
            self._sock.sendall(_LENGTH.pack(len(request)) + request)
            answer = self._sock.recv(size, socket.MSG_WAITALL)
        except OSError as error:
            raise ZygoteGoneError from error
        if len(answer) < size:
            raise ZygoteGoneError
        return answer


def _serve(sock: socket.socket, tools: Tools) -> NoReturn:
    """Be the zygote until the server has gone."""
    gc.collect()
    gc.disable()
    gc.freeze()  # what is here now is shared by all tasks and never looked at again
    try:
        while True:
            request = _request(sock)
            if not request:
                break
            if request[0] == 70:  # F
                sock.sendall(_PID.pack(_fork(sock, request, tools)))
            else:
                _, status, used = os.wait4(_PID.unpack_from(request, 1)[0], 0)
                sock.sendall(_END.pack(status, used.ru_maxrss, used.ru_utime, used.ru_stime))
    finally:
        os._exit(0)


def _request(sock: socket.socket) -> bytes:
    """The next request, nearly always read at once; empty where the server has gone."""
    data = sock.recv(_CHUNK)
    if len(data) >= 4 and len(data) == 4 + int.from_bytes(data[:4], "big"):
        return data[4:]
    while data and (len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big")):
        more = sock.recv(_CHUNK)
        if not more:
            return b""
        data += more
    return data[4:]


def _fork(sock: socket.socket, request: bytes, tools: Tools) -> int:
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or 1)
    if pid == 0:
        status = BROKEN
        try:
            os.setsid()
            sock.close()
            gc.enable()
            status = run_prepared(Prepared._make(marshal.loads(request[1:])), tools)
        except BaseException as exc:
            from perqueue.runner.failures import describe

            os.write(2, describe(exc)[1].encode("utf-8", "backslashreplace"))
        finally:
            os._exit(status)
    return pid
