"""One fork server, seen from the supervisor: started for an interpreter and environment, fed with jobs."""

from __future__ import annotations

import os
import socket
import subprocess
from typing import Any, Final

from perqueue.core.records import Context
from perqueue.runner.channel import Channel
from perqueue.runner.errors import FrameError
from perqueue.runner.forkserver import command

from ..protocol import Assignment

_BIND: Final = {"LD_BIND_NOW": "1"}
"""Has the server resolve its libraries' symbols when it starts, not each of its tasks anew."""


class Server:
    """A fork server and the attempts that it was given and has not yet reported as ended.

    Raises:
        OSError: Its interpreter can't be started.
    """

    def __init__(self, context: Context, root: str, cores: int, log: str) -> None:
        ours, theirs = socket.socketpair()
        try:
            argv = [context.interpreter, *command(theirs.fileno(), root, cores)[1:]]
            with open(log, "ab") as output:
                self._process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env={**dict(context.env), **_BIND},
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._channel = Channel(ours)
        self.ready = False
        self.given: dict[tuple[int, int], Assignment] = {}
        self._cores = cores

    @property
    def pid(self) -> int:
        """Its process, which leads a session."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still listens."""
        return self._channel.open

    def fileno(self) -> int:
        """The descriptor that becomes readable when it has something to say."""
        return self._channel.fileno()

    def give(self, assignment: Assignment) -> None:
        """Have it run this when its turn comes."""
        self.given[assignment.at] = assignment
        self._channel.send_raw(assignment.job.to_frame())

    def limit(self, cores: int) -> None:
        """How many cores it may use from now on."""
        if cores != self._cores:
            self._cores = cores
            self._channel.send("cores", n=cores)

    def stop(self, key: int, attempt: int, why: str) -> None:
        """Stop one that it was given."""
        self._channel.send("stop", key=key, attempt=attempt, why=why)

    def flush(self) -> None:
        """Send what it takes now."""
        if self._channel.open:
            self._channel.flush()

    def hear(self) -> list[dict[str, Any]]:
        """What it said. When it has gone, :attr:`alive` turns false."""
        heard: list[dict[str, Any]] = []
        while self._channel.open:
            try:
                messages = self._channel.receive()
            except FrameError:
                self._channel.close()
                break
            if not messages:
                break
            heard += [header for header, _ in messages]
        self.ready = self.ready or any(header["op"] == "ready" for header in heard)
        return heard

    def close(self) -> None:
        """Hang up: it drops what it has not started, sees its tasks to their end, and goes."""
        self._channel.close()
        if self._process.poll() is None:
            # It is its own session and outlives us; nobody will wait for it.
            self._process.returncode = 0

    def kill(self) -> None:
        """End it at once."""
        self._channel.close()
        self._process.kill()
        self._process.wait()


def describe_env(context: Context) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What decides which fork server runs a context's tasks."""
    return context.interpreter, context.env


def tail(path: str, size: int = 2000) -> str:
    """The end of a log."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
