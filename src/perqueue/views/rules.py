"""What groups say of themselves, in words: how often their bodies run, and what they do about losses."""

from __future__ import annotations

from typing import Any, assert_never

from perqueue.core.graph import JoinKind, Kind, LoopKind, SwitchKind, TaskKind, WidthKind
from perqueue.core.policy import OnDiscard, Policy


def name(kind: Kind) -> str:
    """The name of the class that describes it; nothing for tasks and joins."""
    match kind:
        case WidthKind(width=width):
            return "DynamicWidthGroup" if width is None else "StaticWidthGroup"
        case LoopKind():
            return "CyclicalGroup"
        case SwitchKind():
            return "SwitchGroup"
        case TaskKind() | JoinKind():
            return ""
        case _:
            assert_never(kind)


def rule(kind: Kind) -> str:
    """The name, with how often the body may run: ``DynamicWidthGroup ×?``, ``CyclicalGroup ≤ 10``."""
    match kind:
        case WidthKind(width=width):
            return f"{name(kind)} ×{'?' if width is None else width}"
        case LoopKind(max_tries=tries):
            return f"{name(kind)} ≤ {tries}"
        case SwitchKind() | TaskKind() | JoinKind():
            return name(kind)
        case _:
            assert_never(kind)


def description(kind: Kind) -> str:
    """As it was written, shortened: ``StaticWidthGroup(a >> b, width=3)``."""
    match kind:
        case WidthKind(label=label) | LoopKind(label=label) | SwitchKind(label=label):
            return label
        case TaskKind() | JoinKind():
            return ""
        case _:
            assert_never(kind)


def policy_words(policy: Policy) -> str:
    """A policy in words."""
    match policy.on_discard:
        case OnDiscard.axe:
            discard = "a discard in a copy axes what follows the group"
        case OnDiscard.drop:
            discard = "a copy with a discard is left out"
        case _:
            assert_never(policy.on_discard)
    if policy.tolerate == 0:
        return f"{discard}; a failure keeps what follows waiting"
    copies = "one copy" if policy.tolerate == 1 else f"{policy.tolerate} copies"
    return f"{discard}; {copies} may fail and {'is' if policy.tolerate == 1 else 'are'} left out"


def policy_data(policy: Policy) -> dict[str, Any]:
    """A policy for programs."""
    return {"on_discard": str(policy.on_discard), "tolerate": policy.tolerate}
