"""The executor ``hq``: hands attempts to HyperQueue, many in one job, and says what became of them.

Theory of operation. What an attempt came to stands in the spool, and that is where it is looked for first; HyperQueue
is asked, with one request for all jobs, only about what the spool does not tell: whether it still has an attempt that
has not begun, and which tasks ended and left nothing. Three facts decide about an attempt:

- It has an *outcome*: that is its end.
- It has a *claim*: it began, and nobody will run it again. Its process is watched, here by its number, elsewhere by
  its walltime and by what HyperQueue says of its task. That HyperQueue's server or worker died says nothing: tasks may
  outlive both.
- It has *neither*: if HyperQueue does not have it, it is submitted (again). That it may run twice is ruled out by the
  claim, so it is submitted rather than lost where it is not known.

An attempt that has not begun is cancelled by claiming it. One that runs is asked to end by a file that the process
beside it looks for. So HyperQueue need not be reached for either.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from typing import Any, Final

from perqueue.config import Config
from perqueue.core.events import Launched, Started
from perqueue.core.records import PendingStop
from perqueue.executors.notes import Note, Notes, write_notes
from perqueue.executors.protocol import Assignment, Report, Site
from perqueue.executors.reports import lost, read_end
from perqueue.runner.process import claim_for
from perqueue.runner.spool import Spool, attempt_name

from .files import Files
from .held import Held, Jobs
from .options import NAME, Options
from .talk import Talk
from .watching import Watching

_NEW: Final = 0.1
"""Seconds between two looks for outcomes."""
_MOST: Final = 5000
"""Attempts in one job of HyperQueue."""
_LATER: Final = 1.0
"""Seconds until HyperQueue is asked again after it could not be, at first."""


class HyperQueueExecutor:
    """Runs attempts as tasks of HyperQueue.

    Args:
        site: The queue.
        config: Partitions, for what their tasks need around them.
        options: Which server, and how it is used.
    """

    name = NAME

    def __init__(self, site: Site, config: Config, options: Options) -> None:
        self._site, self._options = site, options
        self._spool = Spool(site.root, site.queue)
        self._files = Files(site.root, config)
        self._talk = Talk(options, f"{site.root}/supervisor.log")
        self._held: dict[tuple[int, int], Held] = {}
        self._waiting: dict[tuple[int, int], None] = {}
        self._jobs = Jobs(self._files.read_server())
        self._watching = Watching(self._spool, options.absence)
        self._reports: list[Report] = []
        self._asked: list[Held] | None = None
        self._trouble = ""
        self._interval, self._later = options.interval, _LATER
        self._next_new = self._next_ask = 0.0
        self._next_look = time.monotonic() + options.interval

    # what the engine asks

    def room(self, partition: str = "") -> int:  # the server is one for all
        """As much as is allowed, once half of that has gone: so that jobs have many tasks each."""
        free = self._options.most - len(self._held)
        return free if 2 * free >= self._options.most else 0

    def launch(self, assignments: Sequence[Assignment]) -> None:
        """Have these submitted, all in one job."""
        for assignment in assignments:
            if assignment.at not in self._held:
                self._hold(assignment)

    def recover(self, assignments: Sequence[Assignment]) -> None:
        """Find out about these; what never began is still with HyperQueue or is submitted."""
        for assignment in assignments:
            if assignment.at in self._held:
                continue
            held = self._hold(assignment)
            found = re.fullmatch(r"(\d+)_(\d+)", assignment.job_id)
            if held is not None and found is not None:
                self._jobs.add(held, int(found[1]), int(found[2]))
                self._waiting.pop(held.at, None)
                self._next_look = 0.0

    def stop(self, stops: Sequence[PendingStop]) -> None:
        """End these. What did not begin never will; what runs is asked to end."""
        for stop in stops:
            at = stop.key, stop.attempt
            told = read_end(self._spool, *at)
            if told is not None:
                self._end(at, told)
            elif self._take(at):
                self._end(at, lost(*at, stop.why, f"{stop.why} before it started"))
            else:
                self._files.ask_to_stop(at, stop.why)
                held = self._held.setdefault(at, Held(at))
                held.why, held.stopped = stop.why, time.time()
                self._waiting.pop(at, None)

    def poll(self) -> list[Report]:
        """What happened since the last call."""
        now = time.monotonic()
        if self._held and now >= self._next_new:
            self._next_new = now + _NEW
            self._look_at_files()
        self._listen()
        if not self._talk.waiting:
            self._ask(time.monotonic())
        reports, self._reports = self._reports, []
        return reports

    def descriptors(self) -> list[int]:
        """Where the answer to a request comes."""
        return self._talk.descriptors()

    def patience(self) -> float:
        """Outcomes have no descriptor: they are looked for now and then."""
        return _NEW if self._held else 60.0

    def saturated(self) -> bool:
        """Whether reports may be gathered: where there are many attempts, there are always more reports."""
        return len(self._held) > 100

    def close(self) -> None:
        """Let go of the server; what it has goes on."""
        self._talk.close()

    # attempts

    def _hold(self, assignment: Assignment) -> Held | None:
        """Keep an attempt that has not ended, and have it submitted if it has not begun."""
        at = assignment.at
        told = read_end(self._spool, *at)
        if told is not None:
            self._reports.append(told)
            return None
        held = self._held[at] = Held(at, assignment)
        if self._watching.begun(held):
            return None
        self._waiting[at] = None
        return held

    def _take(self, at: tuple[int, int]) -> bool:
        """Claim an attempt, so that nobody runs it. False where it has begun."""
        mine = claim_for(self._site.queue, *at, pid=os.getpid(), walltime=None, server=None)
        return self._spool.claim(mine)

    def _end(self, at: tuple[int, int], report: Report) -> None:
        self._reports.append(report)
        held = self._held.pop(at, None)
        self._waiting.pop(at, None)
        if held is not None:
            self._jobs.remove(held)
        self._files.forget(at)

    def _look_at_files(self) -> None:
        for held, report in self._watching.look(self._held):
            if isinstance(report, Started):
                self._waiting.pop(held.at, None)
                self._reports.append(report)
            else:
                self._end(held.at, report)

    # HyperQueue

    def _ask(self, now: float) -> None:
        """Submit what waits; else look, when it is time to."""
        if now < self._next_ask:
            return
        if self._waiting:
            self._submit([self._held[at] for at in list(self._waiting)[:_MOST]])
        elif (self._jobs or self._jobs.over) and now >= self._next_look:
            self._asked = None
            self._talk.ask({"op": "look", "jobs": sorted(self._jobs.numbers), "forget": sorted(self._jobs.over)[:1000]})

    def _submit(self, batch: list[Held]) -> None:
        tasks = [self._task(held.assignment) for held in batch if held.assignment is not None]
        first, last = (attempt_name(*batch[i].at) for i in (0, -1))
        name = f"pq-{self._site.queue[:8]}-{first}" + (f"..{last}" if len(batch) > 1 else "")
        self._files.write_batch({"name": name, "tasks": tasks})
        self._asked = batch
        self._talk.ask({"op": "submit", "file": self._files.batch})

    def _task(self, assignment: Assignment) -> dict[str, Any]:
        wants, job = assignment.resources, assignment.job
        return {
            "args": self._files.write_job(assignment),
            "cpus": max(1, job.cores),
            "resources": {"gpus/nvidia": wants.gpus} if wants.gpus else {},
            "seconds": job.walltime or 0.0,
        }

    def _listen(self) -> None:
        answer = self._talk.answer()
        if answer is None:
            return
        batch, self._asked = self._asked, None
        now = time.monotonic()
        if "error" in answer:
            # Nothing is lost by waiting: what was not submitted waits here, what runs tells by the spool.
            self._next_ask, self._later = now + self._later, min(2 * self._later, self._options.max_interval)
            self._note(str(answer["error"]))
            return
        self._later = _LATER
        self._served_by(answer["uid"])
        if batch is not None:
            self._submitted(batch, answer["job"])
        else:
            changed = self._looked(answer)
            options = self._options
            self._interval = options.interval if changed else min(2 * self._interval, options.max_interval)
        self._next_look = now + self._interval
        self._note("")

    def _served_by(self, uid: str) -> None:
        """Whatever another server was given that did not begin is submitted to this one."""
        if uid == self._jobs.uid:
            return
        self._files.write_server(uid)
        left = list(self._jobs.attempts())
        self._jobs = Jobs(uid)
        for held in left:
            self._again(held)

    def _again(self, held: Held) -> None:
        held.job = held.task = None
        if not held.begun and not held.why and held.assignment is not None:
            self._waiting[held.at] = None

    def _submitted(self, batch: list[Held], job: int) -> None:
        now = time.time()
        self._interval = self._options.interval
        for task, held in enumerate(batch):
            # Some may have been stopped meanwhile, which nothing of HyperQueue's has to be done for.
            if self._held.get(held.at) is held:
                self._waiting.pop(held.at, None)
                self._jobs.add(held, job, task)
                self._reports.append(Launched(now, *held.at, f"{job}_{task}"))

    def _looked(self, answer: dict[str, Any]) -> bool:
        """Take in what HyperQueue says of its jobs; whether anything is new."""
        before = self._jobs.over
        self._jobs.over = set()
        over = {int(job): ended for job, ended in answer["over"].items()}
        failed = {int(job): {int(task): why for task, why in told.items()} for job, told in answer["failed"].items()}
        changed = bool(before)
        for held in list(self._jobs.attempts()):
            if held.job not in over:
                # The server was told to forget it, or has a new life under its old name.
                self._jobs.remove(held)
                self._again(held)
            elif held.task in failed.get(held.job, {}):
                changed = self._watching.ended(held, failed[held.job][held.task]) or changed
            elif over[held.job]:
                changed = self._watching.ended(held, "") or changed
        return changed

    def _note(self, trouble: str) -> None:
        """Tell listings what HyperQueue says; where it can't be reached, that."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        jobs = {attempt_name(*at): Note(state="held back", reason=trouble) for at in self._waiting} if trouble else {}
        write_notes(self._site.root, NAME, Notes(time.time(), self._interval, trouble, jobs))
