"""What goes wrong with jobs, nodes, servers and supervisors: nothing is lost, doubled or stuck."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.chaos.cast import cast, kill
from tests.chaos.driving import gated, quick, rest, settle, submit, tick, wait_begun
from tests.chaos.ledger import read_ledger
from tests.chaos.scripts import noting, write_scripts
from tests.chaos.stored import queue_in, stored
from tests.pbs.configuring import configure
from tests.pbs.site import Pbs
from tests.queues import wait_until

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.core.records import Verdict
from perqueue.core.resources import Resources
from perqueue.core.states import EntryState
from perqueue.engine.wake import poke

WORKQ = "1:workq:5m"


@pytest.fixture
def here(pbs: Pbs, queue_folder: Path) -> Path:
    """A folder whose configuration sends partitions to PBS, with task scripts."""
    write_scripts(queue_folder)
    configure(queue_folder)
    return queue_folder


def ended(folder: Path, key: int) -> tuple[EntryState, str]:
    """State and reason."""
    found = stored(folder)
    return found.states[key], found.outcome(key).reason


def cancel(*keys: int) -> None:
    with PersistentQueue() as queue:
        queue.cancel(keys)


# jobs


@pytest.mark.parametrize(
    "settings", [{}, *(pytest.param({"history": True, "root": root}, marks=pytest.mark.slow) for root in (True, False))]
)
def test_a_running_entry_is_cancelled(pbs: Pbs, here: Path, settings: dict[str, bool]) -> None:
    """Its job ends, with all that it started; whatever PBS remembers of it."""
    pbs.set(**settings)
    (key,) = submit(gated(WORKQ))
    pid = wait_begun(here, key)
    cancel(key)
    rest(here)
    assert ended(here, key) == (EntryState.failed, "cancelled")
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process")
    assert not read_ledger(here).done


@pytest.mark.slow
def test_a_waiting_entry_is_cancelled(pbs: Pbs, here: Path) -> None:
    """Its job leaves the queue and never runs; also an element of an array."""
    pbs.set(nodes={})
    keys = submit(StaticWidthGroup(quick(resources=WORKQ), 3))
    wait_until(lambda: pbs.rows(), "the array")
    cancel(keys[1])
    wait_until(lambda: stored(here).states[keys[1]] is EntryState.failed, "the end of the entry")
    pbs.set(nodes={"pbs0": 4})
    rest(here)
    assert read_ledger(here).done == Counter({(keys[0], 1): 1, (keys[2], 1): 1})


@pytest.mark.parametrize("history", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_walltime(pbs: Pbs, here: Path, history: bool) -> None:
    """It is a timeout, to the second, whether or not PBS keeps a history."""
    pbs.set(history=history)
    (key,) = submit(gated("1:workq:2s"))
    rest(here)
    assert ended(here, key) == (EntryState.timeout, "walltime")


@pytest.mark.slow
def test_a_job_that_is_killed_altogether(pbs: Pbs, here: Path) -> None:
    """As the kernel does for want of memory: task, runner and shell. The history is asked why."""
    pbs.set(history=True)
    kill = "    os.kill(os.getppid(), 9)\n    os.kill(os.getpid(), 9)\n"
    noting(here, "killed.py", f"def main(**_):\n    note('begun')\n{kill}")
    (key,) = submit(Task("killed.py", None, WORKQ))
    rest(here)
    assert stored(here).states[key] is EntryState.failed
    assert read_ledger(here).begun == {(key, 1): 1}


@pytest.mark.slow
def test_a_job_that_needs_too_much_memory_is_retried_with_more(pbs: Pbs, here: Path) -> None:
    """PBS says why it ended the job; the retry policy doubles what is asked for."""
    configure(here, workq='retry = {times = 1, on = ["oom"]}')
    pbs.set(history=True, out_of_memory=["0.pbs0"])
    (key,) = submit(Task("gated.py", None, Resources(1, 300, "workq", memory="1G")))
    wait_until(lambda: len(pbs.log("qsub")) == 2, "another attempt")
    (here / "go").touch()
    rest(here)
    found = stored(here)
    first, second = found.attempts[key, 1].outcome, found.attempts[key, 2].outcome
    assert first is not None
    assert second is not None
    assert (first.reason, second.verdict) == ("oom", Verdict.succeeded)
    assert ":mem=2048mb" in pbs.log("qsub")[1]["script"]


def test_a_task_that_is_killed(pbs: Pbs, here: Path) -> None:
    """The runner tells at once."""
    noting(here, "killed.py", "def main(**_):\n    note('begun')\n    os.kill(os.getpid(), 9)\n")
    (key,) = submit(Task("killed.py", None, WORKQ))
    rest(here)
    assert stored(here).states[key] is EntryState.failed
    assert "SIGKILL" in stored(here).outcome(key).message


@pytest.mark.slow
@pytest.mark.parametrize("history", [True, False])
def test_a_node_fails(pbs: Pbs, here: Path, history: bool) -> None:
    """The entry fails: with its reason where PBS keeps a history, else as vanished once it was absent long enough."""
    pbs.set(history=history)
    (key,) = submit(gated(WORKQ))
    wait_begun(here, key)
    pbs.set(failed=["pbs0"])
    rest(here)
    assert ended(here, key) == (EntryState.failed, "node-failure" if history else "vanished")


def test_a_job_that_is_run_again_stays_the_same_attempt(pbs: Pbs, here: Path) -> None:
    """Where the partition allows it, PBS starts it on another node."""
    configure(here, workq="requeue = true")
    (key,) = submit(gated(WORKQ))
    wait_begun(here, key)
    pbs.set(failed=["pbs0"])
    wait_until(lambda: read_ledger(here).begun[key, 1] == 2, "the second start")
    wait_until(lambda: stored(here).attempts[key, 1].restarts == 1, "its number")
    (here / "go").touch()
    rest(here)
    assert stored(here).states[key] is EntryState.succeeded
    assert read_ledger(here).done == {(key, 1): 1}


@pytest.mark.parametrize("history", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_an_element_of_an_array_that_is_run_again_stays_the_same_attempt(pbs: Pbs, here: Path, history: bool) -> None:
    """PBS asks it to end as if it were cancelled, by qrerun as for preemption, and starts it again."""
    pbs.set(history=history)
    configure(here, "absence = 60")
    first, second = submit(StaticWidthGroup(gated(WORKQ), 2))
    for key in (first, second):
        wait_begun(here, key)
    assert pbs.run("qrerun", pbs.job(0, 1)).returncode == 0
    wait_until(lambda: read_ledger(here).begun[second, 1] == 2, "the second start")
    wait_until(lambda: stored(here).attempts[second, 1].restarts == 1, "its number")
    (here / "go").touch()
    rest(here)
    assert set(stored(here).states.values()) == {EntryState.succeeded}
    assert read_ledger(here).begun == {(first, 1): 1, (second, 1): 2}


@pytest.mark.parametrize("history", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_running_element_of_an_array_is_cancelled(pbs: Pbs, here: Path, history: bool) -> None:
    """By a user of the queue, for the reason that was given, whatever PBS remembers; the other one goes on."""
    pbs.set(history=history)
    first, second = submit(StaticWidthGroup(gated(WORKQ), 2))
    for key in (first, second):
        wait_begun(here, key)
    cancel(second)
    wait_until(lambda: stored(here).states[second] is EntryState.failed, "the end of the entry")
    assert ended(here, second) == (EntryState.failed, "cancelled")
    (here / "go").touch()
    rest(here)
    assert stored(here).states[first] is EntryState.succeeded


@pytest.mark.slow
def test_an_element_of_an_array_that_somebody_deletes(pbs: Pbs, here: Path) -> None:
    """By hand, with qdel: PBS says so."""
    pbs.set(history=True)
    first, second = submit(StaticWidthGroup(gated(WORKQ), 2))
    for key in (first, second):
        wait_begun(here, key)
    assert pbs.run("qdel", pbs.job(0, 1)).returncode == 0
    wait_until(lambda: stored(here).states[second] is EntryState.failed, "the end of the entry")
    assert ended(here, second) == (EntryState.failed, "cancelled")
    (here / "go").touch()
    rest(here)
    assert stored(here).states[first] is EntryState.succeeded


# the server


@pytest.mark.slow
def test_a_server_that_is_down_for_a_while_changes_nothing(pbs: Pbs, here: Path) -> None:
    """What runs goes on, for longer than a job may be absent; what is submitted meanwhile is so later."""
    (first,) = submit(gated(WORKQ))
    wait_begun(here, first)
    pbs.set(down=True)
    (second,) = submit(quick(resources=WORKQ))
    wait_until(lambda: stored(here).states[second] is not EntryState.goahead, "the second to be queued")
    wait_until(lambda: (here / ".perqueue/scheduler/pbs.json").read_text().count("cannot connect"), "the trouble")
    assert stored(here).states[first] is EntryState.running
    (here / "go").touch()
    wait_until(lambda: stored(here).states[first] is EntryState.succeeded, "the first")
    pbs.set(down=False)
    rest(here)
    assert stored(here).states[second] is EntryState.succeeded
    assert read_ledger(here).done == {(first, 1): 1, (second, 1): 1}


def test_a_submission_whose_answer_is_lost_is_not_repeated(pbs: Pbs, here: Path) -> None:
    """The array is found by its tag."""
    pbs.set(lose_replies=True, nodes={})
    keys = submit(StaticWidthGroup(quick(resources=WORKQ), 3))
    wait_until(lambda: all(PersistentQueue().get_entry(key).mq_id for key in keys), "the ids")
    pbs.set(lose_replies=False, nodes={"pbs0": 4})
    rest(here)
    assert len(pbs.log("qsub")) == 1
    assert read_ledger(here).done == Counter((key, 1) for key in keys)


@pytest.mark.slow
def test_a_refusal_is_no_failure(pbs: Pbs, here: Path) -> None:
    """What the server does not take now is taken later, and in smaller pieces."""
    pbs.set(max_queued=4)
    keys = submit(StaticWidthGroup(quick(resources=WORKQ), 6))
    rest(here)
    assert read_ledger(here).done == Counter((key, 1) for key in keys)
    assert any(entry["status"] == 38 for entry in pbs.log("qsub"))


def test_a_torque_like_site(pbs: Pbs, here: Path) -> None:
    """Plain listings are enough."""
    pbs.set(torque=True)
    keys = submit(quick(resources=WORKQ), quick(resources=WORKQ))
    rest(here)
    assert read_ledger(here).done == Counter((key, 1) for key in keys)


# supervisors


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.slow), "after"])
def test_a_supervisor_dies_around_a_submission(
    pbs: Pbs, here: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 of whoever calls qsub, before or after the server has the job, and before its id is recorded."""
    real = pbs.bin / "real-qsub"
    (pbs.bin / "qsub").rename(real)
    once = pbs.folder / "once"
    kill = f"[ -e {once} ] || {{ touch {once}; kill -9 $PPID; exit 1; }}"
    call = f'{real} "$@" >{pbs.folder}/answer; status=$?'
    lines = [kill, call] if when == "before" else [call, kill]
    (pbs.bin / "qsub").write_text("\n".join(["#!/bin/sh", *lines, f"cat {pbs.folder}/answer; exit $status", ""]))
    (pbs.bin / "qsub").chmod(0o755)
    keys = submit(StaticWidthGroup(quick(resources=WORKQ), 3))
    wait_until(once.exists, "the submission")
    wait_dead(here)
    # The one that was killed may hold its lock for a moment longer than it listens: then the next one leaves.
    wait_until(lambda: revived(here), "another supervisor")
    rest(here)
    assert {str(state) for state in stored(here).states.values()} == {"succeeded"}
    assert read_ledger(here).done == Counter((key, 1) for key in keys)
    assert len(pbs.log("qsub")) == 1


