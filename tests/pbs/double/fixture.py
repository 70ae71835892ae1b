"""A PBS at command level, for tests: real commands that answer as OpenPBS does, and really run what they are given."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.pbs.site import Pbs

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
COMMANDS = ("qsub", "qstat", "qselect", "qdel", "qrerun")


class DoublePbs(Pbs):
    """It runs in a folder."""

    def apply(self, changed: dict[str, Any]) -> None:  # they are read as a whole
        """It reads its settings before each step."""
        self.write_settings()


@contextmanager
def double_pbs(folder: Path, **settings: Any) -> Iterator[DoublePbs]:
    """Have one for a while. Nothing of it is left running."""
    double = DoublePbs(folder)
    double.bin.mkdir(parents=True)
    double.home.mkdir()
    (folder / "nodefile").write_text("pbs0\n")
    double.write_settings()
    double.set(**settings)
    for name in COMMANDS:
        path = double.bin / name
        path.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {HERE}/command.py {folder} {name} "$@"\n')
        path.chmod(0o755)
    starting = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.pbs.double.server import main; main()"
    server = subprocess.Popen([sys.executable, "-S", "-E", "-c", starting, str(folder)])
    try:
        while not (folder / "socket").exists():
            assert server.poll() is None
            time.sleep(0.01)
        yield double
    finally:
        server.terminate()
        server.wait()
