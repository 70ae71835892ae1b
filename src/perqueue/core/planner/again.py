"""Attempts that follow others by themselves: retries by a task's policy, and going on from a checkpoint."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from ..records import Outcome, Verdict
from ..resources import Resources
from ..retry import Retry

CHECKPOINT: Final = "checkpoint"
"""The reason of an attempt that ran out of time and said, through its script's ``checkpoint()``, that it can go on."""
CONTINUES: Final = 1000
"""Most attempts that may go on from a checkpoint, one after another: a script that never gets further must end too."""


def follows(retry: Retry | None, outcome: Outcome, retries: int, continued: int) -> bool | None:
    """Whether another attempt follows an end: True for a retry, False for going on from a checkpoint, None for neither.

    Args:
        retry: The policy, if there is one.
        outcome: How the attempt ended.
        retries: Retries since the entry was last asked for.
        continued: How often it went on from a checkpoint since then.
    """
    if outcome.verdict is Verdict.timeout and outcome.reason == CHECKPOINT:
        return False if continued < CONTINUES else None
    if outcome.verdict not in (Verdict.failed, Verdict.timeout):
        return None
    return True if retry is not None and retries < retry.times and outcome.reason in retry.on else None


def grown(resources: Resources, retry: Retry | None, outcome: Outcome) -> Resources:
    """What the next attempt asks for, given what the last one had and how it ended."""
    if retry is None:
        return resources
    match outcome.reason:
        case "walltime":
            return evolve(resources, seconds=max(resources.seconds, round(resources.seconds * retry.time)))
        case "oom" if resources.memory is not None:
            return evolve(resources, memory=round(resources.memory * retry.memory))
        case "node-failure" if retry.avoid and outcome.host and outcome.host not in resources.avoid:
            return evolve(resources, avoid=(*resources.avoid, outcome.host))
        case _:
            return resources