def wait_dead(folder: Path) -> None:
    """Until nobody listens. A process that was killed has files open for a moment, and seems to be woken then."""
    wait_until(lambda: not poke(queue_in(folder)), "the death of the supervisor")


def revived(folder: Path) -> bool:
    """Whether a supervisor listens after a tick."""
    tick(folder)
    time.sleep(0.5)
    return poke(queue_in(folder))


def test_another_supervisor_goes_on(pbs: Pbs, here: Path) -> None:
    """kill -9 while a job runs: the next owner knows it, and asks about no more than that."""
    running, waiting = submit(gated(WORKQ), gated("4:workq:5m"))
    wait_begun(here, running)
    kill(cast(here).supervisors)
    (here / "go").touch()
    tick(here)
    rest(here)
    assert read_ledger(here).done == {(running, 1): 1, (waiting, 1): 1}


@pytest.mark.slow
def test_looks_do_not_grow_with_jobs(pbs: Pbs, here: Path) -> None:
    """Two commands a look, for thirty arrays as for one."""
    pbs.set(nodes={})
    for width in (1, 20):
        submit(*[quick(resources=f"1:workq:{number + width}m") for number in range(width)])
    wait_until(lambda: len(pbs.log("qsub")) == 21, "the submissions")
    begun = len(pbs.log("qselect"))
    wait_until(lambda: len(pbs.log("qselect")) >= begun + 4, "some looks")
    names = [entry["name"] for entry in pbs.log()][-7:]
    assert names in (["qselect", "qstat"] * 3 + ["qselect"], ["qstat"] + ["qselect", "qstat"] * 3)
    pbs.set(nodes={"pbs0": 8})
    rest(here)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_everything_at_once(pbs: Pbs, here: Path, seed: int) -> None:
    """Lost answers, a server that comes and goes, refusals and killed supervisors: each entry runs once."""
    chance = random.Random(seed)
    pbs.set(nodes={"pbs0": 6}, history=bool(seed))
    wide = StaticWidthGroup([quick(0.1, resources=WORKQ), quick(0.1, "second", "1:short:6m")], 12)
    keys = submit(wide, *[quick(resources=f"1:workq:{minutes}m") for minutes in (7, 8, 9)])
    for _ in range(12):
        pbs.set(down=chance.random() < 0.3, lose_replies=chance.random() < 0.5, max_queued=chance.choice([0, 0, 5]))
        time.sleep(chance.random())
        # There may be two: one that drives the queue, and one that is about to find that out, and leaves.
        kill([pid for pid in cast(here).supervisors if chance.random() < 0.5])
        tick(here)
    pbs.set(down=False, lose_replies=False, max_queued=0)
    settle(here)
    assert Counter(map(str, stored(here).states.values())) == {"succeeded": 27}
    assert read_ledger(here).done == Counter((key, 1) for key in keys)
    assert not stored(here).broken
