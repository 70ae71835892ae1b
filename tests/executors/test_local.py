"""The local executor, with real fork servers: the contract of all executors, and what is its own."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest
from tests.queues import processes_of

from perqueue.config import Config
from perqueue.core.records import Context, Verdict
from perqueue.engine.folder import QueueFolder
from perqueue.executors.local import LOCAL
from perqueue.executors.protocol import Assignment, Executor, Site
from perqueue.testing.contracts.executor_case import Bench, ExecutorCase, other_environment
from perqueue.testing.contracts.executors import ExecutorContract

CORES = 2

COUNTED = """
import os, time

def note(name, what, weight):
    with open("load", "a") as file:
        file.write(f"{name} {what}{weight}\\n")

def main(name, weight=1, **_):
    note(name, "+", weight)
    time.sleep(0.02)
    note(name, "-", weight)
    return True, {"mark": os.environ.get("OMP_MARK"), "server": os.getppid()}
"""
"""A task that notes the cores that it occupies, when it begins and when it ends."""


class Local(ExecutorCase):
    cores = CORES

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:
        return LOCAL.open(Site(folder.root, folder.id), config)


@pytest.mark.usefixtures("queue_folder")
class TestLocalExecutor(Local, ExecutorContract):
    """The contract."""


@pytest.fixture
def bench(queue_folder: Path) -> Iterator[Bench]:
    """A queue with a local executor of two cores."""
    with Local().bench(queue_folder) as made:
        yield made


def counted(bench: Bench, key: int, cores: int = 1, context: Context | None = None) -> Assignment:
    args = f'{{"name":"{key}","weight":{min(cores, CORES)}}}'
    return bench.task(key, COUNTED, cores=cores, args=args, context=context or bench.context)


def load(bench: Bench) -> list[tuple[str, int]]:
    """Who took or gave back how many cores, in that order."""
    lines = (bench.here / "load").read_text(encoding="utf-8").splitlines()
    return [(name, int(number)) for name, number in map(str.split, lines)]


def most_at_once(bench: Bench) -> int:
    return max(accumulate(number for _, number in load(bench)))


def first_come(bench: Bench) -> list[int]:
    return [int(name) for name, number in load(bench) if number > 0]


def run(bench: Bench, *tasks: Assignment) -> list[dict[str, object]]:
    """Launch tasks and wait for their ends; what they returned."""
    bench.launch(*tasks)
    outcomes = [bench.until_ended(task).outcome for task in tasks]
    assert {outcome.verdict for outcome in outcomes} == {Verdict.succeeded}, outcomes
    return [json.loads(outcome.data or "null") for outcome in outcomes]


def environments(bench: Bench) -> list[Context]:
    return [other_environment(bench.context, OMP_MARK=mark) for mark in ("one", "two")]


def test_no_more_cores_are_occupied_than_there_are(bench: Bench) -> None:
    """At no time do running tasks hold more cores than configured, and one that asks for more than that gets all."""
    sizes = [1, 1, 2, 1, 99, 1, 1, 2, 1, 1]
    run(bench, *(counted(bench, key, cores) for key, cores in enumerate(sizes, start=1)))
    assert most_at_once(bench) == CORES
    assert sorted(first_come(bench)) == list(range(1, 11))


def test_a_large_task_is_not_overtaken(queue_folder: Path) -> None:
    """Tasks begin in the order they were launched, also where a smaller one would fit before."""
    with Local().bench(queue_folder) as bench:
        blocker = bench.task(1)
        bench.launch(blocker)
        bench.until_began(1)
        rest = [counted(bench, 2, cores=2), counted(bench, 3), counted(bench, 4)]
        bench.launch(*rest)
        bench.poll()
        assert not (bench.here / "load").exists()
        bench.go(1)
        for task in (blocker, *rest):
            bench.until_ended(task)
        assert first_come(bench)[0] == 2
        assert most_at_once(bench) == CORES


def test_each_environment_has_a_fork_server_of_its_own(bench: Bench) -> None:
    """Tasks find the variables of their own submission, whatever others run at the same time."""
    contexts = [bench.context, *environments(bench)]
    found = run(bench, *(counted(bench, key, context=contexts[key % 3]) for key in range(1, 10)))
    assert [data["mark"] for data in found] == ["one", "two", None] * 3
    assert len({data["server"] for data in found}) == 3


def test_environments_share_the_cores(bench: Bench) -> None:
    """The limit holds over all fork servers together, with small and large tasks mixed."""
    contexts = environments(bench)
    sizes = [1, 1, 2, 1, 1, 1, 99, 1, 2, 1, 1, 1]
    run(bench, *(counted(bench, key, size, contexts[key % 2]) for key, size in enumerate(sizes, start=1)))
    assert most_at_once(bench) <= CORES
    assert sorted(first_come(bench)) == list(range(1, 13))


def test_environments_are_first_come_first_served(queue_folder: Path) -> None:
    """With one core, tasks of different environments run in the order they were launched."""

    class OneCore(Local):
        cores = 1

    with OneCore().bench(queue_folder) as bench:
        contexts = environments(bench)
        run(bench, *(counted(bench, key, context=contexts[key // 2 % 2]) for key in range(1, 9)))
        assert first_come(bench) == list(range(1, 9))
        assert most_at_once(bench) == 1


def test_many_environments_one_after_the_other(bench: Bench) -> None:
    """Fork servers that have nothing to do make room for others, so that their number stays small."""
    for number in range(1, 13):
        context = other_environment(bench.context, OMP_MARK=str(number))
        (data,) = run(bench, counted(bench, number, context=context))
        assert data["mark"] == str(number)
    assert len(bench.executor.descriptors()) < 12


def test_another_interpreter(bench: Bench) -> None:
    """Each task runs under the interpreter that it was submitted from."""
    wrapper = bench.here / "python"
    wrapper.write_text(f'#!/bin/sh\nOMP_MARK=wrapped exec {sys.executable} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    other = Context(str(wrapper), bench.context.folder, bench.context.env)
    found = run(bench, counted(bench, 1), counted(bench, 2, context=other), counted(bench, 3))
    assert [data["mark"] for data in found] == [None, "wrapped", None]


@pytest.mark.parametrize("text", [None, "", "#!/bin/sh\necho 'no such luck' >&2\nexit 3\n"])
def test_an_interpreter_that_can_not_be_started(bench: Bench, text: str | None) -> None:
    """Its tasks fail as "launch", with the reason and without a start, and all others run."""
    python = bench.here / "python"
    if text is not None:
        python.write_text(text, encoding="utf-8")
        python.chmod(0o755)
    gone = Context(str(python), bench.context.folder, bench.context.env)
    tasks = [bench.task(key, context=gone) for key in (1, 2)]
    bench.launch(*tasks)
    run(bench, counted(bench, 3))
    for task in tasks:
        outcome = bench.until_ended(task).outcome
        assert (outcome.verdict, outcome.reason) == (Verdict.failed, "launch")
        assert "its interpreter" in outcome.message
        assert ("no such luck" if text else "can't") in outcome.message
        assert bench.starts(task) == []
    assert bench.executor.room() > 0


def forked(bench: Bench) -> dict[int, int]:
    """Fork servers, their zygotes and their tasks, each with its parent: forks keep the command line."""
    found = {}
    for pid in processes_of(bench.here):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if b"perqueue.runner.forkserver" in command:
            found[pid] = int(fields[1])
    return found


def kill_server(bench: Bench, task: Assignment, who: str = "both") -> None:
    """Kill the fork server of a running task, its zygote, or both."""
    claim = bench.spool.read_claim(*task.at)
    assert claim is not None
    assert claim.server is not None
    zygote = forked(bench)[claim.pid]
    for pid in {"server": [claim.server], "zygote": [zygote], "both": [claim.server, zygote]}[who]:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("who", ["server", "zygote", "both"])
def test_a_fork_server_that_is_killed(bench: Bench, who: str) -> None:
    """What runs is adopted and comes to its end; what waited is launched by another one, once."""
    running = [bench.task(key) for key in (1, 2)]
    waiting = [bench.task(key) for key in (3, 4, 5)]
    bench.launch(*running, *waiting)
    bench.until_began(1, 2)
    kill_server(bench, running[0], who)
    bench.poll()
    assert [bench.ends(task) for task in running] == [[], []]
    bench.go(1, 2, 3, 4, 5)
    for task in (*running, *waiting):
        end = bench.until_ended(task)
        assert end.outcome.verdict is Verdict.succeeded, end
    assert sorted(bench.began()) == ["1", "2", "3", "4", "5"]
    assert sorted(bench.ended()) == ["1", "2", "3", "4", "5"]


def test_a_task_that_is_killed_after_its_fork_server(bench: Bench) -> None:
    """An adopted process that dies without an outcome ends as lost, and says that nobody watched."""
    task = bench.task(1)
    bench.launch(task)
    bench.until_began(1)
    claim = bench.spool.read_claim(1, 1)
    assert claim is not None
    kill_server(bench, task)
    os.kill(claim.pid, signal.SIGKILL)
    outcome = bench.until_ended(task).outcome
    assert (outcome.verdict, outcome.reason) == (Verdict.failed, "lost")
    assert "killed" in outcome.message


def test_the_walltime_of_an_adopted_task(bench: Bench) -> None:
    """A task whose fork server has gone is still stopped at its walltime."""
    task = bench.task(1, walltime=1.0)
    bench.launch(task)
    bench.until_began(1)
    kill_server(bench, task)
    outcome = bench.until_ended(task).outcome
    assert (outcome.verdict, outcome.reason) == (Verdict.timeout, "walltime")
    assert bench.ended() == []


def test_what_a_task_used(bench: Bench) -> None:
    """The end of an attempt tells its peak memory and its CPU time, whether it succeeded or was killed."""
    busy = "n = sum(i for i in range(300000)); block = b'x' * 30_000_000"
    fine = bench.task(1, f"def main(**_):\n    {busy}\n    return True, None\n")
    killed = bench.task(2, f"import os\ndef main(**_):\n    {busy}\n    os.kill(os.getpid(), 9)\n")
    bench.launch(fine, killed)
    for task in (fine, killed):
        outcome = bench.until_ended(task).outcome
        assert outcome.maxrss_kb is not None
        assert outcome.maxrss_kb > 30_000
        assert outcome.cpu_s is not None
        assert outcome.cpu_s > 0


def test_how_far_it_looks_ahead(bench: Bench) -> None:
    """It takes more than it can run at once, says so, and waits for its fork servers rather than for the clock."""
    assert bench.executor.room() > CORES
    tasks = [bench.task(key) for key in range(1, 6)]
    bench.launch(*tasks)
    bench.until_began(1, 2)
    assert bench.executor.saturated()
    assert bench.executor.patience() > 1
    assert len(bench.executor.descriptors()) == 1
    bench.go(1, 2, 3, 4, 5)
    for task in tasks:
        bench.until_ended(task)
    assert not bench.executor.saturated()
