"""A batch system in memory: what its commands do, a dialect for it, and a line of commands that asks it.

Its jobs run as real ones do as far as the shell can see: they read their job file, claim their attempt in the spool,
and leave an outcome there.
"""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, evolve, field

from perqueue.config import Partition
from perqueue.core.resources import Resources
from perqueue.executors.batch.commands import Commands, Errand
from perqueue.executors.batch.dialect import (
    Answer,
    Batch,
    Command,
    Down,
    JobSeen,
    Listing,
    NoHistory,
    Phase,
    Refused,
    Submission,
    Taken,
    Unclear,
)
from perqueue.runner.job import Job
from perqueue.runner.records import Claim, Outcome
from perqueue.runner.spool import Spool

DOWN: Final = Answer(1, "", "the controller is down")
LOST: Final = Answer(None, "", "no answer in time")
At = tuple[int, int]


class ToyDialect:
    """One command is one word and its arguments; answers are JSON. A partition's flags are clusters to submit to."""

    name: Final = "toy"

    def script(self, batch: Batch) -> str:
        return " ".join(["run", batch.folder, *(f"not-on={host}" for host in batch.resources.avoid)])

    def submit(self, batch: Batch) -> Command:
        clusters = (",".join(batch.partition.flags),) if batch.partition.flags else ()
        return Command(("submit", batch.tag, batch.folder, str(batch.size), *clusters), self.script(batch))

    def submitted(self, answer: Answer) -> Submission:
        if answer.status is None:
            return Unclear(answer.said)
        return Refused(answer.said, nodes="no nodes" in answer.said) if answer.status else Taken(answer.out)

    def element(self, job: str, index: int, size: int) -> str:
        number, mark, cluster = job.partition(";")
        return job if size == 1 else f"{number}_{index}{mark}{cluster}"

    def whole(self, job: str) -> str:
        number, mark, cluster = job.partition(";")
        return f"{number.partition('_')[0]}{mark}{cluster}"

    def cluster(self, job: str) -> str:
        return job.partition(";")[2]

    def clusters(self, partition: Partition, resources: Resources | None) -> Sequence[str]:
        return partition.flags or ("",)

    def look(self, prefix: str, cluster: str = "") -> Command:
        return Command(("look", prefix, *([cluster] if cluster else [])))

    def looked(self, answer: Answer, prefix: str, cluster: str = "") -> Listing | Down:
        if answer.status != 0:
            return Down(answer.said)
        found = listing(answer.out)
        jobs = (evolve(one, job=f"{one.job};{cluster}") if cluster else one for one in found.jobs)
        return evolve(found, jobs=tuple(jobs))

    def history(self, jobs: Sequence[str], since: float, cluster: str = "") -> Command | None:
        on = ("on", cluster) if cluster else ()
        return Command(("history", str(since), *(job.partition(";")[0] for job in jobs), *on))

    def told(self, answer: Answer, prefix: str) -> Listing | NoHistory | Down:
        if answer.status == 3:
            return NoHistory(answer.said)
        return Down(answer.said) if answer.status else listing(answer.out)

    def cancel(self, jobs: Sequence[str]) -> Sequence[Command]:
        return [Command(("cancel", *jobs))]

    def limits(self) -> Command | None:
        return Command(("limits",))

    def most(self, answer: Answer) -> int | None:
        return int(answer.out) if answer.status == 0 else None

    def tries(self, partitions: Sequence[Partition]) -> Sequence[tuple[str, Command]]:
        return [("up", Command(("limits",)))]

    def tried(self, title: str, answer: Answer, partitions: Sequence[Partition]) -> Sequence[tuple[str, bool, str]]:
        return [(title, answer.status == 0, answer.said)]


def told(*jobs: JobSeen, complete: bool = True) -> Answer:
    """The answer that tells of these jobs."""
    rows = [asdict(job) | {"phase": job.phase.value} for job in jobs]
    return Answer(0, json.dumps({"jobs": rows, "complete": complete}), "")


def listing(text: str) -> Listing:
    given = json.loads(text)
    jobs = (JobSeen(**{**row, "phase": Phase(row["phase"])}) for row in given["jobs"])
    return Listing(tuple(jobs), given["complete"])


