"""The local executor: hands attempts to fork servers, first come, first served, within the cores it has.

There is one fork server for each interpreter and environment that tasks were submitted from; nearly always one in
all. While only one server has work it is given more than fits, and starts the next by itself the moment cores are
free, so that no core waits for the supervisor's commits. Where several have work, each attempt is handed out only
when there are cores for it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from perqueue.core.events import Started
from perqueue.core.records import PendingStop
from perqueue.runner.process import host
from perqueue.runner.spool import Spool

from ..protocol import Assignment, Report
from ..reports import lost, read_end
from .adoption import LOOK, Adopted, stillborn
from .server import Server, describe_env, tail

_AHEAD: Final = 0.25
"""Seconds of work, at the present rate, that are recorded ahead."""
_WINDOW: Final = 0.02
"""Seconds over which the present rate is measured."""
_MOST_AHEAD: Final = 1024
_MOST_SERVERS: Final = 8


class LocalExecutor:
    """Runs attempts as processes of this machine.

    Args:
        root: The queue's folder.
        spool: Where attempts report.
        cores: How many cores may be occupied at once; a task that asks for more gets all of them.
        log: File for what fork servers have to say.
    """

    name = "local"

    def __init__(self, root: str, spool: Spool, cores: int, log: str) -> None:
        self._root, self._spool, self._total, self._log = root, spool, cores, log
        self._queue: deque[Assignment] = deque()
        self._servers: dict[tuple[object, ...], Server] = {}
        self._adopted: dict[tuple[int, int], Adopted] = {}
        self._reports: list[Report] = []
        self._started: dict[tuple[int, int], Started] = {}
        self._ahead = 4 * cores
        self._ends, self._since = 0, time.monotonic()

    # what the engine asks

    def room(self, partition: str = "") -> int:  # noqa: ARG002  # there is one
        """More than fits the cores, so that none stands idle; the more, the faster tasks come to their end."""
        return max(0, self._ahead - len(self._queue) - self._given())

    def launch(self, assignments: Sequence[Assignment]) -> None:
        """Queue them behind what waits already."""
        self._queue.extend(assignments)
        self._hand_out()

    def recover(self, assignments: Sequence[Assignment]) -> None:
        """Adopt what runs, report what ended, launch what never began."""
        for assignment in assignments:
            self._find(assignment)
        self._hand_out()

    def stop(self, stops: Sequence[PendingStop]) -> None:
        """Stop attempts wherever they are; one that nobody knows has ended."""
        for stop in stops:
            self._stop((stop.key, stop.attempt), stop.why)
        for server in self._servers.values():
            server.flush()

    def poll(self) -> list[Report]:
        """What happened since the last call."""
        ends = len(self._reports)
        for key, server in list(self._servers.items()):
            for message in server.hear():
                self._heard(server, message)
            if not server.alive:
                del self._servers[key]
                self._bury(server)
        self._look_at_adopted()
        self._look_ahead(len(self._reports) - ends)
        self._hand_out()
        reports: list[Report] = [*self._started.values(), *self._reports]
        self._started, self._reports = {}, []
        return reports

    def descriptors(self) -> list[int]:
        """The fork servers' sockets."""
        return [server.fileno() for server in self._servers.values()]

    def patience(self) -> float:
        """Adopted processes have no descriptor: they are looked at now and then."""
        return LOOK if self._adopted else 60.0

    def saturated(self) -> bool:
        """Whether fork servers have more than they can run at once."""
        return self._given() > self._total

    def close(self) -> None:
        """Hang up; what runs goes on, and its fork server sees to its end."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def _look_at_adopted(self) -> None:
        for at, adopted in list(self._adopted.items()):
            end = adopted.look(self._spool)
            if end is not None:
                self._reports.append(end)
            elif stillborn(adopted.claim, self._root, [server.pid for server in self._servers.values()]):
                self._relaunch(at, adopted)
            else:
                continue
            del self._adopted[at]

    def _relaunch(self, at: tuple[int, int], adopted: Adopted) -> None:
        """Launch what never ran under its claim, unless nobody wants it any more."""
        self._spool.release(*at)
        if adopted.assignment is None or adopted.why:
            self._reports.append(lost(*at, adopted.why or "lost", "it never began"))
        else:
            self._queue.appendleft(adopted.assignment)

    # handing out

    def _given(self) -> int:
        return sum(len(server.given) for server in self._servers.values())

    def _hand_out(self) -> None:
        free = self._total - sum(adopted.cores for adopted in self._adopted.values())
        while self._queue:
            assignment = self._queue[0]
            server = self._server(assignment)
            if server is None:
                self._queue.popleft()
                continue
            server.limit(free)
            others = [other for other in self._servers.values() if other is not server and other.given]
            if others:
                taken = sum(self._cores(a) for s in (server, *others) for a in s.given.values())
                if taken and taken + self._cores(assignment) > free:
                    break
            self._queue.popleft()
            server.give(assignment)
        for server in self._servers.values():
            server.limit(free)
            server.flush()

    def _cores(self, assignment: Assignment) -> int:
        return min(max(1, assignment.job.cores), self._total)

    def _server(self, assignment: Assignment) -> Server | None:
        key = describe_env(assignment.context)
        server = self._servers.get(key)
        if server is None:
            self._make_room()
            try:
                server = Server(assignment.context, self._root, self._total, self._log)
            except OSError as error:
                self._reports.append(lost(*assignment.at, "launch", f"its interpreter can't be started: {error}"))
                return None
            self._servers[key] = server
        return server

    def _make_room(self) -> None:
        idle = [key for key, server in self._servers.items() if not server.given]
        for key in idle[: max(0, len(self._servers) - _MOST_SERVERS + 1)]:
            self._servers.pop(key).close()

    def _look_ahead(self, ends: int) -> None:
        """Have so many attempts recorded ahead that the cores stay busy until well after the next commit."""
        now = time.monotonic()
        self._ends += ends
        if now - self._since >= _WINDOW:
            rate = self._ends / (now - self._since)
            self._ahead = min(_MOST_AHEAD, 4 * self._total + math.ceil(rate * _AHEAD))
            self._ends, self._since = 0, now

    # hearing

    def _heard(self, server: Server, message: dict[str, Any]) -> None:
        at = (message.get("key", 0), message.get("attempt", 0))
        if at not in server.given:
            return
        if message["op"] == "started":
            self._started[at] = Started(message["at"], *at, host(), message["pid"])
        elif message["op"] == "ended":
            assignment = server.given.pop(at)
            self._started.pop(at, None)
            if message.get("duplicate"):
                self._find(assignment, again=False)
            else:
                self._end(at, message.get("usage"))

    def _end(self, at: tuple[int, int], usage: Mapping[str, Any] | None) -> None:
        told = read_end(self._spool, *at)
        if told is not None and usage is not None:
            # A task that was forked is measured by who forked it.
            cpu = usage["user_s"] + usage["system_s"]
            told = evolve(told, outcome=evolve(told.outcome, maxrss_kb=usage["maxrss_kb"], cpu_s=cpu))
        self._reports.append(
            told
            or lost(*at, "lost", "it ended, but left no readable outcome file (see spool/bad in the queue's folder)")
        )

    def _bury(self, server: Server) -> None:
        """A fork server has gone: look for what it was given, and launch the rest elsewhere."""
        server.kill()
        if server.ready:
            self.recover(list(server.given.values()))
            return
        # It never got as far as saying so: another one would not either.
        said = tail(self._log).strip().splitlines()[-1:]
        for at in server.given:
            self._reports.append(lost(*at, "launch", f"its interpreter's fork server can't start: {' '.join(said)}"))

    def _find(self, assignment: Assignment, *, again: bool = True) -> None:
        told = read_end(self._spool, *assignment.at)
        if told is not None:
            self._reports.append(told)
            return
        claim = self._spool.read_claim(*assignment.at)
        if claim is not None:
            self._adopted[assignment.at] = Adopted(claim, self._cores(assignment), assignment)
        elif again:
            self._queue.append(assignment)
        else:
            self._reports.append(lost(*assignment.at, "launch", "it could not be claimed"))

    def _stop(self, at: tuple[int, int], why: str) -> None:
        for server in self._servers.values():
            if at in server.given:
                server.stop(*at, why)
                return
        if at in self._adopted:
            self._adopted[at].stop(why)
            return
        for assignment in self._queue:
            if assignment.at == at:
                self._queue.remove(assignment)
                self._reports.append(lost(*at, why, f"{why} before it started"))
                return
        # Left by an earlier supervisor, of an entry that no longer waits for it.
        claim = self._spool.read_claim(*at)
        if claim is not None:
            self._adopted[at] = Adopted(claim, 0, None)
            self._adopted[at].stop(why)
        else:
            self._reports.append(lost(*at, why, f"{why}; nothing of it was running"))
