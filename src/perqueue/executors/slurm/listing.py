"""What ``squeue`` and ``sacct`` print about jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from perqueue.executors.batch.dialect import JobSeen, Phase

from .states import PREEMPTED, phase, why_ended, word

SQUEUE_FIELDS: Final = "JobArrayID:|,State:|,RestartCnt:|,Reason:|,StartTime:|,BatchHost:|,Comment:|,Name:|"
"""Each as wide as it is, with a bar behind it. Last what may hold a bar in jobs that are not ours: comment and name."""

SACCT_FIELDS: Final = "JobID,State,ExitCode,NodeList,JobName"

_BARS: Final = SQUEUE_FIELDS.count("|") - 1
_ID: Final = re.compile(r"([0-9]{1,18})(?:_(?:([0-9]{1,9})|\[([^\[\]]*)\]))?")
_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9}))?)?")
_HOST: Final = re.compile(r"([A-Za-z0-9_.-]+)(?:\[([0-9]+))?")
_NOTHING: Final = frozenset({"", "N/A", "n/a", "(null)", "None", "Unknown", "None assigned"})
_TURNED_DOWN: Final = ("FAILED", "BadConstraints")
"""What some refusals of ``sbatch`` leave in the queue; no job that was taken ends so."""
_NOT_NAMED_YET: Final = frozenset({"", "allocation"})
"""Names in the accounting of jobs that it has not heard all of. We asked for them by their ids."""
_MOST: Final = 100_000
"""Elements that an array's list is spelt out to; Slurm itself allows some millions at most."""


@frozen
class _Line:
    """One job of ours, as a command listed it."""

    id: str
    cluster: str
    tag: str
    state: str
    reason: str = ""
    start: str = ""
    hosts: str = ""
    restarts: str = ""
    code: str = ""


def read_squeue(text: str, prefix: str, cluster: str = "") -> tuple[JobSeen, ...]:
    """The jobs in the answer of ``squeue`` whose tag starts with ``prefix``.

    ``cluster`` is the one that was asked, if one was named: the answer doesn't say.
    """
    return tuple(job for line in _squeue_lines(text, prefix, cluster) for job in _jobs(line))


def is_listing(text: str) -> bool:
    """Whether this has the columns that were asked for, as far as there is anything."""
    return not text.strip() or any(line.count("|") > _BARS for line in text.split("\n"))


def read_sacct(text: str, prefix: str) -> tuple[JobSeen, ...]:
    """The jobs that have ended, in the answer of ``sacct``. It was asked for those that are out of the queue: one that
    was preempted there is over, and one that it still calls running is one whose end it never heard of."""
    found = (_out_of_queue(job, line) for line in _sacct_lines(text, prefix) for job in _jobs(line))
    return tuple(job for job in found if job.phase is Phase.ENDED)


def time_of(text: str) -> float | None:
    """A time as Slurm writes it, in this machine's zone, as Unix time; None if it is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _squeue_lines(text: str, prefix: str, cluster: str) -> Iterator[_Line]:
    for line in text.split("\n"):
        # This stands before the jobs of each cluster if several were named.
        if line.startswith("CLUSTER: "):
            cluster = line.removeprefix("CLUSTER: ").strip()
        parts = line.split("|", _BARS)
        if len(parts) == _BARS + 1:
            id_, state, restarts, reason, start, host, comment, name = parts
            tag = _tag(name.removesuffix("|"), prefix) or _tag(comment, prefix)
            if tag and (state, reason) != _TURNED_DOWN:
                yield _Line(id_, cluster, tag, state, reason, start, host, restarts)


def _sacct_lines(text: str, prefix: str) -> Iterator[_Line]:
    for line in text.split("\n"):
        parts = line.split("|", 4)
        if len(parts) == 5:
            id_, state, code, hosts, name = parts
            tag = _tag(name, prefix)
            if tag or name in _NOT_NAMED_YET:
                yield _Line(id_, "", tag, state, hosts=hosts, code=code)


def _tag(text: str, prefix: str) -> str:
    """The tag in a name or a comment: all of it, or what follows its last colon."""
    last = text.rstrip().rpartition(":")[2]
    return last if prefix and last.startswith(prefix) else ""


def _jobs(line: _Line) -> Iterator[JobSeen]:
    """A line's job, or those elements of an array that it stands for."""
    found = _ID.fullmatch(line.id.strip())
    if found is None:
        return
    array, element, pending = found.groups()
    if element is not None:
        yield _seen(line, f"{array}_{element}", int(element))
        return
    if pending is None:
        job = _seen(line, array, 0)
        # An array whose elements were cancelled before they ran is left as one job; elements leave nothing.
        never_ran = job.phase is Phase.ENDED and not job.host
        yield evolve(job, index=None) if never_ran else job
        return
    elements = _spelt_out(pending)
    if elements is None:
        yield _seen(line, array, None)
    else:
        yield from (_seen(line, f"{array}_{index}", index) for index in elements)


def _spelt_out(text: str) -> list[int] | None:
    """The elements in ``0-3,7,10-20:5%2``; None if the list was cut short."""
    found: list[int] = []
    for part in text.partition("%")[0].split(","):
        given = _RANGE.fullmatch(part)
        if given is None:
            return None
        first, step = int(given[1]), int(given[3] or 1)
        last = int(given[2] or first)
        if step < 1 or (last - first) // step > _MOST:
            return None
        found += range(first, last + 1, step)
    return found


def _seen(line: _Line, job: str, index: int | None) -> JobSeen:
    state = word(line.state)
    doing = phase(state)
    reason = "" if line.reason.strip() in _NOTHING else line.reason.strip()
    return JobSeen(
        job=f"{job};{line.cluster}" if line.cluster else job,
        tag=line.tag,
        index=index,
        phase=doing,
        reason=why_ended(state, line.code) if doing is Phase.ENDED else (reason or _told(state)),
        start=time_of(line.start) if doing is Phase.PENDING else None,
        host=_first_host(line.hosts),
        restarts=int(line.restarts) if line.restarts.isascii() and line.restarts.isdecimal() else 0,
        message=" ".join(part for part in (line.state.strip(), reason, line.code) if part),
    )


def _told(state: str) -> str:
    """What to say of a job that waits or runs without a reason: its state, unless that is what it does anyway."""
    return "" if state in ("PENDING", "RUNNING") else state.capitalize()


def _out_of_queue(job: JobSeen, line: _Line) -> JobSeen:
    if word(line.state) == PREEMPTED:
        return evolve(job, phase=Phase.ENDED, reason="preempted")
    return job


def _first_host(text: str) -> str:
    """The first of ``a[001-003,007],b001``."""
    if text.strip() in _NOTHING:
        return ""
    found = _HOST.match(text.strip())
    return f"{found[1]}{found[2] or ''}" if found else ""
