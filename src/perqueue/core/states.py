"""The states of an entry and every move between them.

Theory of operation
===================

An entry is *waiting* until each thing it depends on is done. Then it is given the *goahead*: its inputs
exist, and any tick may hand it to an executor, which makes it *queueing* (an attempt is recorded, then
launched) and, once the executor says so, *running*. An attempt ends in one of six ways: *succeeded*,
*discarded* (the task returned False), *failed*, *timeout*, nobody cares any more (``RESET``), or its task's policy
wants another one (``RETRY``), which is *goahead* again. What
depends on a discarded entry is *axed*, and so is what depends on a failed one where a group tolerates failures. A
result that says nothing usable to the group that it decides (how wide, which branch, whether to go on) makes its entry
fail after all (``REFUSE``); the data stay with it.

Reports arrive late, twice and out of order, so an executor's report moves an entry only from *queueing* or
*running*, and only if it names the entry's present attempt (see the planner). Settled states
(*succeeded*, *discarded*, *failed*, *timeout*, *axed*) are left only through something that a user asked for: a
resubmission of the entry itself (``RESUBMIT``) or of something it depends on (``RESET``, ``REVIVE``).

``TRANSITIONS`` is the whole truth: every change of state goes through :func:`move`, and the diagram in
the documentation is drawn from it.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final

from .errors import BrokenInvariantError


class EntryState(StrEnum):
    """What an entry is doing; ``str(state)`` is its name."""

    undefined = "undefined"
    waiting = "waiting"
    goahead = "goahead"
    queueing = "queueing"
    running = "running"
    succeeded = "succeeded"
    discarded = "discarded"
    axed = "axed"
    failed = "failed"
    timeout = "timeout"

    @property
    def letter(self) -> str:
        """The one letter that ``-s`` options and selections use."""
        return "x" if self is EntryState.axed else self.value[0]

    @property
    def active(self) -> bool:
        """Whether an attempt of the entry is with an executor."""
        return self in ACTIVE

    @property
    def settled(self) -> bool:
        """Whether the entry stays as it is until somebody asks for a change."""
        return self in SETTLED

    @property
    def dead(self) -> bool:
        """Whether what depends on the entry can't run."""
        return self in DEAD


BY_LETTER: Final = MappingProxyType({state.letter: state for state in EntryState})
ACTIVE: Final = frozenset({EntryState.queueing, EntryState.running})
DEAD: Final = frozenset({EntryState.discarded, EntryState.axed})
SETTLED: Final = frozenset({EntryState.succeeded, EntryState.failed, EntryState.timeout}) | DEAD


class Trigger(Enum):
    """Why a state changes."""

    READY = auto()
    """Everything that the entry depends on is done."""
    ADMIT = auto()
    """A tick recorded an attempt, to be launched."""
    START = auto()
    """The executor says that the attempt runs."""
    SUCCEED = auto()
    DISCARD = auto()
    FAIL = auto()
    TIME_OUT = auto()
    REFUSE = auto()
    """A group can't go on with what the entry returned."""
    CANCEL = auto()
    """A user gave it up before an attempt was launched."""
    AXE = auto()
    """Something that the entry depends on was discarded, or failed where that is tolerated."""
    REVIVE = auto()
    """What the entry was axed for is being run again."""
    RESET = auto()
    """Something that the entry depends on is being run again."""
    RETRY = auto()
    """Its attempt ended in a way after which its policy wants another, or from which it can go on."""
    RESUBMIT = auto()
    """A user asked for another attempt."""


def _table() -> dict[tuple[EntryState, Trigger], EntryState]:
    s, t = EntryState, Trigger
    rows: list[tuple[tuple[EntryState, ...], Trigger, EntryState]] = [
        ((s.waiting,), t.READY, s.goahead),
        ((s.goahead,), t.ADMIT, s.queueing),
        ((s.queueing,), t.START, s.running),
        ((s.queueing, s.running), t.SUCCEED, s.succeeded),
        ((s.queueing, s.running), t.DISCARD, s.discarded),
        ((s.queueing, s.running), t.FAIL, s.failed),
        ((s.queueing, s.running), t.TIME_OUT, s.timeout),
        ((s.queueing, s.running), t.RETRY, s.goahead),
        ((s.succeeded,), t.REFUSE, s.failed),
        ((s.waiting, s.goahead), t.CANCEL, s.failed),
        ((s.waiting, s.failed), t.AXE, s.axed),
        ((s.axed,), t.REVIVE, s.waiting),
        (
            (s.goahead, s.queueing, s.running, s.succeeded, s.discarded, s.failed, s.timeout),
            t.RESET,
            s.waiting,
        ),
        ((s.succeeded, s.discarded, s.failed, s.timeout), t.RESUBMIT, s.waiting),
    ]
    return {(state, trigger): target for states, trigger, target in rows for state in states}


TRANSITIONS: Final = MappingProxyType(_table())


def move(state: EntryState, trigger: Trigger) -> EntryState:
    """The state after ``trigger``.

    Raises:
        BrokenInvariantError: There is no such transition: the planner asked for something impossible.
    """
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise BrokenInvariantError(f"no transition from {state} by {trigger.name}") from None


def diagram() -> str:
    """The state diagram, as Mermaid text, drawn from :data:`TRANSITIONS`."""
    lines = ["stateDiagram-v2", "    [*] --> waiting"]
    arrows: dict[tuple[EntryState, EntryState], list[str]] = {}
    for (state, trigger), target in TRANSITIONS.items():
        arrows.setdefault((state, target), []).append(trigger.name.lower().replace("_", " "))
    lines += [f"    {state} --> {target}: {', '.join(names)}" for (state, target), names in arrows.items()]
    return "\n".join(lines) + "\n"
