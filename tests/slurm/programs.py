"""Slurm's commands behind scripts that count them, or that answer as they do on a bad day."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Final

COMMANDS: Final = ("sbatch", "squeue", "scancel", "sacct", "scontrol")

_COUNTED: Final = """\
#!/bin/sh
echo {name} >>{folder}/calls
{before}
exec {program} "$@"
"""

LOST: Final = """\
if mkdir {folder}/lost 2>/dev/null; then
    {program} "$@" >{folder}/said
    echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
    exit 1
fi"""
"""A first submission that is taken, and of which nobody hears."""

NEVER_SENT: Final = """\
if mkdir {folder}/lost 2>/dev/null; then
    echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)" >&2
    exit 1
fi"""
"""A first submission that the controller never hears of."""


def wrap(folder: Path, **before: str) -> Path:
    """Write the scripts, with lines before the real command for some of them; the folder for ``bin``."""
    bin_ = folder / "bin"
    bin_.mkdir()
    for name in COMMANDS:
        program = shutil.which(name)
        assert program is not None
        lines = before.get(name, "").format(folder=bin_, program=program)
        (bin_ / name).write_text(_COUNTED.format(name=name, folder=bin_, before=lines, program=program))
        (bin_ / name).chmod(0o755)
    return bin_


def calls(bin_: Path) -> Counter[str]:
    """How often each was called."""
    file = bin_ / "calls"
    return Counter(file.read_text(encoding="ascii").split() if file.exists() else ())
