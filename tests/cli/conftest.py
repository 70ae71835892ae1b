"""A folder with task scripts, and ``pq`` to call in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.program import Pq, caller, settle
from tests.queues import script

from perqueue import PersistentQueue, Task


@pytest.fixture
def pq(queue_folder: Path, capsys: pytest.CaptureFixture[str]) -> Pq:
    """``pq(...)`` in a folder with three task scripts: one adds, one fails, one sleeps until a file ``go`` is there."""
    script(queue_folder, "add.py", "def main(x=0, **_):\n    print('adding', x)\n    return True, {'x': x + 1}\n")
    script(queue_folder, "bad.py", "def main(**_):\n    raise ValueError('no such\\tluck')\n")
    script(
        queue_folder,
        "slow.py",
        """
        import os, time

        def main(**_):
            print("begun", flush=True)
            while not os.path.exists("go"):
                time.sleep(0.02)
            print("over", flush=True)
            return True, {"slow": True}
        """,
    )
    return caller(capsys)


@pytest.fixture
def campaign(pq: Pq) -> Pq:
    """Entries 1 (succeeded), 2 (failed), 3 (waits for 2) and 4 (succeeded), with nothing under way."""
    first, bad, behind, last = (
        Task(code, {"x": number}, "local:1m", name=name)
        for number, (code, name) in enumerate(
            [("add.py", "first"), ("bad.py", "bad"), ("add.py", "behind"), ("add.py", "last")]
        )
    )
    with PersistentQueue() as queue:
        queue.submit(first)
        queue.submit(bad >> behind)
        queue.submit(last)
    settle()
    return pq
