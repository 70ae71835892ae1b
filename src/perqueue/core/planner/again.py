"""Attempts that follow others by themselves: retries by a task's policy, and going on from a checkpoint."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from ..records import Outcome, Verdict
from ..resources import MOST_MEMORY, MOST_SECONDS, Resources, format_memory, format_seconds
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


def hopeless(resources: Resources, retry: Retry, outcome: Outcome) -> str:
    """Why an attempt that follows would only end as this one did; empty if it may end in another way.

    Args:
        resources: What the attempt had.
        retry: The policy, by which one would follow.
        outcome: How the attempt ended.
    """
    match outcome.reason:
        case "walltime" if retry.time > 1 and grown(resources, retry, outcome) == resources:
            had, most, name = format_seconds(resources.seconds), retry.max_time, "max_time"
            told = "" if most is None else format_seconds(most)
        case "oom" if retry.memory > 1 and resources.memory is None:
            return "nobody says how much memory it had, so there is nothing to multiply"
        case "oom" if retry.memory > 1 and resources.memory and grown(resources, retry, outcome) == resources:
            had, most, name = format_memory(resources.memory), retry.max_memory, "max_memory"
            told = "" if most is None else format_memory(most)
        case _:
            return ""
    return f"it had {had}, {f'and its retries ask for {told} at most ({name})' if told else 'the most there is'}"


def grown(resources: Resources, retry: Retry | None, outcome: Outcome) -> Resources:
    """What the next attempt asks for, given what the last one had and how it ended.

    What grows does so by one at least, and never beyond the policy's maximum; what is beyond that already stays.
    """
    if retry is None:
        return resources
    match outcome.reason:
        case "walltime":
            return evolve(resources, seconds=_more(resources.seconds, retry.time, retry.max_time, MOST_SECONDS))
        case "oom" if resources.memory is not None:
            return evolve(resources, memory=_more(resources.memory, retry.memory, retry.max_memory, MOST_MEMORY))
        # The one host that is known is the first of several, and another one may have failed.
        case "node-failure" if retry.avoid and outcome.host and (resources.nodes or 1) == 1:
            return evolve(resources, avoid=tuple(dict.fromkeys((*resources.avoid, outcome.host))))
        case _:
            return resources


def _more(had: int, factor: float, limit: int | None, most: int) -> int:
    if factor == 1:
        return had
    return max(had, min(max(had + 1, round(had * factor)), most if limit is None else limit))
