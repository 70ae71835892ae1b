"""The task scripts of these tests. Each says in the ledger when it begins and when it is done (see ledger.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.queues import script

_NOTE: Final = """
import os, time

def note(word):
    # The log that perqueue gave this attempt is called KEY.ATTEMPT.log.
    at = os.path.basename(os.readlink("/proc/self/fd/1")).removesuffix(".log")
    file = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(file, f"{at} {word} {os.getpid()}\\n".encode())
    os.close(file)
"""

_QUICK: Final = """
def main(nap=0.0, **_):
    note("begun")
    time.sleep(nap)
    note("done")
    return True, {"n": 1}
"""

_GATED: Final = """
def main(gate="go", **_):
    note("begun")
    while not os.path.exists(gate):
        time.sleep(0.02)
    note("done")
    return True, {"n": 1}
"""


def write_scripts(folder: Path) -> None:
    """Write ``quick.py``, which naps, and ``gated.py``, which waits for a file (``go``, or its argument ``gate``)."""
    script(folder, "quick.py", _NOTE + _QUICK)
    script(folder, "gated.py", _NOTE + _GATED)


def noting(folder: Path, name: str, body: str) -> None:
    """Write another script, which may call ``note`` and has ``os`` and ``time``."""
    script(folder, name, _NOTE + body)
