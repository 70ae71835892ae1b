"""A folder with task scripts, in which everything may be killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.scripts import write_scripts


@pytest.fixture
def here(queue_folder: Path) -> Path:
    """The current folder, with task scripts but no queue yet."""
    write_scripts(queue_folder)
    return queue_folder
