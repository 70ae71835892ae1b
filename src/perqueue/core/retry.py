"""When an attempt that ended badly is followed by another one without anybody asking: the policy of a task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from .errors import RetryError

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


@frozen
class Retry:
    """How often an entry is tried again by itself, after which ends, and with how much more.

    Args:
        times: Most attempts after the first one, over all reasons; counted anew when somebody resubmits the entry.
        on: The reasons, from :data:`REASONS`; "timeout" means "walltime".
        time: Factor on the walltime after one that was too short.
        memory: Factor on the memory after too little of it, where memory was asked for.
        avoid: Ask for other nodes than the one that failed.

    Raises:
        RetryError: A value is none of these.
    """

    times: int = field(default=1, validator=_times)
    on: tuple[str, ...] = field(default=USUAL, converter=_reasons)
    time: float = field(default=1.5, validator=_factor)
    memory: float = field(default=2.0, validator=_factor)
    avoid: bool = field(default=True, validator=_flag)

    def __str__(self) -> str:
        growth = [f"time x {self.time:g}"] if "walltime" in self.on else []
        growth += [f"memory x {self.memory:g}"] if "oom" in self.on else []
        growth += ["another node"] if self.avoid and "node-failure" in self.on else []
        often = "once" if self.times == 1 else f"{self.times} times"
        after = f"{often} after {', '.join(self.on)}" if self.on and self.times else "never"
        return f"{after} ({', '.join(growth)})" if growth and self.times else after
