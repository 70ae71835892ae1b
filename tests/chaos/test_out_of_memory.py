"""A task that the kernel kills for want of memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.driving import rest
from tests.chaos.laws import check_laws
from tests.chaos.memory_groups import NoMemoryGroupError, memory_group
from tests.chaos.scripts import noting
from tests.queues import script

from perqueue.core.states import EntryState


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group with little memory; stands before ``here`` in a test, so that it ends after its processes."""
    try:
        with memory_group() as made:
            yield made
    except NoMemoryGroupError as why:
        pytest.skip(str(why))


def test_it_fails_as_out_of_memory(group: Path, here: Path) -> None:
    """The entry fails with the reason "oom", and what else there is to do goes on."""
    noting(
        here,
        "greedy.py",
        "def main(**_):\n    note('begun')\n    held = [bytearray(b'x' * (1 << 24)) for _ in range(64)]\n",
    )
    script(
        here,
        "submits.py",
        f"""
        import os
        from perqueue import PersistentQueue, Task

        with open({str(group / "cgroup.procs")!r}, "w") as file:
            file.write(str(os.getpid()))
        with PersistentQueue() as queue:
            queue.submit(Task("greedy.py", None, "local"))
            queue.submit(Task("quick.py", None, "local"))
        """,
    )
    subprocess.run([sys.executable, "submits.py"], check=True, capture_output=True)
    rest(here)
    found = check_laws(here)
    assert found.states == {1: EntryState.failed, 2: EntryState.succeeded}
    assert found.outcome(1).reason == "oom"
