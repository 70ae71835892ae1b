"""What the results that come into a group say about it: how wide, which branch, whether to go on.

A control key counts under the name that it has after ports, or else as the parent returned it: ports say which data
pass, and a decision is no datum. Whoever returned the key must agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import frozen

from ..graph import LoopKind, SwitchKind, WidthKind
from ..keys import CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY, MAXTRIES_KW, SWITCHGROUP_KEY, SWITCHGROUP_SKIP
from ..merge import arguments
from ..policy import Key
from ..records import Frame
from ..view import Json
from .draft import Draft
from .inputs import Result, data_of, keys_of, pass_on, results_into, results_of
from .typed_inputs import Element, elements_into

_REASONS: Final = {
    DYNAMICWIDTHGROUP_KEY: "width",
    SWITCHGROUP_KEY: "switch",
    MAXTRIES_KW: "tries",
}

MOST_COPIES: Final = 1_000_000
"""A wider group is taken for a mistake: it would fill the disk before anything runs."""

_SHOWN: Final = 6


@frozen
class Refusal:
    """A group can't go on.

    Args:
        keys: The entries that decide it.
        reason: One word.
        message: What the group needs, what they returned, and what to do.
    """

    keys: tuple[int, ...]
    reason: str
    message: str


@frozen
class Width:
    """So many copies; ``elements``: what each of them is given, if not all are given the same."""

    copies: int
    elements: tuple[Element, ...] = ()


_Said: TypeAlias = list[tuple[int, Json]]
"""Entry keys, with what they returned."""


def width(draft: Draft, frame: Frame, kind: WidthKind) -> Width | Refusal:
    """How many copies a dynamic width group has."""
    results = results_into(draft, frame)
    said, keys = _said(draft, results, DYNAMICWIDTHGROUP_KEY)
    if not said and (elements := elements_into(draft, frame, results)) is not None:
        return _checked(keys, said, Width(len(elements), tuple(elements)), kind.label)
    number = _agreed(said, keys, kind.label, DYNAMICWIDTHGROUP_KEY, _whole, "a whole number from 0")
    return number if isinstance(number, Refusal) else _checked(keys, said, Width(number), kind.label)


def branch(draft: Draft, frame: Frame, kind: SwitchKind) -> int | Refusal:
    """The scope that a switch runs; -1 for an empty branch or none."""
    said, keys = _said(draft, results_into(draft, frame), SWITCHGROUP_KEY)
    scopes: dict[Key, int] = {branch.key: branch.body for branch in kind.branches}
    allowed = f"one of {', '.join(map(repr, scopes))} or {SWITCHGROUP_SKIP!r}"
    scopes.setdefault(SWITCHGROUP_SKIP, -1)

    def scope(value: Json) -> int | None:
        # A bool would find the key 1.
        return scopes.get(value) if isinstance(value, str | int) and not isinstance(value, bool) else None

    return _agreed(said, keys, kind.label, SWITCHGROUP_KEY, scope, allowed)


def limit(draft: Draft, frame: Frame, kind: LoopKind) -> int | Refusal:
    """How many iterations a loop may have."""
    said, keys = _said(draft, results_into(draft, frame), MAXTRIES_KW)
    if not said:
        return kind.max_tries
    return _agreed(said, keys, kind.label, MAXTRIES_KW, lambda value: _whole(value) or None, "a whole number from 1")


def goes_on(draft: Draft, loop: Frame, iteration: Frame, kind: LoopKind) -> bool | Refusal:
    """Whether another iteration follows on one that is done."""
    results = results_of(draft, iteration)
    said, keys = _said(draft, results, CYCLICALGROUP_KEY)
    wrong: _Said = [(key, value) for key, value in said if value not in (True, False)]
    if wrong:
        return Refusal(keys, "toggle", f"{kind.label}: {_told(wrong)} as {CYCLICALGROUP_KEY!r}, not True or False")
    if len(said) < len(results) or not results:
        told = {key for key, _ in said}
        silent = [key for key in keys if key not in told]
        advice = "a loop's last tasks return True under it to end the loop, or False to go on"
        return Refusal(keys, "toggle", f"{kind.label}: {_listed(silent)} returned no {CYCLICALGROUP_KEY!r}; {advice}")
    going: _Said = [(key, value) for key, value in said if not value]
    if going and results == results_into(draft, iteration):
        # The next iteration would be given the same, and do the same.
        ran = f"nothing ran in iteration {iteration.copy}"
        message = f"{kind.label}: {ran}, and {_told(going)} as {CYCLICALGROUP_KEY!r}: it would go round for ever"
        return Refusal(keys, "tries", message)
    if going and iteration.copy + 1 >= loop.limit:
        tries = f"its {loop.limit} tries are used up" if loop.limit > 1 else "its only try is used up"
        return Refusal(keys, "tries", f"{kind.label}: {tries}, and {_told(going)} as {CYCLICALGROUP_KEY!r}")
    return bool(going)


def _said(draft: Draft, results: list[Result], name: str) -> tuple[_Said, tuple[int, ...]]:
    """What was returned under a name, and the keys of all entries that might have said it."""
    said: _Said = []
    keys: list[int] = []
    for source, way in results:
        whole = arguments(data_of(draft, source))
        passed = pass_on(whole, way)
        key = keys_of(draft, source)[0]
        keys.append(key)
        if name in passed:
            said.append((key, passed[name]))
        elif name in whole:
            said.append((key, whole[name]))
    return said, tuple(keys)


def _agreed(
    said: _Said,
    keys: tuple[int, ...],
    label: str,
    name: str,
    read: Callable[[Json], int | None],
    allowed: str,
) -> int | Refusal:
    """The one value that all say, read; ``read`` gives None for what is not allowed."""
    if not said:
        return Refusal(
            keys, _REASONS[name], f"{label}: {_listed(list(keys))} returned no {name!r}; return {allowed} under it"
        )
    if any(value != said[0][1] for _, value in said):
        return Refusal(keys, _REASONS[name], f"{label}: its parents don't agree on {name!r}: {_told(said)}")
    found = read(said[0][1])
    if found is None:
        return Refusal(keys, _REASONS[name], f"{label}: {_told(said[:1])} as {name!r}, not {allowed}")
    return found


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _checked(keys: tuple[int, ...], said: _Said, found: Width, label: str) -> Width | Refusal:
    if found.copies <= MOST_COPIES:
        return found
    if said:
        who = f"{_told(said[:1])} as {DYNAMICWIDTHGROUP_KEY!r}"
    else:
        who = f"{_listed(list(keys))} returned {found.copies} elements"
    return Refusal(keys, "width", f"{label}: {who}; a group has at most {MOST_COPIES:,} copies")


def _told(said: _Said) -> str:
    shown = ", ".join(f"entry {key} returned {value!r}" for key, value in said[:_SHOWN])
    return f"{shown} and {len(said) - _SHOWN} more" if len(said) > _SHOWN else shown


def _listed(keys: list[int]) -> str:
    if not keys:
        return "nothing before it"
    shown = ", ".join(map(str, keys[:_SHOWN])) + (f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else "")
    return f"entry {shown}" if len(keys) == 1 else f"entries {shown}"
