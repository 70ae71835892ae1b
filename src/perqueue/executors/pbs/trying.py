"""What ``pq config check`` asks PBS, and what it makes of the answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from perqueue.config import Partition
from perqueue.executors.batch.dialect import Answer, Command

from .rows import Row, read_rows

SERVER: Final = Command(("qstat", "-B", "-f"))
_TITLE: Final = "server"
_QUEUE: Final = "queue "
_NO_SUCH_QUEUE: Final = 170

Finding = tuple[str, bool, str]


def most_elements(answer: Answer) -> int | None:
    """What the server allows an array, if it says."""
    said = _first(answer, "Server").get("max_array_size", "") if answer.status == 0 else ""
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) else None


def tries(partitions: Sequence[Partition]) -> Sequence[tuple[str, Command]]:
    """A title and a command for the server, and for the queue of each partition."""
    queues = dict.fromkeys(queue for partition in partitions if (queue := queue_of(partition)))
    return [(_TITLE, SERVER), *((_QUEUE + queue, Command(("qstat", "-Q", "-f", queue))) for queue in queues)]


def queue_of(partition: Partition) -> str | None:
    """The queue that a partition's jobs name, if they name one."""
    return partition.at_scheduler


def tried(title: str, answer: Answer, partitions: Sequence[Partition]) -> Sequence[Finding]:
    """What it says of one of them."""
    if answer.status != 0:
        advice = ""
        if answer.status == _NO_SUCH_QUEUE:
            users = ", ".join(partition.name for partition in partitions if _QUEUE + str(queue_of(partition)) == title)
            advice = f'; give the queue\'s name: [partitions.{users}] queue = "..."'
        said = answer.said or ("no answer" if answer.status is None else f"exit status {answer.status}")
        return [(title, False, said + advice)]
    return _server(answer) if title == _TITLE else [_queue(title, _first(answer, "Queue"))]


def _server(answer: Answer) -> Sequence[Finding]:
    row = _first(answer, "Server")
    version = row.get("pbs_version", "?")
    keeps = row.get("job_history_enable", "").lower() == "true"
    history = "kept" if keeps else "not kept: why a job ended without an outcome is then not known"
    return [
        (_TITLE, True, f"version {version}, state {row.get('server_state', '?')}"),
        ("history of jobs", True, history),
    ]


def _queue(title: str, row: Row) -> Finding:
    off = [name for name in ("enabled", "started") if row.get(name, "True").lower() not in ("true", "yes")]
    if off:
        return title, False, f"it is not {' and not '.join(off)}"
    limit = row.get("resources_max.walltime")
    return title, True, f"walltime up to {limit}" if limit else "no limit of walltime is set"


def _first(answer: Answer, kind: str) -> Row:
    return next(iter(read_rows(answer.out, kind).values()), {})
