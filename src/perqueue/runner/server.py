"""The fork server's loop: what it is told, what it has running, and what it tells.

Starting an interpreter for each task would cost more than many tasks do. Theory of operation: one thread, one
loop. It waits for the supervisor's socket, for the end of a task or for the next deadline; then it reaps, starts what
fits into the cores, and sends what there is to tell. Jobs start strictly in the order they came in: one that needs
many cores is not overtaken. The forking itself is left to an even smaller process (:mod:`perqueue.runner.zygote`).

Messages in:  run (a job's frame) | cores n | stop key attempt why | quit
Messages out: ready pid | started key attempt pid at | ended key attempt [duplicate]

"ended" is sent once an outcome of the attempt lies in the spool, written by the task or, where it died, by this
server; ``duplicate`` says that somebody else holds the claim, so that the outcome is theirs to write.

The server outlives its supervisor while tasks run, to keep their walltimes and to record their deaths, and
starts nothing more. It never outlives the queue's folder.
"""

from __future__ import annotations

import math
import os
import select
import signal
import time
from collections import deque
from contextlib import suppress
from types import FrameType

from perqueue.runner.channel import Channel
from perqueue.runner.children import Child, kill_group, watch_exit
from perqueue.runner.deaths import OomCounter
from perqueue.runner.ends import End, has_outcome
from perqueue.runner.errors import FrameError, OutcomeUnwrittenError
from perqueue.runner.prepare import Preparer
from perqueue.runner.spool import Spool
from perqueue.runner.zygote import Zygote, ZygoteGoneError

TYPE_CHECKING = False

if TYPE_CHECKING:
    import socket
    from typing import Any, Final

    from perqueue.runner.deaths import Why

_LOOK: Final = 1.0  # seconds between two looks at the queue's folder, and between two tries of anything
_GIVE_UP: Final = 60.0  # seconds for which a server without a supervisor tries to write a last outcome


