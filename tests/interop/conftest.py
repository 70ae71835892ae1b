"""A folder with a definition, its functions and task scripts, and ``pq`` to call in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.program import Pq, caller
from tests.interop.definitions import ARITHMETIC, write
from tests.queues import script


@pytest.fixture
def pq(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> Pq:
    """``pq(...)`` in a folder with ``workflow.json``, ``add.py`` and ``submit.py``."""
    write(queue_folder, ARITHMETIC)
    script(queue_folder, "add.py", "def main(x=0, **_):\n    return True, {'x': x + 1}\n")
    script(
        queue_folder,
        "submit.py",
        """
        import sys
        from perqueue import PersistentQueue, Task

        with PersistentQueue() as pq:
            for x in sys.argv[1:]:
                pq.submit(Task("add.py", {"x": len(x)}, "local"))
        if "--fail" in sys.argv:
            sys.exit(3)
        """,
    )
    return caller(capsys)
