"""What rows of ``qstat -f`` mean: states, exit codes, elements of arrays.

PBS gives what became of a job as one number: from 0 the exit status of its script, from 256 the signal that ended it,
below 0 a reason of PBS's own. Whether the *task* succeeded is told by its outcome file alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Final

from perqueue.executors.batch.dialect import JobSeen, Phase

from .rows import Row

TAG: Final = "PERQUEUE_TAG"
"""The variable in a job's environment that carries its tag; it is shown with the job."""

_ID: Final = re.compile(r"([0-9]+)(?:\[([0-9]*)\])?(.*)", re.DOTALL)
_PENDING: Final = {"Q": "", "W": "waits for its time", "H": "held", "T": "in transit", "M": "moved to another server"}
_ENDED: Final = ("F", "X", "C")  # C: completed, in Torque
_ARRAY: Final = "B"
_REMAINING: Final = "array_indices_remaining"

_DELETED: Final = "91"
_CODES: Final = {
    0: "done",
    -29: "walltime",
    -28: "walltime",  # of processor time
    -27: "oom",
    -26: "oom",  # of virtual memory
    -20: "node-failure",
    -14: "node-failure",  # of one of several nodes
    -4: "node-failure",  # what runs on the node started anew
    -5: "node-failure",
    -6: "node-failure",
    -19: "cancelled",  # by a rule of the site
    256 + 15: "cancelled",
}
_SAYING: Final = {"Subjob finished": "done", "Subjob failed": "exit", "Subjob terminated": "cancelled"}
_OOM: Final = re.compile(r"mem(?:ory)?\b.*(?:exceed|kill)|exceed.*\bmem(?:ory)?\b|out of memory|\boom\b", re.IGNORECASE)
_TIME: Final = re.compile(r"\w{3} +(\w{3}) +(\d{1,2}) +(\d{1,2}):(\d{2}):(\d{2}) +(\d{4})", re.ASCII)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def split_id(job: str) -> tuple[str, str | None, str]:
    """Number, index within an array (empty for the array itself, None for no array), and server with its dot."""
    found = _ID.fullmatch(job)
    return (found[1], found[2], found[3]) if found else (job, None, "")


def whole(job: str) -> str:
    """The id of the array that an element belongs to; any other id as it is."""
    number, index, server = split_id(job)
    return job if index is None else f"{number}[]{server}"


def jobs_seen(rows: Mapping[str, Row], prefix: str) -> Iterator[JobSeen]:
    """All of them whose tag begins with ``prefix``."""
    listed = {whole(job) for job in rows if split_id(job)[1]}
    for job, row in rows.items():
        tag = _tag(row)
        if not tag.startswith(prefix) or not tag:
            continue
        index = split_id(job)[1]
        if index is None or index:
            yield _seen(job, tag, int(index or 0), row)
        elif row.get("job_state") != _ARRAY or job not in listed or row.get(_REMAINING, "-") != "-":
            # The array itself stands for its elements that have no row: newer servers leave out those that wait.
            yield _seen(job, tag, None, row)


def _seen(job: str, tag: str, index: int | None, row: Row) -> JobSeen:
    state = row.get("job_state", "")
    if state in _ENDED:
        return JobSeen(job, tag, index, Phase.ENDED, _ended(row), None, _host(row), _restarts(row, 1), _message(row))
    # Begun as an array without a word on its elements: one of them may run or none.
    if state in _PENDING or state == _ARRAY:
        start = _moment(row.get("estimated.start_time", ""))
        return JobSeen(job, tag, index, Phase.PENDING, _waits(row), start, "", _restarts(row, 0), _message(row))
    return JobSeen(job, tag, index, Phase.RUNNING, "", None, _host(row), _restarts(row, 1), _message(row))


def _tag(row: Row) -> str:
    # Some wrappers show no variables: the end of the name is the tag too.
    return row.get(f"Variable_List.{TAG}") or row.get("Job_Name", "").rpartition("_")[2]


def _code(row: Row) -> int | None:
    text = row.get("Exit_status", row.get("exit_status", ""))
    return int(text) if re.fullmatch(r"-?[0-9]{1,6}", text) else None


def _ended(row: Row) -> str:
    comment = row.get("comment", "")
    # An element that is over is shown with its array's attributes, and with a comment that is its own.
    saying = next((reason for words, reason in _SAYING.items() if comment.startswith(words)), None)
    code = _code(row)
    if code is not None and code < 0:
        return _CODES.get(code, "launch")
    if row.get("substate") == _DELETED and saying != "done":
        return "cancelled"
    if _OOM.search(comment):
        return "oom"
    if saying is not None:
        return saying
    return "done" if code is None else _CODES.get(code, "exit")


def _message(row: Row) -> str:
    parts = [f"state {row.get('job_state', '?')}"]
    parts += [f"{name} {row[name]}" for name in ("substate", "Exit_status") if row.get(name)]
    return ", ".join(parts) + (f": {comment}" if (comment := row.get("comment", "").strip()) else "")


def _waits(row: Row) -> str:
    said = row.get("comment", "").strip()
    return said.removeprefix("Not Running: ") or _PENDING.get(row.get("job_state", ""), "")


def _restarts(row: Row, now: int) -> int:
    count = row.get("run_count", "")
    # It counts runs. What waits again has run that often, and will be its next run.
    return max(0, int(count) - now) if re.fullmatch(r"[0-9]{1,6}", count) else 0


def _host(row: Row) -> str:
    return re.split(r"[/*+]", row.get("exec_host", "").strip(), maxsplit=1)[0]


def _moment(text: str) -> float | None:
    found = _TIME.fullmatch(text.strip())
    if found is None or found[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(part) for part in found.groups()[1:])
    try:
        return time.mktime((year, _MONTHS.index(found[1]) + 1, day, hour, minute, second, 0, 0, -1))
    except (OverflowError, ValueError):
        return None
