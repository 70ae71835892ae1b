"""An executor that may break: whatever it raises, the queue's other executors go on, and it is opened again later.

It remembers what it was given and not told the end of. When the executor could be opened again, that is given to its
``recover``, as to the next owner's: so a launch that broke in the middle is neither lost nor done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from perqueue.core.events import Ended
from perqueue.core.records import PendingStop

from .protocol import Assignment, Executor, Report

_T = TypeVar("_T")
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
"""Seconds until it is opened again: at first, and after it failed many times."""


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
        self._wait, self._again = _FIRST, 0.0
        self._begin()

    @property
    def name(self) -> str:
        """What entries call it."""
        return self._name

    def room(self, partition: str = "") -> int:
        """None while it can't be used."""
        return self._ask(lambda inner: inner.room(partition), 0)

    def launch(self, assignments: Sequence[Assignment]) -> None:
        """Start these, or keep them until it can be used again."""
        self._left.update((assignment.at, assignment) for assignment in assignments)
        self._ask(lambda inner: inner.launch(assignments), None)

    def recover(self, assignments: Sequence[Assignment]) -> None:
        """As :meth:`launch`, for what an earlier owner launched."""
        self._left.update((assignment.at, assignment) for assignment in assignments)
        self._ask(lambda inner: inner.recover(assignments), None)

    def stop(self, stops: Sequence[PendingStop]) -> None:
        """Stop these, now or later."""
        self._stops.update(((stop.key, stop.attempt), stop) for stop in stops)
        self._ask(lambda inner: inner.stop(stops), None)

    def poll(self) -> list[Report]:
        """What happened; where it can't be used, try again when it is time to."""
        if self._inner is None and self._clock() >= self._again:
            self._begin()
        reports: list[Report] = self._ask(lambda inner: inner.poll(), [])
        for report in reports:
            if isinstance(report, Ended):
                self._left.pop((report.key, report.attempt), None)
                self._stops.pop((report.key, report.attempt), None)
        return reports

    def descriptors(self) -> list[int]:
        """The executor's."""
        return self._ask(lambda inner: inner.descriptors(), [])

    def patience(self) -> float:
        """The executor's, or until it is tried again."""
        return self._ask(lambda inner: inner.patience(), max(0.1, self._again - self._clock()))

    def saturated(self) -> bool:
        """Whether the executor is."""
        return self._ask(lambda inner: inner.saturated(), False)

    def close(self) -> None:
        """Let go of it, whatever it says to that."""
        inner, self._inner = self._inner, None
        if inner is not None:
            with suppress(Exception, SystemExit):
                inner.close()

    def _begin(self) -> None:
        try:
            self._inner = self._open()
        except (Exception, SystemExit) as error:
            self._failed(error)
            return
        if self._left:
            left = tuple(self._left.values())
            self._ask(lambda inner: inner.recover(left), None)
        if self._stops:
            stops = tuple(self._stops.values())
            self._ask(lambda inner: inner.stop(stops), None)
        if self._inner is not None:
            self._wait = _FIRST
            self._tell("")

    def _ask(self, what: Callable[[Executor], _T], otherwise: _T) -> _T:
        if self._inner is None:
            return otherwise
        try:
            return what(self._inner)
        except (Exception, SystemExit) as error:
            self._failed(error)
            return otherwise

    def _failed(self, error: BaseException) -> None:
        self.close()
        self._again = self._clock() + self._wait
        self._wait = min(2 * self._wait, _LONGEST)
        self._tell(f"{type(error).__name__}: {error}")
