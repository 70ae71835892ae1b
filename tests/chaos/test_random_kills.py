"""kill -9 at random moments, of everybody who has a part in a queue; nothing is lost, nothing runs twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from tests.chaos.campaign import ENTRIES, submit_campaign
from tests.chaos.cast import Cast, cast, kill
from tests.chaos.driving import resubmit, settle, tick
from tests.chaos.laws import check_laws
from tests.chaos.stored import is_busy
from tests.queues import script

from perqueue.core.states import EntryState

Choose = Callable[[Cast, random.Random], list[int]]


def _one_task(alive: Cast, chance: random.Random) -> list[int]:
    return [chance.choice(alive.tasks)] if alive.tasks else []


def _anybody(alive: Cast, chance: random.Random) -> list[int]:
    return [pid for pid in alive.everybody if chance.random() < 0.5]


VICTIMS: Final[dict[str, Choose]] = {
    "supervisor": lambda alive, _: alive.supervisors,
    "server": lambda alive, _: alive.servers,
    "zygote": lambda alive, _: alive.zygotes,
    "task": _one_task,
    "drivers": lambda alive, _: alive.drivers,
    "everybody": lambda alive, _: alive.everybody,
    "anybody": _anybody,
}


def _rounds(here: Path, choose: Choose, chance: random.Random, rounds: int) -> None:
    """Kill some, tick, and so on, for as long as there is work."""
    for _ in range(rounds):
        time.sleep(chance.uniform(0.0, 0.5))
        kill(choose(cast(here), chance))
        tick(here)
        if not is_busy(here):
            break


def _survive(here: Path, victims: str, seed: int, rounds: int) -> None:
    submit_campaign(nap=0.05)
    _rounds(here, VICTIMS[victims], random.Random(seed), rounds)
    settle(here)
    found = check_laws(here)
    # Failures are for a person to judge; once they are resubmitted, all must come to its end.
    while failed := found.keys(EntryState.failed):
        resubmit(failed)
        settle(here)
        found = check_laws(here)
        assert not set(failed) & set(found.keys(EntryState.failed))
    assert len(found.entries) == ENTRIES
    assert set(found.states.values()) == {EntryState.succeeded}


@pytest.mark.parametrize("victims", [pytest.param("drivers", marks=pytest.mark.slow), "everybody"])
def test_a_campaign_survives_a_few_kills(here: Path, victims: str) -> None:
    """A campaign whose processes are killed now and then comes to its end, each task done once."""
    _survive(here, victims, seed=1, rounds=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("victims", VICTIMS)
def test_a_campaign_survives_many_kills(here: Path, victims: str, seed: int) -> None:
    """However often they are killed, and whoever it is, a campaign comes to its end, each task done once."""
    _survive(here, victims, seed, rounds=10)


def _submitters_die(here: Path, seed: int, rounds: int) -> None:
    script(
        here,
        "submits.py",
        """
        from perqueue import PersistentQueue, StaticWidthGroup, Task

        while True:
            with PersistentQueue() as queue:
                told = queue.submit(StaticWidthGroup(Task("quick.py", None, "local"), 5))
            print(*told.keys, flush=True)
        """,
    )
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    for _ in range(rounds):
        with subprocess.Popen([sys.executable, "submits.py"], stdout=subprocess.PIPE, text=True) as submitter:
            assert submitter.stdout is not None
            acknowledged |= set(map(int, submitter.stdout.readline().split()))
            time.sleep(chance.uniform(0.0, 0.1))
            submitter.kill()
            # A line that was cut short was never acknowledged.
            whole = submitter.stdout.read().rpartition("\n")[0]
            acknowledged |= set(map(int, whole.split()))
    settle(here)
    found = check_laws(here)
    assert acknowledged <= set(found.entries)
    assert len(found.entries) % 5 == 0
    assert len(found.entries) - len(acknowledged) <= 5 * rounds
    assert set(found.states.values()) == {EntryState.succeeded}


def test_a_submitter_that_is_killed_has_submitted_all_or_nothing(here: Path) -> None:
    """What a submitter was told is stored is there after kill -9, and no submission is there in part."""
    _submitters_die(here, seed=1, rounds=2)


@pytest.mark.slow
def test_many_submitters_that_are_killed(here: Path) -> None:
    """The same for a dozen submitters, one after the other."""
    _submitters_die(here, seed=2, rounds=12)
