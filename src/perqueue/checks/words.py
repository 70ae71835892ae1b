"""What decides a group, in the words of whoever has to say it: a script returns keys, a typed function answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perqueue.core.keys import CYCLICALGROUP_KEY, DYNAMICWIDTHGROUP_KEY, SWITCHGROUP_KEY, SWITCHGROUP_SKIP

from .names import Literal

_ANSWERS: Final = {
    CYCLICALGROUP_KEY: "a Stop or a Continue",
    DYNAMICWIDTHGROUP_KEY: "a Width or a list",
    SWITCHGROUP_KEY: "a Choose",
}


def says_it(key: str, *, typed: bool) -> str:
    """That somebody says it: ``returns 'pq_dwg_width'``, ``returns a Width or a list``."""
    return f"returns {_ANSWERS[key] if typed else repr(key)}"


def silence(key: str, *, typed: bool) -> str:
    """That nobody does."""
    who = "last tasks" if key == CYCLICALGROUP_KEY else "parents"
    return f"its {who} never {says_it(key, typed=typed).replace('returns', 'return', 1)}"


def advice(key: str, branches: Sequence[Literal], *, typed: bool) -> str:
    """What to return; ``branches`` are those of a switch."""
    named = ", ".join(map(repr, branches))
    if not typed:
        allowed = {
            CYCLICALGROUP_KEY: "True to end the loop, or False to go on,",
            DYNAMICWIDTHGROUP_KEY: "a whole number from 0",
            SWITCHGROUP_KEY: f"one of {named} or {SWITCHGROUP_SKIP!r}",
        }
        return f"return {allowed[key]} under it"
    answers = {
        CYCLICALGROUP_KEY: "Stop(...) to end the loop, or Continue(...) to go on",
        DYNAMICWIDTHGROUP_KEY: "Width(n, ...), or a list with an element for each copy",
        SWITCHGROUP_KEY: f"Choose(key, ...) with one of {named} or {SWITCHGROUP_SKIP!r}",
    }
    return f"return {answers[key]}"
