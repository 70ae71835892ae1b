"""What hooks bring that belongs to no other room: commands of ``pq``, and observers of what was committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from perqueue.executors.protocol import Site
    from perqueue.store.protocol import LoggedEvent

    Observer: TypeAlias = Callable[[LoggedEvent], object]
    """Is given each event of the log, one after the other; what it returns is not looked at."""


@frozen
class CommandPlugin:
    """A command of ``pq``.

    Args:
        name: What it is called by; perqueue's own names are taken.
        summary: One line for ``pq --help`` and listings.
        load: Gives the function with typer's annotations, or a ``typer.Typer`` of sub-commands. It is called when the
            command is, and not before.
    """

    name: str
    summary: str
    load: Callable[[], Any]


@frozen
class ObserverPlugin:
    """Somebody who is told what was committed.

    The queue's supervisor tells it each event of the log after the commit, in the order of their numbers ``seq``. The
    number of the last one is kept in the queue's folder, so that the next supervisor leaves nothing out. An event may
    come again after a crash: never with another number or content.

    Args:
        name: What listings call it, and the name of the file that keeps its place.
        summary: One line for listings.
        open: Start it for a queue. It gives what is called with each event.
        replay: Whether it is also told what had been committed when a supervisor first found it. A submission script
            commits before there is a supervisor, so without this the first submission is missing.
    """

    name: str
    summary: str
    open: Callable[[Site], Observer]
    replay: bool = True
