"""Policies that try again, on a real Slurm: with more time, with more memory, on another node."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.driving import gated, rest, submit, wait_begun
from tests.chaos.scripts import noting
from tests.chaos.stored import stored
from tests.queues import wait_until
from tests.slurm.cluster import Cluster, Variant
from tests.slurm.conftest import configure
from tests.slurm.jobs import job_of

from perqueue import Resources, Retry, Task
from perqueue.core.resources import Resources as Asked
from perqueue.core.states import EntryState


def attempts(folder: Path, key: int) -> list[tuple[str, Asked | None]]:
    """How each attempt of an entry ended, and what it had asked for."""
    found = stored(folder)
    mine = sorted((number, attempt) for (at, number), attempt in found.attempts.items() if at == key)
    return [("" if a.outcome is None else a.outcome.reason, a.resources) for _, a in mine]


@pytest.mark.slow
def test_more_time(here: Path) -> None:
    """After a timeout the next attempt has half as much time again."""
    (key,) = submit(Task("gated.py", None, "1:xeon24:2s", retry=Retry(1, "walltime")))
    rest(here)
    (first, _), (second, asked) = attempts(here, key)
    assert (first, second) == ("walltime", "walltime")
    assert asked is not None
    assert asked.seconds == 3


@pytest.mark.parametrize("variant", [Variant(groups=True)])
def test_more_memory(here: Path, slurm: Cluster) -> None:
    """A task that needs more memory than it asked for gets it, if its policy says so."""
    noting(here, "greedy.py", "def main(**_):\n    note('begun')\n    bytearray(150 << 20)\n    return True, None\n")
    resources = Resources(1, 300, "xeon24", memory="110M")
    (key,) = submit(Task("greedy.py", None, resources, retry=Retry(1, "oom")))
    rest(here)
    (first, _), (_, asked) = attempts(here, key)
    assert first == "oom"
    assert asked is not None
    assert asked.memory == 220
    assert stored(here).states[key] is EntryState.succeeded


@pytest.mark.slow
def test_another_node(here: Path, slurm: Cluster) -> None:
    """After the failure of a node the next attempt runs on another one, by the policy of its partition."""
    configure(here, xeon24='retry = { times = 1, on = ["node-failure"] }')
    (key,) = submit(gated("1:xeon24:5m"))
    wait_begun(here, key)
    node = slurm.ask("squeue", "-h", "-j", job_of(here, key), "-o", "%N").strip()
    slurm.ask("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    wait_until(lambda: len(attempts(here, key)) == 2, "the next attempt")
    (here / "go").touch()
    rest(here)
    (first, _), (_, asked) = attempts(here, key)
    assert first == "node-failure"
    assert asked is not None
    assert asked.avoid == (node,)
    assert stored(here).states[key] is EntryState.succeeded
