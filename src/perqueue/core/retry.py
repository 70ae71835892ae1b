"""When an attempt that ended badly is followed by another one without anybody asking: the policy of a task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from .errors import ResourcesError, RetryError
from .resources import format_memory, format_seconds, parse_memory, parse_time

REASONS: Final = (
    "walltime",
    "oom",
    "node-failure",
    "launch",
    "vanished",
    "preempted",
    "lost",
    "signal",
    "raised",
    "exit",
    "os-exit",
)
"""Reasons of ends that a policy may name."""

_ALIASES: Final = {"timeout": "walltime", "out-of-memory": "oom", "node_failure": "node-failure"}
USUAL: Final = ("walltime", "oom", "node-failure")
NOT_AGAIN: Final = "not tried again: "
"""What stands in an end's message before the reason why no retry follows, although the policy names such ends."""


def _reasons(given: Iterable[str] | str) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else tuple(given)
    named = tuple(_ALIASES.get(word, word) for word in words)
    unknown = [word for word in named if word not in REASONS]
    if unknown:
        raise RetryError("on", unknown[0], f"is no reason; choose from: {', '.join(REASONS)}")
    return tuple(reason for reason in REASONS if reason in named)


def _times(_retry: object, _field: object, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RetryError("times", value, "is not a whole number from 0")


def _factor(_retry: object, attribute: object, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 1 <= value <= 100:
        raise RetryError(getattr(attribute, "name", "factor"), value, "is not a factor from 1 to 100")


def _flag(_retry: object, attribute: object, value: object) -> None:
    if not isinstance(value, bool):
        raise RetryError(getattr(attribute, "name", "flag"), value, "is neither True nor False")


def _longest(given: object) -> int | None:
    try:
        return None if given is None else parse_time(given)
    except ResourcesError as error:
        why = "is no time: write a number of seconds, or text such as '10m' or '24h'"
        raise RetryError("max_time", given, why) from error


def _largest(given: object) -> int | None:
    try:
        return parse_memory(given)
    except ResourcesError as error:
        why = "is no memory: write a number of MiB, or text such as '500M' or '4G'"
        raise RetryError("max_memory", given, why) from error


@frozen
class Retry:
    """How often an entry is tried again by itself, after which ends, and with how much more.

    After ends for which there is more to ask for (walltime, oom), an attempt follows only if it gets more: nothing does
    at ``max_time`` or ``max_memory``, nor after too little memory where nobody says how much that was. A factor of 1
    asks for the same again.

    Args:
        times: Most attempts after the first one, over all reasons; counted anew when somebody resubmits the entry.
        on: The reasons, from :data:`REASONS`; "timeout" means "walltime".
        time: Factor on the walltime after one that was too short.
        memory: Factor on the memory after too little of it, be that the task's own or its partition's.
        avoid: Ask for other nodes than the one that failed, where an attempt has one node and there are others.
        max_time: Most that the walltime grows to, in seconds; text such as ``24h`` is converted. None: no limit.
        max_memory: Most that the memory grows to, in MiB; text such as ``64G`` is converted. None: no limit.

    Raises:
        RetryError: A value is none of these.
    """

    times: int = field(default=1, validator=_times)
    on: tuple[str, ...] = field(default=USUAL, converter=_reasons)
    time: float = field(default=1.5, validator=_factor)
    memory: float = field(default=2.0, validator=_factor)
    avoid: bool = field(default=True, validator=_flag)
    max_time: int | None = field(default=None, converter=_longest)
    max_memory: int | None = field(default=None, converter=_largest)

    def __str__(self) -> str:
        time = "" if self.max_time is None else f" up to {format_seconds(self.max_time)}"
        memory = "" if self.max_memory is None else f" up to {format_memory(self.max_memory)}"
        growth = [f"time x {self.time:g}{time}"] if "walltime" in self.on else []
        growth += [f"memory x {self.memory:g}{memory}"] if "oom" in self.on else []
        growth += ["another node"] if self.avoid and "node-failure" in self.on else []
        often = "once" if self.times == 1 else f"{self.times} times"
        after = f"{often} after {', '.join(self.on)}" if self.on and self.times else "never"
        return f"{after} ({', '.join(growth)})" if growth and self.times else after
