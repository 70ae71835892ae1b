"""What a picture shows: boxes within groups, and arrows, before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from attrs import field, frozen

from perqueue.core.states import EntryState
from perqueue.store.protocol import Row

_GRAVE: Final = (
    EntryState.failed, EntryState.timeout, EntryState.running, EntryState.queueing, EntryState.goahead,
    EntryState.discarded, EntryState.axed, EntryState.waiting, EntryState.succeeded, EntryState.undefined,
)  # fmt: skip
"""The state that gives a box of many its colour: the first of these that occurs."""


@frozen
class Box:
    """A task, or entries of it.

    Args:
        id: Its number; the key of its entry, if it has one.
        name: The task's name.
        keys: The entries in it.
        counts: How many of these are in each state.
        copies: How many there are, of tasks in a description.
        group: Number of the group that it stands in; 0 if in none.
        planned: Whether it only may come to be.
    """

    id: int
    name: str
    keys: tuple[int, ...] = ()
    counts: Mapping[EntryState, int] = field(factory=dict)
    copies: int = 1
    group: int = 0
    planned: bool = False

    @property
    def state(self) -> EntryState | None:
        """The state that gives it its colour; None in a template."""
        return next((state for state in _GRAVE if self.counts.get(state)), None)

    @property
    def detail(self) -> str:
        """The second line of its label: ``3``, or ``40 s, 2 f`` for many."""
        if len(self.keys) == 1 and self.copies == 1:
            return str(self.keys[0])
        return ", ".join(f"{self.counts[state]} {state.letter}" for state in EntryState if self.counts.get(state))

    @property
    def title(self) -> str:
        """The first line of its label: the name, and how many there are."""
        return self.name if self.copies == 1 else f"{self.name} ×{self.copies}"


@frozen
class GroupBox:
    """A group, or one copy, iteration or branch of it; boxes and other groups stand inside.

    Args:
        id: Its number, higher than that of the group around it; no box has it.
        title: What it is, and how often its body runs.
        detail: More about it, such as its policy; may be empty.
        group: Number of the group that it stands in; 0 if in none.
        planned: Whether it only may come to be.
    """

    id: int
    title: str
    detail: str = ""
    group: int = 0
    planned: bool = False


Part: TypeAlias = Box | GroupBox


@frozen
class Picture:
    """Boxes, arrows between the numbers of boxes or groups, and groups."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    groups: tuple[GroupBox, ...] = ()

    @property
    def parts(self) -> list[Part]:
        """Boxes and groups, by their numbers."""
        parts: list[Part] = [*self.boxes, *self.groups]
        return sorted(parts, key=lambda part: part.id)

    def contents(self) -> dict[int, list[int]]:
        """Numbers of what stands directly in each group, and in none (0)."""
        found: dict[int, list[int]] = {0: []}
        found |= {group.id: [] for group in self.groups}
        for part in self.parts:
            found[part.group].append(part.id)
        return found


class Sketch:
    """A picture that is being made. Numbers that are not keys come after ``last``, the last key of the queue."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._boxes: list[Box] = []
        self._groups: list[GroupBox] = []
        self._arrows: dict[tuple[int, int], None] = {}

    def entries(self, rows: Iterable[Row], group: int) -> int:
        """Add a box with entries; its number."""
        found = sorted(rows, key=lambda row: row.entry.key)
        counts: dict[EntryState, int] = {}
        for row in found:
            counts[row.entry.state] = counts.get(row.entry.state, 0) + 1
        keys = tuple(row.entry.key for row in found)
        number = keys[0] if len(keys) == 1 else self._next()
        self._boxes.append(Box(number, found[0].task.name, keys, counts, len(keys), group))
        return number

    def task(self, name: str, copies: int, group: int, *, planned: bool) -> int:
        """Add a box for tasks of this name; its number."""
        self._boxes.append(Box(self._next(), name, copies=copies, group=group, planned=planned))
        return self._last

    def group(self, title: str, detail: str, group: int, *, planned: bool = False) -> int:
        """Add a group; its number."""
        self._groups.append(GroupBox(self._next(), title, detail, group, planned))
        return self._last

    def arrow(self, start: int, end: int) -> None:
        """Add an arrow, once."""
        self._arrows[start, end] = None

    def picture(self) -> Picture:
        """The picture."""
        return Picture(tuple(self._boxes), tuple(self._arrows), tuple(self._groups))

    def _next(self) -> int:
        self._last += 1
        return self._last
