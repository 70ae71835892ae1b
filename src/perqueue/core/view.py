"""The narrow window through which the planner reads the queue. Every call costs the same in a queue of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from .records import Attempt, Entry, Frame, Ref, Source, StoredTask

if TYPE_CHECKING:  # whoever only lists a queue needs no graphs
    from .decision import Counters
    from .graph import Node, Scope

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class View(Protocol):
    """What the planner may ask. Nothing is changed by asking."""

    def counters(self) -> Counters:
        """The highest numbers given."""
        ...

    def entry(self, key: int) -> Entry | None:
        """The entry, or None if there is none (any more)."""
        ...

    def frame(self, number: int) -> Frame | None:
        """The frame, or None if there is none (any more)."""
        ...

    def at(self, frame: int, copy: int, node: int) -> Ref | None:
        """What stands at a place, or None if it was removed."""
        ...

    def source(self, number: int) -> Source:
        """Merged results by number."""
        ...

    def attempt(self, key: int, number: int) -> Attempt | None:
        """One attempt of an entry."""
        ...

    def data(self, key: int) -> Mapping[str, Json] | None:
        """The result of the entry's standing attempt, encoded, or None."""
        ...

    def node(self, graph: int, node: int) -> Node:
        """A node of a graph."""
        ...

    def scope(self, graph: int, scope: int) -> Scope:
        """A scope of a graph."""
        ...

    def node_task(self, graph: int, node: int) -> int:
        """Number of the stored task that new entries of this node run."""
        ...

    def task(self, number: int) -> StoredTask:
        """A stored task."""
        ...
