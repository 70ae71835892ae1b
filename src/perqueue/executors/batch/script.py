"""What every batch script has between its directives and its end."""

from __future__ import annotations

import shlex

from .dialect import Batch


def body(batch: Batch) -> list[str]:
    """The lines after the directives: signals, modules, the site's own lines, and the runner in the shell's place.

    The warning before the end of the walltime comes as a signal to this shell. It is ignored until the runner, which
    takes the shell's place with ``exec`` and so is the process that is signalled, is ready to hear it.
    """
    lines = ["trap '' USR1"]
    if batch.partition.modules:
        lines += ["command -v module >/dev/null || . /etc/profile"]
        lines += [f"module load {shlex.quote(name)} || exit 69" for name in batch.partition.modules]
    lines += batch.partition.prologue
    python, folder = shlex.quote(batch.python), shlex.quote(batch.folder)
    return [*lines, f"exec {python} -P -m perqueue.runner.batch {folder}", ""]
