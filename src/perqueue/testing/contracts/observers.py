"""The contract of observers, as tests that any of them can run.

A package that brings an observer subclasses it in its tests::

    class TestMyObserver(ObserverContract):
        def make_observer(self, site):
            return MY_OBSERVER.open(site)

pytest then finds all tests. What the observer makes of the events is for tests of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from perqueue.engine.folder import create_folder
from perqueue.executors.protocol import Site
from perqueue.store.protocol import LoggedEvent

from .missing import MissingPartError

if TYPE_CHECKING:
    from perqueue.plugins.parts import Observer

EVENTS: Final = (
    LoggedEvent(1, 1.0, "submitted", 0, 0, {"tasks": ["a.py", "b.py"], "graph": 1, "stored": [[1, 2]]}),
    LoggedEvent(2, 1.5, "admitted", 1, 0, {}),
    LoggedEvent(3, 1.6, "launched", 1, 1, {"job": "4711_3"}),
    LoggedEvent(4, 2.0, "started", 1, 1, {"host": "node1", "pid": 123}),
    LoggedEvent(5, 9.0, "ended", 1, 1, {"verdict": "failed", "reason": "raised", "message": "ValueError: \n'µ'"}),
    LoggedEvent(6, 10.0, "resubmitted", 1, 0, {}),
    LoggedEvent(7, 11.0, "cancelled", 2, 0, {}),
    LoggedEvent(
        8,
        12.0,
        "edited",
        2,
        0,
        {"code": "/b.py", "func": "main", "args": "{}", "resources": "local", "everywhere": False, "stored": 3},
    ),
    LoggedEvent(9, 13.0, "removed", 2, 0, {"entries": 2}),
    LoggedEvent(10, 13.0, "removed", 1, 0, {}),
)
"""One event of each kind, as the log has them."""


class ObserverContract:
    """Everything that an observer must take: every kind of event, again after a crash, and kinds yet to come."""

    def make_observer(self, site: Site) -> Observer:  # noqa: ARG002  # what a subclass is given
        """The observer, opened for a queue. Called again on the same queue, it is the next supervisor's."""
        raise MissingPartError(
            self,
            "make_observer(self, site)",
            "returns what is called with each event, opened for the queue of `site`",
            "return MY_OBSERVER.open(site)",
        )

    def test_it_takes_every_kind_of_event(self, tmp_path: Path) -> None:
        """None of the events that a queue logs makes it raise."""
        observer = self.make_observer(_site(tmp_path))
        for event in EVENTS:
            observer(event)

    def test_it_takes_events_again(self, tmp_path: Path) -> None:
        """Events that come again, to it or to one that was opened anew, do no harm."""
        site = _site(tmp_path)
        for _ in range(2):
            observer = self.make_observer(site)
            for event in (*EVENTS, *EVENTS[-3:]):
                observer(event)

    def test_it_may_begin_anywhere(self, tmp_path: Path) -> None:
        """An observer that is installed later, or opened in the midst of a campaign, needs nothing that came before."""
        observer = self.make_observer(_site(tmp_path))
        for event in EVENTS[4:]:
            observer(event)

    def test_it_leaves_alone_what_it_does_not_know(self, tmp_path: Path) -> None:
        """Kinds of events and details that a later perqueue adds are passed over."""
        observer = self.make_observer(_site(tmp_path))
        more: dict[str, Any] = {"of": ["a", {"later": 1}]}
        observer(LoggedEvent(11, 14.0, "invented", 3, 1, more))
        for event in EVENTS:
            observer(
                LoggedEvent(event.seq + 11, event.at, event.kind, event.key, event.attempt, {**event.body, **more})
            )


def _site(folder: Path) -> Site:
    made = create_folder(str(folder))
    return Site(made.root, made.id)


__all__ = ["EVENTS", "ObserverContract"]
