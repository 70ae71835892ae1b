"""The end of a task: making sure that the spool tells how it ended, whoever has to write it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from perqueue.runner.deaths import Explanation, explain
from perqueue.runner.named import NamedTuple
from perqueue.runner.process import claim_for, host
from perqueue.runner.records import Failure, Outcome, Usage
from perqueue.runner.spool import Spool

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from perqueue.runner.deaths import Why


class End(NamedTuple):
    """The end of a job that may have left no outcome; ``status`` is None for one that was never started."""

    header: Mapping[str, Any]
    pid: int
    status: int | None
    started: float
    why: Why | None
    out_of_memory: bool
    usage: Usage | None


def has_outcome(root: str, end: End) -> bool:
    """Whether the outcome of this end is in the spool, written here if need be; False if it is another's.

    Raises OSError or OutcomeUnwrittenError where nothing can be written now.
    """
    queue, key, attempt = end.header["queue"], end.header["key"], end.header["attempt"]
    spool = Spool(root, queue)
    if spool.has_outcome(key, attempt):
        return True
    if end.status is None:
        # Claimed in its stead, so that nobody runs what is reported as failed; the impossible start time says
        # that no such process is alive.
        claim = claim_for(queue, key, attempt, pid=end.pid, walltime=None, server=os.getpid())
        if not spool.claim(claim._replace(start=-1)):
            return False
    filled = spool.read_claim(key, attempt)
    claimed = filled is not None and filled.pid > 0
    verdict, reason, message = _explained(end, claimed)
    outcome = Outcome(
        queue=queue,
        key=key,
        attempt=attempt,
        verdict=verdict,
        reason=reason,
        error=Failure(reason, message),
        started=end.started,
        ended=time.time(),
        host=host(),
        pid=end.pid,
        usage=end.usage,
        data=None,
    )
    spool.write_outcome(outcome)
    return True


def _explained(end: End, claimed: bool) -> Explanation:
    if end.status is None:
        return Explanation("failed", "cancelled", f"It was {end.why} before it started.")
    return explain(
        end.status,
        why=end.why,
        claimed=claimed,
        out_of_memory=end.out_of_memory,
        walltime=end.header["walltime"],
    )
