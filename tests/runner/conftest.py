"""Queues' folders, jobs and fork servers for tests, and the promise that no process outlives a test."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from perqueue.runner.channel import Channel, message
from perqueue.runner.forkserver import command
from perqueue.runner.job import Job
from perqueue.runner.process import session_members
from perqueue.runner.spool import Outcome, Spool

PATIENCE = 30.0  # seconds after which a test gives up; none is expected to come near it


def wait_until(condition: Any, what: str = "the condition") -> Any:
    """Poll until the condition is true; its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true")


def running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text[text.rindex(")") + 2] not in "ZX"


class Queue:
    """A queue's folder with what the runner needs of it, and scripts to run."""

    id = "0" * 32
    patience = PATIENCE
    wait_until = staticmethod(wait_until)
    running = staticmethod(running)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / ".perqueue"
        (self.root / "logs").mkdir(parents=True)
        self.spool = Spool(str(self.root), self.id)
        self.spool.make()
        (self.root / "beat").touch()  # somebody drives it
        self._keys = iter(range(1, 10_000))

    def script(self, body: str, name: str = "work.py") -> Path:
        path = self.folder / name
        path.write_text(dedent(body))
        return path

    def job(self, body: str | Path, **fields: Any) -> Job:
        """A job for a script's path or for the text of one."""
        key = fields.setdefault("key", next(self._keys))
        path = body if isinstance(body, Path) else self.script(body, f"task{key}.py")
        values: dict[str, Any] = {
            "queue": self.id,
            "root": str(self.root),
            "attempt": 1,
            "name": path.name,
            "code": str(path),
            "folder": str(self.folder),
            "paths": [str(path.parent)],
            "log": str(self.root / "logs" / f"{key}.{fields.get('attempt', 1)}.log"),
        }
        return Job(**(values | fields))

    def log(self, job: Job) -> str:
        assert job.log is not None
        return Path(job.log).read_text()

    def outcome(self, job: Job) -> Outcome:
        found = self.spool.read_outcome(job.key, job.attempt)
        assert isinstance(found, Outcome), found
        return found


class Processes:
    """Every process that a test starts, so that none is left whatever happens."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.sessions: set[int] = set()

    def start(self, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self.started.append(process)
        self.sessions.add(process.pid)
        return process

    def clean(self) -> None:
        for session in self.sessions:
            for pid in session_members(session):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        for session in self.sessions:
            wait_until(lambda session=session: not session_members(session), f"the end of session {session}")


class Supervisor:
    """The supervisor's end of a fork server."""

    def __init__(self, queue: Queue, processes: Processes, cores: int) -> None:
        self.queue, self._processes = queue, processes
        ours, theirs = socket.socketpair()
        self._socket = ours
        self.log = queue.folder / "server.log"
        with theirs, self.log.open("ab") as log:
            self.process = processes.start(
                command(theirs.fileno(), str(queue.root), cores), pass_fds=[theirs.fileno()], stdout=log, stderr=log
            )
        self.channel = Channel(ours)
        self.heard: list[dict[str, Any]] = []
        self.until("ready")

    @property
    def pid(self) -> int:
        return self.process.pid

    def listen(self) -> None:
        if self.channel.open:
            self.channel.flush()
        if self.channel.open:
            for header, _ in self.channel.receive():
                if header["op"] == "started":
                    self._processes.sessions.add(header["pid"])
                self.heard.append(header)

    def find(self, op: str, job: Job | None = None) -> dict[str, Any] | None:
        self.listen()
        wanted = None if job is None else (job.key, job.attempt)
        for header in self.heard:
            if header["op"] == op and (wanted is None or wanted == (header["key"], header["attempt"])):
                return header
        return None

    def until(self, op: str, job: Job | None = None) -> dict[str, Any]:
        found = wait_until(lambda: self.find(op, job), f"{op} of {job and job.name}")
        assert isinstance(found, dict)
        return found

    def send(self, op: str, **fields: Any) -> None:
        self.channel.send_raw(message(op, **fields))
        self.channel.flush()

    def submit(self, *jobs: Job) -> None:
        for job in jobs:
            self.channel.send_raw(job.to_frame())
        self.channel.flush()

    def run(self, job: Job) -> Outcome:
        """Run a job to its end."""
        self.submit(job)
        self.until("ended", job)
        return self.queue.outcome(job)

    def stop(self, job: Job, why: str = "cancelled") -> None:
        self.send("stop", key=job.key, attempt=job.attempt, why=why)

    def hang_up(self) -> None:
        self.channel.close()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


