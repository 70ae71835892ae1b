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


@pytest.mark.slow
def test_the_only_node(here: Path, slurm: Cluster) -> None:
    """Where there is no other node, the next attempt waits for the one that failed, and runs on it when it is up."""
    configure(here, xeon40='retry = { times = 1, on = ["node-failure"] }')
    (key,) = submit(gated("1:xeon40:5m"))
    wait_begun(here, key)
    slurm.ask("scontrol", "update", "NodeName=b001", "State=DOWN", "Reason=test")
    wait_until(lambda: len(attempts(here, key)) == 2, "the next attempt")
    job_of(here, key)
    slurm.ask("scontrol", "update", "NodeName=b001", "State=IDLE")
    (here / "go").touch()
    rest(here)
    (first, _), (_, asked) = attempts(here, key)
    assert first == "node-failure"
    assert asked is not None
    assert asked.avoid == ("b001",)
    assert stored(here).states[key] is EntryState.succeeded


@pytest.mark.slow
def test_one_of_several_nodes(here: Path, slurm: Cluster) -> None:
    """Which of an attempt's nodes failed is not known: none of them is avoided afterwards."""
    configure(here, xeon24='cores = 24\nretry = { times = 1, on = ["node-failure"] }')
    (key,) = submit(gated("48:xeon24:5m"))
    wait_begun(here, key)
    slurm.ask("scontrol", "update", "NodeName=a002", "State=DOWN", "Reason=test")
    wait_until(lambda: len(attempts(here, key)) == 2, "the next attempt")
    slurm.ask("scontrol", "update", "NodeName=a002", "State=IDLE")
    (here / "go").touch()
    rest(here)
    assert [(reason, asked) for reason, asked in attempts(here, key)] == [("node-failure", None), ("returned", None)]
    assert stored(here).states[key] is EntryState.succeeded


@pytest.mark.slow
def test_no_more_time_than_a_partition_allows(here: Path) -> None:
    """A policy with a maximum asks for that at last, and gives up after it instead of waiting for ever."""
    configure(here, xeon24='retry = { times = 9, on = ["walltime"], max_time = "3s" }')
    (key,) = submit(Task("gated.py", None, "1:xeon24:2s"))
    rest(here)
    assert [(reason, asked and asked.seconds) for reason, asked in attempts(here, key)] == [
        ("walltime", None),
        ("walltime", 3),
    ]
    last = stored(here).attempts[key, 2].outcome
    assert last is not None
    assert last.message.endswith("not tried again: it had 3s, and its retries ask for 3s at most (max_time)")


@pytest.mark.slow
@pytest.mark.parametrize("variant", [Variant(groups=True)])
def test_more_memory_than_the_partition_gives(here: Path, slurm: Cluster) -> None:
    """Growth begins at what the partition gives, where the task itself doesn't say how much it needs."""
    noting(here, "greedy.py", "def main(**_):\n    note('begun')\n    bytearray(150 << 20)\n    return True, None\n")
    configure(here, xeon24='memory = "110M"\nretry = { times = 1, on = ["oom"] }')
    (key,) = submit(Task("greedy.py", None, "1:xeon24:5m"))
    rest(here)
    (first, _), (_, asked) = attempts(here, key)
    assert first == "oom"
    assert asked is not None
    assert asked.memory == 220
    assert stored(here).states[key] is EntryState.succeeded
