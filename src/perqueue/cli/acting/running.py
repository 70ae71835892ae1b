"""``pq run`` and ``pq watch``: submit and see it through, or only look on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from perqueue.core.errors import PerQueueError, StorageError
from perqueue.engine.driver import driver, listening
from perqueue.engine.folder import QueueFolder, need_folder, open_folder
from perqueue.views.progress import Progress

from ..printing import note, put
from ..showing.listing import count_line
from ..showing.results import print_results
from .live import display
from .scripts import how_it_ended, left_behind, run_submission

_LOOK: Final = 0.05
"""Seconds between two looks at the queue."""
_CHECK: Final = 2.0
"""Seconds between two looks at whether somebody drives it; starting takes less."""
_STARTS: Final = 3
"""Supervisors that are started one after the other before that counts as hopeless."""
_UNWATCHED: Final = "no longer watching; the work goes on: `pq watch` shows it again, `pq ls` lists it"


class UndrivableError(StorageError):
    """Supervisors end as soon as they are started."""

    def __init__(self, folder: QueueFolder) -> None:
        super().__init__(f"no supervisor of {folder.root} stays alive: see {folder.supervisor_log}")


def run_script(script: str, arguments: Sequence[str]) -> int:
    """Run a submission script and see what it submitted through; the exit status.

    Raises:
        NoScriptError: There is no such script.
        UndrivableError: What it submitted can't be driven.
    """
    status, made = run_submission(script, arguments)
    if status:
        note(f"{script} {how_it_ended(status)}; {left_behind(made)}")
        return 1
    if not any(made.values()):
        put(f"{script} submitted nothing")
        return 0
    with _opened(made) as queues:
        try:
            _see_through(queues)
        except KeyboardInterrupt:
            note(_UNWATCHED)
            return 0
        return print_results(queues)


def watch_queue() -> None:
    """Show how the whole queue is doing until nothing moves."""
    folder = need_folder()
    with _opened({folder.root: None}) as queues:
        (queue,) = queues
        told = False
        next_check = time.monotonic() + _CHECK
        try:
            with display(changes_only=True) as shown:
                while True:
                    began = time.monotonic()
                    shown.show(queues, queue.look())
                    if not queue.moving:
                        break
                    if not told and time.monotonic() > next_check:
                        next_check = time.monotonic() + _CHECK
                        with queue.store.snapshot() as state:
                            told = not driver(folder, state).alive
                        if told:
                            note("nobody drives this queue: `pq tick` on its home starts that again")
                    _pause(began)
        except KeyboardInterrupt:
            note(_UNWATCHED)
            return
        put(count_line(queue.counts))


@contextmanager
def _opened(made: Mapping[str, Sequence[int] | None]) -> Iterator[list[Progress]]:
    queues: list[Progress] = []
    try:
        for root, keys in made.items():
            folder = open_folder(root)
            queues.append(Progress(folder, folder.open_store(), keys))
        yield queues
    finally:
        for queue in queues:
            queue.store.close()


def _see_through(queues: list[Progress]) -> None:
    """Until nothing of it moves; a supervisor that dies meanwhile is replaced."""
    keepers = [_Keeper(queue) for queue in queues]
    with display() as shown:
        while True:
            began = time.monotonic()
            changes = [change for queue in queues for change in queue.look()]
            shown.show(queues, changes)
            if not any(queue.moving for queue in queues):
                return
            for keeper in keepers:
                keeper.keep()
            _pause(began)


def _pause(began: float) -> None:
    """Sleep until the next look: in a queue so large that looking takes its time, most of the time still."""
    time.sleep(max(_LOOK, 4 * (time.monotonic() - began)))


class _Keeper:
    """Sees to it that somebody drives a queue while we wait for it."""

    def __init__(self, queue: Progress) -> None:
        self._queue = queue
        self._next = time.monotonic() + _CHECK
        self._started = 0
        if not queue.folder.at_home:
            note(f"{queue.folder.root} is driven on its home, {queue.folder.home}: see there that it is")

    def keep(self) -> None:
        """Look, if it is time."""
        folder = self._queue.folder
        if not folder.at_home or time.monotonic() < self._next or not self._queue.moving:
            return
        self._next = time.monotonic() + _CHECK
        if listening(folder):
            self._started = 0
            return
        if self._started >= _STARTS:
            raise UndrivableError(folder)
        self._started += 1
        from perqueue.engine.drive import tick

        try:
            tick(folder)
        except PerQueueError as error:
            note(str(error))
