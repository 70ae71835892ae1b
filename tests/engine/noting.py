"""An executor that notes what it is asked, a mover with it, and a store of which some commits raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from perqueue.core.errors import StorageError
from perqueue.core.events import Ended
from perqueue.core.records import Outcome, PendingStop, Verdict
from perqueue.engine.lease import take_lease
from perqueue.engine.tick import Mover
from perqueue.executors.protocol import Assignment, Report
from perqueue.store.protocol import Lease, Store, Transaction

if TYPE_CHECKING:
    from tests.engine.conftest import Bench


class Noting:
    """An executor that notes what it is asked, and reports what it is told to."""

    name = "local"

    def __init__(self, bench: Bench, room: int = 8) -> None:
        self._bench, self._room = bench, room
        self.launched: list[tuple[int, int]] = []
        self.recovered: list[tuple[int, int]] = []
        self.stopped: list[PendingStop] = []
        self.reports: list[Report] = []
        self.recorded: list[str] = []

    def room(self, partition: str = "") -> int:
        return self._room

    def launch(self, assignments: Sequence[Assignment]) -> None:
        self.launched += [assignment.at for assignment in assignments]
        # What the store says at the moment of the launch.
        self.recorded += [str(self._bench.entry(assignment.job.key).state) for assignment in assignments]

    def recover(self, assignments: Sequence[Assignment]) -> None:
        self.recovered += [assignment.at for assignment in assignments]

    def stop(self, stops: Sequence[PendingStop]) -> None:
        self.stopped += stops

    def poll(self) -> list[Report]:
        found, self.reports = self.reports, []
        return found

    def descriptors(self) -> list[int]:
        return []

    def patience(self) -> float:
        return 60.0

    def saturated(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Driven:
    """A mover with its noting executor, and what it said."""

    def __init__(self, bench: Bench, room: int = 8) -> None:
        self.executor = Noting(bench, room)
        self.said: list[str] = []
        lease = take_lease(bench.store)
        assert lease is not None
        self.mover = Mover(bench.folder, bench.store, [self.executor], bench.config, lease, self.said.append)


class Doubtful:
    """A store of which some commits raise, whether they stand or not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fates: list[bool] = []
        """For each of the next commits, which all raise, whether it stands."""

    @contextmanager
    def transaction(self, lease: Lease | None = None) -> Iterator[Transaction]:
        if not self.fates:
            with self._store.transaction(lease) as state:
                yield state
            return
        stands = self.fates.pop(0)
        with self._store.transaction(lease) as state:
            yield state
            if not stands:
                raise StorageError("the disk is full")
        raise StorageError("nobody knows")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def doubtful(bench: Bench) -> tuple[Driven, Doubtful]:
    """A mover whose commits may raise."""
    store = Doubtful(bench.store)
    bench.store = store
    return Driven(bench), store


def fails(driven: Driven, times: int = 1, *, look: bool = True) -> None:
    for _ in range(times):
        with pytest.raises(StorageError):
            driven.mover.tick(look=look)


def raising(number: int, real: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """A function that raises at its first calls."""
    left = [error] * number

    def called(*args: Any, **kwargs: Any) -> Any:
        if left:
            raise left.pop()
        return real(*args, **kwargs)

    return called


def ended(key: int, attempt: int = 1) -> Ended:
    return Ended(3.0, key, attempt, Outcome(Verdict.succeeded, "returned", data="{}"))
