"""Facts that the planner is told. Time enters only here: ``at`` is Unix time in seconds."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from .graph import Graph
from .records import Outcome, StoredTask


@frozen
class Submitted:
    """A user submitted a graph; ``tasks`` are the stored forms of the graph's tasks, in order."""

    at: float
    graph: Graph
    tasks: tuple[StoredTask, ...]


@frozen
class Resubmitted:
    """A user asked to run these settled entries again."""

    at: float
    keys: tuple[int, ...]


@frozen
class Cancelled:
    """A user gave these entries up."""

    at: float
    keys: tuple[int, ...]


@frozen
class Removed:
    """A user removed these entries, and with them whatever depends on them."""

    at: float
    keys: tuple[int, ...]


@frozen
class Edited:
    """A user changed what an entry runs; ``everywhere``: also for entries yet to be made of the same node."""

    at: float
    keys: tuple[int, ...]
    task: StoredTask
    everywhere: bool = False


@frozen
class Admitted:
    """An executor has room: record an attempt of this entry, to be launched."""

    at: float
    key: int


@frozen
class Launched:
    """The executor took the attempt under this job id."""

    at: float
    key: int
    attempt: int
    job: str


@frozen
class Started:
    """The attempt runs; ``restart``: how often the scheduler itself has started it again."""

    at: float
    key: int
    attempt: int
    host: str
    pid: int | None
    restart: int = 0


@frozen
class Ended:
    """The attempt is over."""

    at: float
    key: int
    attempt: int
    outcome: Outcome


Report: TypeAlias = Launched | Started | Ended
Request: TypeAlias = Submitted | Resubmitted | Cancelled | Removed | Edited
Event: TypeAlias = Request | Admitted | Report
