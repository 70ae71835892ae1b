"""Queues for the tests of what scripts call: one that moves, and one that stands still."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.queues import script

from perqueue.engine.folder import create_folder


@pytest.fixture
def scripts(queue_folder: Path) -> Path:
    """The test's folder with a task script, ``add.py``, which adds one to ``x``, under either of two names."""
    script(queue_folder, "add.py", "def main(x=0, **_):\n    return True, {'x': x + 1}\n\n\nwork = main\n")
    return queue_folder


@pytest.fixture
def still(scripts: Path) -> Path:
    """As ``scripts``, with a queue whose home is another host: nothing starts here, and tests say what happens."""
    folder = create_folder(str(scripts))
    path = Path(folder.root) / "queue.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(told | {"home": "elsewhere"}), encoding="utf-8")
    return scripts
