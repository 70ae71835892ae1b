"""An executor that may break: whatever it raises or answers, the queue's other executors go on, and it is opened again.

It remembers what it was given and not told the end of. When the executor could be opened again, that is given to its
``recover``, as to the next owner's, with the job ids that were told: so a launch that broke in the middle is neither
lost nor done twice. What was gathered of reports before it broke still counts.

An answer that no executor may give is a failure like an exception (see :mod:`.answers`). ``SystemExit`` is one too, as
is everything else that is raised in the executor's code but ``KeyboardInterrupt``: that is somebody at the terminal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from attrs import evolve

from perqueue.core.events import Ended, Launched
from perqueue.core.records import PendingStop
from perqueue.core.telling import describe_error

from . import answers
from .protocol import Assignment, Executor, Report

_T = TypeVar("_T")
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
"""Seconds until it is opened again: at first or when it had worked for longer than the longest, and at most."""


class Guarded:
    """Opens an executor, now or as soon as it can be opened, and keeps what it raises to itself.

    Args:
        name: What entries call it.
        open: Starts it; it may raise anything.
        tell: Is told why the executor can't be used, and an empty text once it can.
        clock: Seconds that only rise.
    """

    def __init__(
        self,
        name: str,
        open: Callable[[], Executor],  # noqa: A002  # what it does
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._open, self._tell, self._clock = name, open, tell, clock
        self._inner: Executor | None = None
        self._left: dict[tuple[int, int], Assignment] = {}
        self._stops: dict[tuple[int, int], PendingStop] = {}
        self._told: list[Report] = []
        self._wait, self._again, self._opened = _FIRST, 0.0, 0.0
        self._begin()

    @property
    def name(self) -> str:
        """What entries call it."""
        return self._name

    def room(self, partition: str = "") -> int:
        """None while it can't be used."""
        return self._ask(lambda inner: answers.room(inner.room(partition)), 0)

    def launch(self, assignments: Sequence[Assignment]) -> None:
        """Start these, or keep them until it can be used again."""
        self._left.update((assignment.at, assignment) for assignment in assignments)
        self._ask(lambda inner: answers.obey("launch", inner.launch, assignments), None)

    def recover(self, assignments: Sequence[Assignment]) -> None:
        """As :meth:`launch`, for what an earlier owner launched."""
        self._left.update((assignment.at, assignment) for assignment in assignments)
        self._ask(lambda inner: answers.obey("recover", inner.recover, assignments), None)

    def stop(self, stops: Sequence[PendingStop]) -> None:
        """Stop these, now or later."""
        self._stops.update(((stop.key, stop.attempt), stop) for stop in stops)
        self._ask(lambda inner: answers.obey("stop", inner.stop, stops), None)

    def poll(self) -> list[Report]:
        """What happened; where it can't be used, try again when it is time to."""
        if self._inner is None and self._clock() >= self._again:
            self._begin()
        self._ask(lambda inner: answers.reports(inner.poll(), self._told), None)
        self._take_in()
        reports, self._told = self._told, []
        return reports

    def descriptors(self) -> list[int]:
        """The executor's."""
        return self._ask(lambda inner: answers.descriptors(inner.descriptors()), [])

    def patience(self) -> float:
        """The executor's, or until it is tried again."""
        return self._ask(lambda inner: answers.patience(inner.patience()), max(0.1, self._again - self._clock()))

    def saturated(self) -> bool:
        """Whether the executor is."""
        return self._ask(lambda inner: answers.truth(inner.saturated()), False)

    def close(self) -> None:
        """Let go of it, whatever it says to that. What it has not told by then, it never tells."""
        inner, self._inner = self._inner, None
        if inner is not None:
            _quietly(inner.close)

    def _take_in(self) -> None:
        """What it need not be given again, and what it has to be told of the rest."""
        for report in self._told:
            at = report.key, report.attempt
            if isinstance(report, Ended):
                self._left.pop(at, None)
                self._stops.pop(at, None)
            elif isinstance(report, Launched) and at in self._left:
                self._left[at] = evolve(self._left[at], job_id=report.job)

    def _begin(self) -> None:
        try:
            self._inner = answers.executor(self._open())
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._failed(error)
            return
        self._opened = self._clock()
        if self._left:
            left = tuple(self._left.values())
            self._ask(lambda inner: answers.obey("recover", inner.recover, left), None)
        if self._stops:
            stops = tuple(self._stops.values())
            self._ask(lambda inner: answers.obey("stop", inner.stop, stops), None)
        if self._inner is not None:
            self._tell("")

    def _ask(self, what: Callable[[Executor], _T], otherwise: _T) -> _T:
        if self._inner is None:
            return otherwise
        try:
            return what(self._inner)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._failed(error)
            return otherwise

    def _failed(self, error: BaseException) -> None:
        inner, now = self._inner, self._clock()
        if inner is not None:
            # What it knows already, nobody may be able to find out again: it may have deleted what told of it.
            _quietly(lambda: answers.reports(inner.poll(), self._told))
            self._take_in()
            if now - self._opened >= _LONGEST:
                self._wait = _FIRST
        self.close()
        self._again = now + self._wait
        self._wait = min(2 * self._wait, _LONGEST)
        self._tell(describe_error(error))


def _quietly(what: Callable[[], object]) -> None:
    """Do it, whatever it raises."""
    try:
        what()
    except KeyboardInterrupt:
        raise
    except BaseException:
        return