@define(eq=False)
class Element:
    """One attempt of a job. Ids are those of its cluster, which may be the same as another cluster's."""

    job: str
    tag: str
    index: int
    folder: str
    phase: Phase = Phase.PENDING
    reason: str = ""
    restarts: int = 0
    run: Job | None = None
    ended_at: float = 0.0
    hidden: bool = False
    cluster: str = ""

    @property
    def live(self) -> bool:
        return self.phase is not Phase.ENDED

    def seen(self) -> JobSeen:
        host = "" if self.phase is Phase.PENDING else "node1"
        return JobSeen(self.job, self.tag, self.index, self.phase, self.reason, None, host, self.restarts)


@define
class Toy:
    """The batch system: its jobs, in the order of their submission."""

    spool: Spool
    now: Callable[[], float]
    elements: list[Element] = field(factory=list)
    most: int = 1000
    history: bool = True
    down: bool = False
    limit: int | None = None
    """Most elements in the queue; more are refused."""
    ran: Counter[At] = field(factory=Counter)
    numbers: Counter[str] = field(factory=Counter)
    """The last number that each cluster gave."""

    @property
    def number(self) -> int:
        """How many batches were submitted."""
        return self.numbers.total()

    # what its commands do

    def do(self, words: Sequence[str]) -> Answer:
        if self.down:
            return DOWN if words[0] != "submit" else LOST
        answer: Answer = getattr(self, f"_{words[0]}")(*words[1:])
        return answer

    def _submit(self, tag: str, folder: str, size: str, clusters: str = "") -> Answer:
        if int(size) > self.most or (self.limit is not None and self.open + int(size) > self.limit):
            return Answer(1, "", "too many jobs")
        cluster = clusters.rpartition(",")[2]
        self.numbers[cluster] += 1
        number = str(self.numbers[cluster])
        for index in range(int(size)):
            job = f"{number}_{index}" if int(size) > 1 else number
            self.elements.append(Element(job, tag, index, folder, cluster=cluster))
        return Answer(0, f"{number};{cluster}" if cluster else number, "")

    def _look(self, prefix: str, cluster: str = "") -> Answer:
        found = (one for one in self.elements if one.tag.startswith(prefix) and one.cluster == cluster)
        return told(*(one.seen() for one in found if not one.hidden))

    def _history(self, since: str, *jobs: str) -> Answer:
        if not self.history:
            return Answer(3, "", "no accounts are kept")
        cluster = jobs[-1] if "on" in jobs else ""
        over = (one for one in self.elements if one.cluster == cluster and not one.live)
        return told(*(one.seen() for one in over if one.job in jobs), complete=False)

    def _cancel(self, *jobs: str) -> Answer:
        for one in self.elements:
            mark = f";{one.cluster}" if one.cluster else ""
            if one.live and (f"{one.job}{mark}" in jobs or f"{one.job.partition('_')[0]}{mark}" in jobs):
                self.end(one, "cancelled")
        return Answer(0, "", "")

    def _limits(self) -> Answer:
        return Answer(0, str(self.most), "")

    # what becomes of jobs

    @property
    def open(self) -> int:
        return sum(one.live for one in self.elements)

    def at(self, one: Element) -> At | None:
        """The attempt that an element is, as its folder says."""
        names = Path(one.folder, "attempts")
        if not names.exists():
            return None
        key, _, attempt = names.read_text(encoding="utf-8").split()[one.index].partition(".")
        return int(key), int(attempt)

    def start(self, one: Element) -> None:
        """It gets its node; what finds the attempt taken, or its job file gone, leaves."""
        assert one.phase is Phase.PENDING
        file = Path(one.folder, f"{one.index}.job")
        if not file.exists():
            self.end(one, "exit")
            return
        job = Job.from_bytes(file.read_bytes())
        claim = Claim(job.queue, job.key, job.attempt, 1, 0, "", "node1", self.now(), None, None, one.job, one.restarts)
        last, number = self.spool.last_claim(job.key, job.attempt)
        again = last is not None and last.job == one.job and last.restart < one.restarts
        if (last is None or again) and not self.spool.has_outcome(job.key, job.attempt):
            assert self.spool.claim(claim, number)
            one.phase, one.reason, one.run = Phase.RUNNING, "", job
            self.ran[job.key, job.attempt] += not again
        else:
            self.end(one, "exit")

    def finish(self, one: Element, data: str = "{}") -> None:
        """It comes to its own end, and leaves an outcome."""
        assert one.run is not None
        outcome(self.spool, one.run.key, one.run.attempt, data, self.now())
        self.end(one, "done")

    def end(self, one: Element, reason: str) -> None:
        """It is over, without an outcome unless it has left one."""
        one.phase, one.reason, one.ended_at = Phase.ENDED, reason, self.now()

    def requeue(self, one: Element) -> None:
        """The scheduler puts it back, under the same id."""
        one.phase, one.reason, one.restarts = Phase.PENDING, "BeginTime", one.restarts + 1

    def purge(self) -> None:
        """Forget what is over."""
        self.elements = [one for one in self.elements if one.live]


