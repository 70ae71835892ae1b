"""The process that talks to HyperQueue: ``python -m perqueue_hyperqueue.bridge SERVER_DIR``.

HyperQueue's package holds the interpreter while it waits for its server. So the waiting is done in a process of its
own, which may hang or die without the supervisor's doing the same. Each request is a line of JSON on stdin, each answer
a line on stdout:

- ``{"op": "submit", "file": PATH}``: the file has ``{"name": …, "tasks": [{"args", "cpus", "resources", "seconds"}]}``;
  the answer has the number of the ``job``, whose tasks are numbered from 0.
- ``{"op": "look", "jobs": [3, 4], "forget": [2]}``: the answer has ``over``: for each job that the server knows whether
  all of its tasks have ended, and ``failed``: the errors of tasks by job and number. Jobs to forget are over.

Every answer has the ``uid`` of the server: job numbers are good for one server only.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from . import server

_BEAT: Final = 5.0
"""Seconds between two signs that an automatic server is still wanted."""
_KNOCK: Final = 5.0
"""Seconds for a server to take a connection."""
_START: Final = 20.0
"""Seconds for an automatic server to start."""


class Bridge:
    """A connection to a server, made when it is needed and again after it broke.

    Args:
        server_dir: The server's folder.
        autostart: Cores and seconds to linger of a server that is started where none answers.
    """

    def __init__(self, server_dir: str, autostart: tuple[int, float] | None) -> None:
        self._server_dir, self._autostart = server_dir, autostart
        self._client: Any = None
        self._uid = ""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked. A connection that broke is made anew once: the server may have been started again."""
        try:
            fresh = self._client is None
            client = self._connected()
            try:
                return self._do(client, request)
            except Exception:
                self._client = None
                # A submission may have arrived although its answer did not; whoever asked decides on that.
                if fresh or request["op"] == "submit":
                    raise
                return self._do(self._connected(), request)
        except Exception as error:
            self._client = None
            return {"error": (str(error).strip().splitlines() or [type(error).__name__])[0]}

    def beat(self) -> None:
        """Say that an automatic server is wanted."""
        if self._autostart is not None:
            server.want(self._server_dir)

    def _do(self, client: Any, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "submit":
            with open(request["file"], encoding="utf-8") as file:
                return {"uid": self._uid, "job": _submit(client, json.load(file))}
        for number in request["forget"]:
            _forget(client, number)
        jobs = request["jobs"]
        failed = client.connection.get_failed_tasks(jobs) if jobs else {}
        told = {job: {task: found.error for task, found in tasks.items()} for job, tasks in failed.items()}
        return {"uid": self._uid, "over": _over(client, jobs), "failed": told}

    def _connected(self) -> Any:
        if self._client is None:
            try:
                self._connect()
            except Exception:
                if self._autostart is None:
                    raise
                server.start(self._server_dir, *self._autostart)
                self._connect_soon()
        return self._client

    def _connect_soon(self) -> None:
        deadline = time.monotonic() + _START
        while True:
            try:
                self._connect()
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _connect(self) -> None:
        from hyperqueue import Client

        try:
            with open(f"{self._server_dir}/hq-current/access.json", encoding="utf-8") as file:
                access = json.load(file)
        except FileNotFoundError:
            raise ConnectionError(f"no server was ever started in {self._server_dir}") from None
        with socket.create_connection((access["client"]["host"], access["client"]["port"]), _KNOCK):
            pass
        self._client, self._uid = Client(self._server_dir), access["server_uid"]


class _Seen(Exception):  # no error: it ends a wait
    """Raised to end HyperQueue's wait for jobs after its first look at them."""


def _over(client: Any, jobs: list[int]) -> dict[int, bool]:
    """For each job that the server knows, whether all of its tasks have ended."""
    found: dict[int, bool] = {}
    if not jobs:
        return found

    def look(states: dict[int, dict[str, Any]]) -> None:
        found.update((job, bool(state["completed"])) for job, state in states.items())
        raise _Seen

    with suppress(_Seen):
        client.connection.wait_for_jobs(jobs, look)
    return found


def _forget(client: Any, job: int) -> None:
    try:
        client.forget(job)
    except Exception as error:
        # It is not over after all, or is forgotten already: then it only takes some of the server's memory.
        sys.stderr.write(f"job {job} is not forgotten: {str(error).splitlines()[0]}\n")


def _submit(client: Any, batch: dict[str, Any]) -> int:
    from hyperqueue import Job
    from hyperqueue.ffi.protocol import ResourceRequest

    job = Job(name=batch["name"], max_fails=None, default_workdir="/")
    for task in batch["tasks"]:
        wants = ResourceRequest(
            cpus=task["cpus"], resources=task["resources"], min_time=timedelta(seconds=task["seconds"])
        )
        job.program(task["args"], stdout=None, stderr=None, resources=wants)
    number: int = client.submit(job).id
    return number


def main(server_dir: str, cores: int = 0, linger: float = 0.0) -> None:
    """Answer requests until stdin ends."""
    bridge = Bridge(server_dir, (cores, linger) if cores else None)
    # HyperQueue prints what it likes on stdout: answers have a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    waiting = b""
    while True:
        bridge.beat()
        if not select.select([0], [], [], _BEAT)[0]:
            continue
        read = os.read(0, 1 << 16)
        if not read:
            return
        *lines, waiting = (waiting + read).split(b"\n")
        for line in lines:
            answers.write(json.dumps(bridge.answer(json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    else:
        main(sys.argv[1])
