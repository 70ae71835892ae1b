"""Who may run an attempt in a batch job, where a scheduler may start the same job again after its node has died.

A restart is still the same attempt. So the claim on it does not stop the job that made it: the job's next start takes
the attempt over with a claim of its own that follows it. Whoever else finds a claim leaves. Claims are created
exclusively and never replaced, and each further one needs a later start than the one before it; so of any number of
processes, on any hosts, exactly one gets each, and one that was overtaken while it was about to take it leaves.
"""

from __future__ import annotations

import time

from perqueue.runner.process import alive

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Final

    from perqueue.runner.records import Claim
    from perqueue.runner.spool import Spool

_SKEW: Final = 2.0
"""Seconds by which the clocks of two hosts may differ; a scheduler takes longer than that to start a job again."""
_MOMENT: Final = 0.05


def take(spool: Spool, claim: Claim, restart: int | None, began: float) -> Claim | None:
    """Take an attempt with this claim; the claim that was made, or None where the attempt is, or was, somebody else's.

    Args:
        spool: The queue's spool.
        claim: The claim, with the id of the job in it.
        restart: How often the scheduler started this job before; None where it does not tell.
        began: When this start of the job began, as Unix time in seconds.

    Raises:
        OSError: Nothing can be written there; the attempt is not taken.
    """
    while not spool.has_outcome(claim.key, claim.attempt):
        last, number = spool.last_claim(claim.key, claim.attempt)
        if last is None:
            mine = claim._replace(restart=restart or 0)
        elif _again(last, claim, restart, began):
            mine = claim._replace(restart=last.restart + 1 if restart is None else restart)
        else:
            return None
        if spool.claim(mine, number):
            return mine
        time.sleep(_MOMENT)  # somebody was faster: see who
    return None


def _again(last: Claim, claim: Claim, restart: int | None, began: float) -> bool:
    """Whether this is a later start of the very job that made the last claim."""
    if not claim.job or last.job != claim.job:
        return False
    if restart is not None:
        return restart > last.restart
    # The scheduler (PBS) does not number its starts. It never has two at once, so this one, if it began after that
    # claim was made, is a later one. A second process of the same start began before.
    if (last.host, last.boot) == (claim.host, claim.boot):
        return began > last.at and not alive(last)
    return began > last.at + _SKEW
