"""A workflow with a bit of everything: a diamond, copies, copies of chains, and copies of copies."""

from __future__ import annotations

from typing import Final

from tests.chaos.driving import quick, submit

from perqueue import StaticWidthGroup

ENTRIES: Final = 61
"""How many entries there are, from the start."""


def submit_campaign(nap: float = 0.01) -> None:
    """Submit it, in two parts, to the current folder's queue. ``nap``: seconds that each task takes at least."""
    left, right, many, meet, last = (quick(nap, name) for name in ("left", "right", "many", "meet", "last"))
    diamond = quick(nap, "first") >> (left | right) >> StaticWidthGroup(many, 20) >> meet
    nested = StaticWidthGroup(StaticWidthGroup(quick(nap, "inner") >> quick(nap, "outer"), 3), 4)
    submit(
        diamond >> nested >> last,
        StaticWidthGroup(quick(nap, "one") >> quick(nap, "two"), 6),
    )