@pytest.fixture
def processes() -> Iterator[Processes]:
    kept = Processes()
    try:
        yield kept
    finally:
        kept.clean()


@pytest.fixture
def start_server(queue: Queue, processes: Processes) -> Iterator[Any]:
    """Start fork servers with a number of cores."""
    servers: list[Supervisor] = []

    def start(cores: int = 2) -> Supervisor:
        servers.append(Supervisor(queue, processes, cores))
        return servers[-1]

    yield start
    for server in servers:
        server.listen()
        server.channel.close()


@pytest.fixture
def server(start_server: Any) -> Supervisor:
    """A fork server with two cores."""
    started = start_server()
    assert isinstance(started, Supervisor)
    return started


def outside_of_jobs() -> dict[str, str]:
    """The environment without what a batch job's tells of it."""
    return {name: text for name, text in os.environ.items() if not name.startswith(("SLURM_", "PBS_", "PERQUEUE_"))}


class Alone:
    """Runs jobs as batch jobs do: each in a process of its own, with what a scheduler says in its environment."""

    def __init__(self, queue: Queue, processes: Processes) -> None:
        self._queue, self._processes = queue, processes
        self.error = queue.folder / "batch.err"

    def __call__(self, job: Job, **environment: str) -> subprocess.Popen[bytes]:
        path = self._queue.folder / f"{job.key}.{job.attempt}.job"
        path.write_bytes(job.to_bytes())
        return self.start(str(path), **environment)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Run ``python -m perqueue.runner.batch`` with these arguments."""
        command = [sys.executable, "-P", "-m", "perqueue.runner.batch", *arguments]
        with self.error.open("ab") as error:
            return self._processes.start(command, env=outside_of_jobs() | environment, stdout=error, stderr=error)


def children_of(pid: int) -> list[int]:
    """The processes that a process is the parent of."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


@pytest.fixture
def run_alone(queue: Queue, processes: Processes) -> Alone:
    """Run a job as a batch job does; the process that does it."""
    return Alone(queue, processes)


class Bench:
    """A file with functions, and attempts at them, either under the fork server or alone."""

    def __init__(self, queue: Queue, run: Any) -> None:
        self.queue, self._run = queue, run
        self._modules = iter(range(1, 100))

    def job(self, body: str, func: str, **fields: Any) -> Job:
        """A job for a function of a module with this text."""
        path = self.queue.script(body, fields.pop("file", f"steps{next(self._modules)}.py"))
        return self.queue.job(path, func=func, **({"module": path.stem} | fields))

    def call(self, body: str, func: str = "step", **fields: Any) -> Outcome:
        """The outcome of a function."""
        return self.run(self.job(body, func, **fields))

    def run(self, job: Job) -> Outcome:
        """The outcome of a job."""
        self._run(job)
        return self.queue.outcome(job)


@pytest.fixture
def bench(queue: Queue, server: Supervisor) -> Bench:
    """Functions under the fork server."""
    return Bench(queue, server.run)


@pytest.fixture(params=["fork", "alone"])
def both(request: pytest.FixtureRequest, queue: Queue) -> Bench:
    """Functions under the fork server, and then alone in a process as a batch system runs them."""
    if request.param == "fork":
        return Bench(queue, request.getfixturevalue("server").run)
    run_alone = request.getfixturevalue("run_alone")
    return Bench(queue, lambda job: run_alone(job).wait(queue.patience))