class Server:
    """The state of a fork server and its loop. ``cores`` is how many its running tasks may hold together."""

    def __init__(self, zygote: Zygote, sock: socket.socket, root: str, cores: int) -> None:
        self._zygote = zygote
        self._channel, self._root, self._cores = Channel(sock), root, cores
        self._backlog: deque[tuple[dict[str, Any], bytes]] = deque()
        self._children: dict[int, Child] = {}
        self._unrecorded: list[End] = []
        self._used = 0
        self._quitting = self._terminated = False
        self._oom = OomCounter()
        self._identity = os.stat(root)
        self._preparer = Preparer(root)
        self._next_look = 0.0
        self._no_fork_before = 0.0
        self._alone_since: float | None = None
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._descriptor = self._channel.fileno()
        self._exits: dict[int, int] = {}
        self._ended: list[int] = []
        self._poll = select.poll()
        self._polled = 0

    def run(self) -> None:
        """Serve until there is nothing left to do."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._poll.register(self._wake_read, select.POLLIN)
        self._poll.register(self._zygote.fileno(), 0)  # for its end only: answers are read when they are due
        self._channel.send("ready", pid=os.getpid())
        while True:
            if self._terminated:
                self._channel.close()
            if not self._channel.open:
                self._backlog.clear()
                self._alone_since = self._alone_since or time.monotonic()
            self._turn()
            self._channel.flush()
            if self._finished():
                return
            self._wait()
            now = time.monotonic()
            for child in self._children.values():
                child.keep_time(now)
            if now >= self._next_look:
                self._next_look = now + _LOOK
                if self._vanished():
                    for child in self._children.values():
                        child.kill()
                    return
                self._record_again()

    def _terminate(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        # Only noted: between any two steps of the loop the socket could be in use, or about to be closed in a fork.
        self._terminated = True

    def _finished(self) -> bool:
        if self._children or (self._channel.open and (not self._quitting or self._channel.pending)):
            return False
        patience = 0.0 if self._alone_since is None else self._alone_since + _GIVE_UP - time.monotonic()
        return not self._unrecorded or (not self._channel.open and patience <= 0)

    def _vanished(self) -> bool:
        """Whether the queue's folder has gone or is another one; a file system that does not answer is no proof."""
        try:
            found = os.stat(self._root)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return not os.path.samestat(found, self._identity)

    def _wait(self) -> None:
        """Sleep until a message, a signal or a deadline; take what has arrived."""
        due = min((child.next_deadline() for child in self._children.values()), default=math.inf)
        timeout = max(0.0, min(due, self._next_look) - time.monotonic())
        self._watch_channel()
        for descriptor, _ in self._poll.poll(math.ceil(timeout * 1000)):
            if descriptor == self._wake_read:
                os.read(self._wake_read, 4096)
            elif descriptor == self._zygote.fileno():
                raise ZygoteGoneError
            elif descriptor in self._exits:
                self._poll.unregister(descriptor)
                os.close(descriptor)
                self._ended.append(self._exits.pop(descriptor))
            elif self._channel.open:
                self._receive()

    def _watch_channel(self) -> None:
        wanted, descriptor = 0, self._descriptor
        if self._channel.open:
            wanted = select.POLLIN | (select.POLLOUT if self._channel.pending else 0)
        if wanted != self._polled:
            if wanted:
                self._poll.register(descriptor, wanted)
            else:
                self._poll.unregister(descriptor)
            self._polled = wanted

    def _receive(self) -> None:
        try:
            # To the end of what has arrived: where the supervisor has gone, that is known before a job of its is begun.
            while messages := self._channel.receive():
                for header, body in messages:
                    self._obey(header, body)
        except (FrameError, KeyError, TypeError) as exc:
            _complain(f"The fork server hangs up: {type(exc).__name__}: {exc}\n")
            self._channel.close()

    def _obey(self, header: dict[str, Any], body: bytes) -> None:
        match header["op"]:
            case "run":
                if not self._quitting:
                    self._backlog.append((_checked(header), body))
            case "cores":
                self._cores = int(header["n"])
            case "stop":
                self._stop(header["key"], header["attempt"], header.get("why", "cancelled"))
            case "quit":
                self._quitting = True
                self._backlog.clear()
            case op:
                raise FrameError(f"{op!r} is not an operation")

    def _stop(self, key: int, attempt: int, why: Why) -> None:
        for child in self._children.values():
            if (child.header["key"], child.header["attempt"]) == (key, attempt):
                child.ask_to_end(why)
        for job in [job for job in self._backlog if (job[0]["key"], job[0]["attempt"]) == (key, attempt)]:
            self._backlog.remove(job)
            self._record(End(job[0], os.getpid(), None, time.time(), why, False, None))

    def _turn(self) -> None:
        """Take note of the tasks that have ended, let nothing of theirs run on, and start what fits in their place.

        The zygote is asked for all of it at once: what it does for one core is done while another one computes.
        """
        ended = [(pid, self._children.pop(pid)) for pid in self._ended]
        self._ended.clear()
        for pid, child in ended:
            kill_group(pid)
            if child.why is not None:
                child.kill_session()
            self._used -= child.cores
            self._zygote.ask_to_reap(pid)
        begun = self._begin()
        self._zygote.flush()
        # While the zygote forks, what ended is recorded.
        for pid, child in ended:
            self._record(self._end(pid, child))
        for header, body, cores, oom in begun:
            self._begun(header, body, cores, oom)

    def _begin(self) -> list[tuple[dict[str, Any], bytes, int, int]]:
        """Ask for forks of the jobs at the head of the backlog, as long as there are cores for them."""
        begun = []
        while self._backlog and self._cores > 0 and time.monotonic() >= self._no_fork_before:
            header, body = self._backlog[0]
            cores = min(max(1, header["cores"]), self._cores)
            if cores > self._cores - self._used:
                break
            try:
                prepared = self._preparer.prepare(header, body)
            except OSError as exc:
                self._not_now(header, exc)
                break
            self._backlog.popleft()
            if prepared is None:
                self._channel.send("ended", key=header["key"], attempt=header["attempt"], duplicate=True)
                continue
            self._used += cores
            self._zygote.ask_to_fork(prepared)
            begun.append((header, body, cores, self._oom.recent()))
        return begun

    def _begun(self, header: dict[str, Any], body: bytes, cores: int, oom: int) -> None:
        """Hear whether a fork that was asked for succeeded."""
        try:
            pid = self._zygote.forked()
        except OSError as exc:
            self._not_now(header, exc)
            self._used -= cores
            Spool(self._root).release(header["key"], header["attempt"])
            self._backlog.appendleft((header, body))
            return
        child = self._children[pid] = Child(header, pid, cores, oom)
        exits = watch_exit(pid)
        self._exits[exits] = pid
        self._poll.register(exits, select.POLLIN)
        self._channel.send("started", key=header["key"], attempt=header["attempt"], pid=pid, at=child.started)

    def _not_now(self, header: dict[str, Any], exc: OSError) -> None:
        """Too many processes, no memory, a full disk: that passes."""
        _complain(f"The fork server can't start entry {header['key']} now: {exc}\n")
        self._no_fork_before = time.monotonic() + _LOOK

    def _end(self, pid: int, child: Child) -> End:
        """Hear how a task ended."""
        status, usage = self._zygote.reaped()
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        out_of_memory = killed and self._oom.now() > child.oom
        return End(child.header, pid, status, child.started, child.why, out_of_memory, usage)

    def _record(self, end: End) -> None:
        """Make sure that the spool has an outcome, then tell the supervisor; keep it for later if that fails."""
        key, attempt = end.header["key"], end.header["attempt"]
        try:
            ours = has_outcome(self._root, end)
        except (OSError, OutcomeUnwrittenError) as exc:
            _complain(f"The end of entry {key} (attempt {attempt}) is not recorded yet: {exc}\n")
            self._unrecorded.append(end)
            return
        if ours:
            used = end.usage._asdict() if end.usage else None
            self._channel.send("ended", key=key, attempt=attempt, usage=used)
        else:
            self._channel.send("ended", key=key, attempt=attempt, duplicate=True)

    def _record_again(self) -> None:
        ends, self._unrecorded = self._unrecorded, []
        for end in ends:
            self._record(end)


def _complain(text: str) -> None:
    """Say something in the supervisor's log, which may lie on the very disk that is full."""
    with suppress(OSError):
        os.write(2, text.encode())


def _checked(header: dict[str, Any]) -> dict[str, Any]:
    """The header of a job, with all that the server needs of it. Raises FrameError."""
    whole = all(isinstance(header.get(field), int) for field in ("key", "attempt", "cores"))
    walltime = header.get("walltime")
    if not whole or "queue" not in header or not (walltime is None or isinstance(walltime, int | float)):
        raise FrameError(f"{header!r} is not the header of a job")
    return header | {"walltime": walltime}
