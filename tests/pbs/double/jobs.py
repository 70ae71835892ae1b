"""Jobs of the double and their elements: when they start, how they are ended, what is kept of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any, Final

RERUN: Final = 0.4
"""Seconds between the two signals to what is to run again."""


@dataclass
class Element:
    """A job, or one element of an array."""

    index: int | None
    state: str = "Q"
    substate: int = 10
    code: int | None = None
    runs: int = 0
    comment: str = "Not Running: Insufficient amount of resource: ncpus "
    nodes: list[tuple[str, int]] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    asked_to_end: float = 0.0
    ended_by: int | None = None
    deleted: bool = False
    rerun: bool = False

    @property
    def over(self) -> bool:
        return self.state in ("F", "X")


@dataclass
class Job:
    """What one qsub submitted."""

    number: int
    name: str
    user: str
    queue: str
    script: str
    walltime: int
    chunks: list[int]
    rerunnable: bool
    variables: dict[str, str]
    resources: dict[str, str]
    shell: str
    submitted: float
    elements: list[Element]
    array: bool

    def id(self, server: str, index: int | None = None) -> str:
        if not self.array:
            return f"{self.number}.{server}"
        return f"{self.number}[{'' if index is None else index}].{server}"

    @property
    def over(self) -> bool:
        return all(element.over for element in self.elements)


class Queue:
    """All jobs, on disk as their scripts and in memory as what became of them."""

    def __init__(self, folder: str, server: str) -> None:
        self.folder, self.server = folder, server
        self.jobs: dict[int, Job] = {}
        self.next = 0

    def step(self, settings: dict[str, Any]) -> None:
        """Look after what runs, start what can be, forget what is over."""
        for job in list(self.jobs.values()):
            for element in job.elements:
                if element.process is not None:
                    self._look_after(job, element, settings)
        for job in list(self.jobs.values()):
            for element in job.elements:
                if element.state == "Q" and (nodes := self._room(job, settings)):
                    self._start(job, element, nodes)
            if job.over and not settings["history"]:
                del self.jobs[job.number]
            elif job.over and job.array:
                for element in job.elements:
                    element.state = "F"

    def _room(self, job: Job, settings: dict[str, Any]) -> list[tuple[str, int]]:
        free = {name: cpus for name, cpus in settings["nodes"].items() if name not in settings["failed"]}
        for other in self.jobs.values():
            for element in other.elements:
                if element.process is not None:
                    for node, cpus in element.nodes:
                        free[node] = free.get(node, 0) - cpus
        found = []
        for cpus in job.chunks:
            node = next((name for name, left in free.items() if left >= cpus), "")
            if not node:
                return []
            free[node] -= cpus
            found.append((node, cpus))
        return found

    def _start(self, job: Job, element: Element, nodes: list[tuple[str, int]]) -> None:
        script = f"{self.folder}/{job.number}.SC"
        home = f"{self.folder}/home"
        job_id = job.id(self.server, element.index)
        own = {
            "HOME": home, "LOGNAME": job.user, "USER": job.user, "PATH": "/usr/local/bin:/usr/bin:/bin",
            "SHELL": "/bin/bash", "LANG": "C.UTF-8", "TMPDIR": self.folder, "NCPUS": str(nodes[0][1]),
            "OMP_NUM_THREADS": str(nodes[0][1]), "ENVIRONMENT": "BATCH", "PBS_ENVIRONMENT": "PBS_BATCH",
            "PBS_JOBID": job_id, "PBS_JOBNAME": job.name, "PBS_QUEUE": job.queue, "PBS_JOBDIR": home,
            "PBS_NODENUM": "0", "PBS_TASKNUM": "1", "PBS_NODEFILE": f"{self.folder}/nodefile",
        }  # fmt: skip
        if element.index is not None:
            own |= {"PBS_ARRAY_INDEX": str(element.index), "PBS_ARRAY_ID": job.id(self.server)}
        element.runs += 1
        element.nodes, element.state, element.substate = nodes, "R", 42
        element.started, element.asked_to_end, element.ended_by = time.time(), 0.0, None
        element.comment = f"Job run at {time.strftime('%a %b %d at %H:%M')} on ({nodes[0][0]}:ncpus={nodes[0][1]})"
        # The shell is told the script's name. It runs it as its child, and so is the first to end of a SIGTERM to all.
        element.process = subprocess.Popen(
            [job.shell],
            cwd=home,
            env={**job.variables, **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert element.process.stdin is not None
        with element.process.stdin as told:
            told.write(os.fsencode(script) + b"\n")

    def _look_after(self, job: Job, element: Element, settings: dict[str, Any]) -> None:
        assert element.process is not None
        now = time.time()
        if element.rerun:
            if now - element.asked_to_end >= RERUN:
                self._signal(element, signal.SIGKILL)
                element.process.wait()
                element.process, element.rerun, element.state, element.substate = None, False, "Q", 10
            return
        status = element.process.poll()
        if status is None:
            if any(node in settings["failed"] for node, _ in element.nodes):
                element.ended_by = -20
                self._signal(element, signal.SIGKILL)
            elif job.id(self.server, element.index) in settings["out_of_memory"]:
                element.ended_by = -27
                self._signal(element, signal.SIGKILL)
            elif element.asked_to_end and now - element.asked_to_end > settings["kill_delay"]:
                self._signal(element, signal.SIGKILL)
            elif not element.asked_to_end and now - element.started > job.walltime + settings["late"]:
                element.ended_by, element.asked_to_end = -29, now
                self._signal(element, signal.SIGTERM)
            return
        self._signal(element, signal.SIGKILL)  # what it left behind
        element.process = None
        if element.ended_by == -20:
            element.code = -20
            if job.rerunnable and not element.deleted:
                element.state, element.substate = "Q", 10
                return
        elif element.ended_by is not None:
            element.code = element.ended_by
        else:
            element.code = 256 - status if status < 0 else status
        self.end(job, element)

    def end(self, job: Job, element: Element) -> None:
        """It is over."""
        element.state = "X" if job.array else "F"
        element.substate = 91 if element.deleted else 92 if element.code == 0 else 93
        word = "terminated" if element.deleted else "finished" if element.code == 0 else "failed"
        element.comment = f"Subjob {word}" if job.array else f"{element.comment} and {word}"

    def delete(self, job: Job, element: Element, *, by_root: bool) -> None:
        """As qdel does. For root, a job that ran has simply finished."""
        element.deleted = True
        if element.process is None:
            element.code = None
            self.end(job, element)
        elif not element.asked_to_end:
            element.ended_by, element.asked_to_end = 0 if by_root else 271, time.time()
            element.deleted = not by_root
            self._signal(element, signal.SIGTERM)

    def rerun(self, element: Element) -> None:
        """As qrerun does, and preemption: SIGTERM, and SIGKILL after a moment. It waits again, as the same job."""
        element.rerun, element.asked_to_end = True, time.time()
        self._signal(element, signal.SIGTERM)

    def kill_all(self) -> None:
        """End everything that runs."""
        for job in self.jobs.values():
            for element in job.elements:
                if element.process is not None:
                    self._signal(element, signal.SIGKILL)
                    element.process.wait()

    def _signal(self, element: Element, number: int) -> None:
        """To every process of its session, as PBS does."""
        assert element.process is not None
        session = element.process.pid
        for name in os.listdir("/proc"):
            if name.isdecimal():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    if os.getsid(int(name)) == session:
                        os.kill(int(name), number)
