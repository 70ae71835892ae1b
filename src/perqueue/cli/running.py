"""``pq run`` and ``pq watch``: submit and see it through, or only look on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from perqueue.core.errors import PerQueueError, StorageError, UsageError
from perqueue.engine.driver import driver, listening
from perqueue.engine.folder import QueueFolder, need_folder, open_folder
from perqueue.engine.receipts import RUN, read_receipts
from perqueue.views.progress import Progress

from .listing import count_line
from .live import display
from .printing import entries, note, put, ranges
from .results import print_results

_LOOK: Final = 0.05
"""Seconds between two looks at the queue."""
_CHECK: Final = 2.0
"""Seconds between two looks at whether somebody drives it; starting takes less."""
_STARTS: Final = 3
"""Supervisors that are started one after the other before that counts as hopeless."""
_UNWATCHED: Final = "no longer watching; the work goes on: `pq watch` shows it again, `pq ls` lists it"


class NoScriptError(UsageError):
    """The script to run doesn't exist."""

    def __init__(self, script: str) -> None:
        super().__init__(f"there is no script {script!r} in {os.getcwd()}")


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
    if not os.path.isfile(script):
        raise NoScriptError(script)
    status, made = _submit(script, arguments)
    if status:
        note(f"{script} {_ended(status)}; {_left_behind(made)}")
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


def _submit(script: str, arguments: Sequence[str]) -> tuple[int, dict[str, list[int]]]:
    """Run the script to its end: its status, and what it submitted to which queues."""
    descriptor, path = tempfile.mkstemp(prefix="pq-run-")
    os.close(descriptor)
    try:
        child = subprocess.Popen([sys.executable, script, *arguments], env={**os.environ, RUN: path})
        return _wait(child), read_receipts(path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _wait(child: subprocess.Popen[bytes]) -> int:
    """The script's status. Ctrl-C is the script's: the terminal sends it there too, others only to us."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(1.0) or -signal.SIGINT
        child.send_signal(signal.SIGINT)
        return child.wait() or -signal.SIGINT


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _left_behind(made: Mapping[str, Sequence[int]]) -> str:
    if not any(made.values()):
        return "it had submitted nothing"
    where = ", ".join(
        f"{entries(len(keys))} ({ranges(keys)}) to {os.path.dirname(root)}" for root, keys in made.items()
    )
    return f"before, it had submitted {where}: that runs on, `pq ls` lists it"


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
