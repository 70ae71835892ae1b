"""Run as a script: ``dying.py ROOT POINT N`` is a supervisor that kills itself when it gets to a point the n-th time.

Points: ``before-commit``, ``after-commit``, ``before-launch``, ``after-launch``, ``before-settle``, ``after-settle``.
``dying.py submit POINT N`` is a submitter of two groups in the current folder, with the same points as far as it
comes to them. It ends with status 0 if it is done before that. ``dying.py ROOT unrecorded-launch 1`` dies when it
launches an attempt that is not recorded yet.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from perqueue.engine.folder import open_folder
from perqueue.executors.protocol import Assignment


class Fuse:
    """Burns down by one at each call."""

    def __init__(self, length: int) -> None:
        self.left = length

    def burn(self) -> None:
        """Kill this process if it is the last time."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def around(function: Callable[..., Any], when: str, fuse: Fuse) -> Callable[..., Any]:
    """The function, with the fuse burning before or after it."""

    def lit(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            fuse.burn()
        found = function(*args, **kwargs)
        if when == "after":
            fuse.burn()
        return found

    return lit


def arm(point: str, number: int) -> None:
    """Have this process die at a point."""
    when, _, what = point.partition("-")
    fuse = Fuse(number)
    if what == "commit":

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                if sql != "COMMIT":
                    return super().execute(sql, *args)
                cursor: sqlite3.Cursor = around(super().execute, when, fuse)(sql)
                return cursor

        sqlite3.connect = partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]
    elif what == "launch":
        from perqueue.executors.local.executor import LocalExecutor

        launch = around(LocalExecutor.launch, when, fuse)

        def checked(executor: LocalExecutor, assignments: Sequence[Assignment]) -> None:
            if when == "unrecorded" and not all(is_recorded(one) for one in assignments):
                fuse.burn()
            launch(executor, assignments)

        LocalExecutor.launch = checked  # type: ignore[method-assign,assignment]
    else:
        from perqueue.runner.spool import Spool

        assert what == "settle"
        Spool.settle = around(Spool.settle, when, fuse)  # type: ignore[method-assign]


def is_recorded(assignment: Assignment) -> bool:
    """Whether others can see that an attempt is with an executor."""
    with closing(open_folder(assignment.job.root).open_store()) as store, store.snapshot() as state:
        return assignment.at in state.active("local")


def submit() -> None:
    """Submit two groups, each in a transaction."""
    from perqueue import PersistentQueue, StaticWidthGroup, Task

    for _ in range(2):
        with PersistentQueue() as queue:
            told = queue.submit(StaticWidthGroup(Task("quick.py", None, "local"), 3))
        sys.stdout.write(f"{' '.join(map(str, told.keys))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    arm(sys.argv[2], int(sys.argv[3]))
    if sys.argv[1] == "submit":
        submit()
    else:
        from perqueue.supervisor.loop import main

        sys.exit(main(sys.argv[1]))