def outcome(spool: Spool, key: int, attempt: int, data: str = "{}", now: float = 0.0) -> None:
    """Leave the outcome of an attempt that succeeded."""
    told: dict[str, Any] = {"queue": spool.queue, "key": key, "attempt": attempt}
    spool.write_outcome(
        Outcome(**told, verdict="succeeded", reason="returned", error=None, started=now, ended=now, host="node1",
                pid=1, usage=None, data=data)
    )  # fmt: skip


class ToyCommands(Commands):
    """Asks the toy at once, unless it is told to do otherwise with the next command of a kind."""

    def __init__(self, toy: Toy) -> None:
        super().__init__(None)
        self.toy = toy
        self.log: list[tuple[float, tuple[str, ...]]] = []
        self.scripts: list[str] = []
        """What was submitted."""
        self.stalled = False
        """Whether commands take their time: they have done what they do, and nobody hears of it yet."""
        self.next: dict[str, deque[Answer | Callable[[Sequence[str]], Answer]]] = {}
        self.before_submit: Callable[[Sequence[str]], None] = lambda words: None
        self._line: deque[Errand] = deque()
        self._under_way: tuple[Errand, Answer] | None = None

    def instead(self, kind: str, *answers: Answer | Callable[[Sequence[str]], Answer]) -> None:
        """Answer the next commands of a kind so, in place of what the toy would."""
        self.next.setdefault(kind, deque()).extend(answers)

    def number(self, kind: str) -> int:
        """How many commands of a kind there were."""
        return sum(words[0] == kind for _, words in self.log)

    def of(self, kind: str) -> list[tuple[str, ...]]:
        """The arguments of each command of a kind."""
        return [words[1:] for _, words in self.log if words[0] == kind]

    def times(self, kind: str) -> list[float]:
        """When commands of a kind were run."""
        return [at for at, words in self.log if words[0] == kind]

    @property
    def busy(self) -> bool:
        return self._under_way is not None or bool(self._line)

    def send(self, errand: Errand) -> None:
        self._line.append(errand)

    def go_on(self) -> None:
        while self._under_way is not None or self._line:
            if self._under_way is None:
                errand = self._line.popleft()
                if errand.command.stdin:
                    self.scripts.append(errand.command.stdin)
                self._under_way = errand, self._run(errand.command.words)
            if self.stalled:
                return
            (errand, answer), self._under_way = self._under_way, None
            errand.heard(answer)

    def _run(self, words: tuple[str, ...]) -> Answer:
        self.log.append((self.toy.now(), words))
        if words[0] == "submit":
            self.before_submit(words)
            # By the file server's clock, which is the toy's.
            os.utime(f"{words[2]}/attempts", (self.toy.now(), self.toy.now()))
        scripted = self.next.get(words[0])
        if not scripted:
            return self.toy.do(words)
        answer = scripted.popleft()
        return answer(words) if callable(answer) else answer

    def patience(self) -> float:
        return 0.005 if self.busy else 3600.0

    def close(self) -> None:
        self._line.clear()
