"""The picture of a submission, or of a whole queue: what may happen, what did, or both.

Tasks are boxes, groups are boxes around them. An arrow goes from what gives a result to what gets it, between things
that stand in the same group; joins are looked through. So a group is fed and followed as one, however wide it is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from perqueue.core.records import Entry
from perqueue.store.protocol import Row, Snapshot

from .boxes import Picture, Sketch
from .grown import Instance
from .template import Description

MOST: Final = 60
"""Entries that are drawn one by one."""


class Shown(StrEnum):
    """What a picture is about."""

    template = "template"
    """The description: each task of a group once, and how often the group may run it; no entries and states."""
    instance = "instance"
    """What came of it so far."""
    both = "both"
    """What came of it, and where that is not known yet, what may."""


def picture(state: Snapshot, entry: Entry | None = None, shown: Shown = Shown.both, most: int = MOST) -> Picture:
    """Draw up a picture.

    Args:
        state: What to draw.
        entry: An entry of the submission to draw; None: all submissions.
        shown: Whether the description, what came of it, or both.
        most: With more entries (or, in a description, tasks side by side) than this, equal ones share a box.
    """
    rows = list(state.rows(None if entry is None else state.keys_of(entry.graph)))
    graphs: dict[int, list[Row]] = {}
    for row in rows:
        graphs.setdefault(row.entry.graph, []).append(row)
    sketch = Sketch(max((row.entry.key for row in rows), default=0))
    for graph, found in sorted(graphs.items()):
        if shown is Shown.template:
            Description(state, graph).draw_scope(sketch, 0, 0, most)
        else:
            single, planned = len(rows) <= most, shown is Shown.both
            Instance(state, found, sketch, most, single=single, planned=planned).draw()
    return sketch.picture()
