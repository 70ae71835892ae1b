"""Run as a script: ``dying.py ROOT POINT N`` is a supervisor that kills itself when it gets to a point the n-th time.

Points: ``before-submit`` (``sbatch`` is about to run), ``after-submit`` (it has run, and nobody has read its answer),
``before-record`` (its answer was read, and no job id is kept), ``after-record`` (the id is kept in the batch's folder,
and not in the queue), and those of the transactions: ``before-commit``, ``after-commit``.
"""

from __future__ import annotations

import sys
from typing import Any

from tests.chaos.dying import Fuse, arm, around

from perqueue.executors.batch import commands
from perqueue.executors.batch.dialect import Answer
from perqueue.executors.batch.folders import BatchFolders
from perqueue.supervisor.loop import main


def arm_submission(point: str, number: int) -> None:
    """Have this process die at a point of a submission."""
    when, _, what = point.partition("-")
    fuse = Fuse(number)
    if what == "record":
        BatchFolders.taken = around(BatchFolders.taken, when, fuse)  # type: ignore[method-assign]
        return
    running = commands._Running
    start, answer = running.__init__, running.answer

    def started(self: Any, errand: commands.Errand, *where: Any) -> None:
        if when == "before" and errand.command.words[0] == "sbatch":
            fuse.burn()
        start(self, errand, *where)

    def answered(self: Any) -> Answer | None:
        found = answer(self)
        if found is not None and when == "after" and self.errand.command.words[0] == "sbatch":
            fuse.burn()
        return found

    running.__init__ = started  # type: ignore[method-assign,assignment]
    running.answer = answered  # type: ignore[method-assign]


if __name__ == "__main__":
    _root, _point, _number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if _point.endswith("commit"):
        arm(_point, _number)
    else:
        arm_submission(_point, _number)
    sys.exit(main(_root))
