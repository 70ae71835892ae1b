"""A queue whose entries go to a batch system, moved by a supervisor, or from another host, or from within a job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.engine.conftest import Bench
from tests.executors.batch.toy import Toy, ToyCommands, ToyDialect

from perqueue.api.task import Task
from perqueue.config import Config, load_config
from perqueue.engine import drive, requests
from perqueue.engine.drive import TickReport, tick
from perqueue.engine.driver import listening
from perqueue.engine.lease import take_lease
from perqueue.engine.opening import open_executors
from perqueue.engine.tick import Mover
from perqueue.executors.batch.executor import BatchExecutor
from perqueue.executors.protocol import ExecutorPlugin, Site
from perqueue.plugins import manager
from perqueue.supervisor.loop import Supervisor, Wake

SETTINGS = '[partitions.big]\nexecutor = "toy"\n'


class Batching:
    """A queue with a batch system in memory, and what was opened for it."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.folder = bench, bench.folder
        self.toy = Toy(bench.folder.spool(), time.time)
        self.opened: list[BatchExecutor] = []
        self.commands: list[ToyCommands] = []
        self.configure(SETTINGS)

    def configure(self, text: str) -> Config:
        settings = f"[local]\nidle = 0.2\ncores = 2\n{text}"
        Path(self.folder.folder, "perqueue.toml").write_text(settings, encoding="utf-8")
        return load_config(self.folder.folder)

    def open(self, site: Site, config: Config) -> BatchExecutor:
        self.commands.append(ToyCommands(self.toy))
        self.opened.append(BatchExecutor(site, config, ToyDialect(), self.commands[-1]))
        return self.opened[-1]

    def submit(self, tasks: object) -> list[int]:
        return self.bench.submit(tasks, load_config(self.folder.folder))

    def task(self, partition: str = "big") -> Task:
        return self.bench.task(resources=f"1:{partition}:1m")

    def submissions(self) -> int:
        return sum(commands.number("submit") for commands in self.commands)


@pytest.fixture
def batching(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Batching:
    made = Batching(bench)
    plugins = manager.load_plugins()
    found = {**plugins.executors, "toy": ExecutorPlugin("toy", "in memory", made.open)}
    monkeypatch.setattr(manager, "load_plugins", lambda: manager.Plugins(found, plugins.stores, plugins.failed))
    monkeypatch.setattr(drive, "ensure_supervisor", lambda folder: pytest.fail("a supervisor is started"))
    return made


@pytest.fixture
def supervised(batching: Batching) -> Iterator[Callable[[], Supervisor]]:
    """Makes a supervisor, which lives as long as the test and does what it is told to."""
    with closing(batching.folder.open_store()) as store:
        lives: list[tuple[Supervisor, Wake]] = []

        def make() -> Supervisor:
            lease = take_lease(store)
            assert lease is not None
            ear = Wake(batching.folder.wake)
            lives.append((Supervisor(batching.folder, store, load_config(batching.folder.folder), lease, ear), ear))
            return lives[-1][0]

        yield make
        for life, ear in lives:
            for executor in life._executors:
                executor.close()
            ear.close()


def test_a_tick_from_a_job(batching: Batching, monkeypatch: pytest.MonkeyPatch) -> None:
    """It commits what the job left, submits batch work that follows, and leaves local entries to the queue's home."""
    batching.submit(batching.task() >> (batching.task() | batching.bench.task()))
    batching.bench.admit(1)
    batching.bench.leave(1)
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert tick(batching.folder) == TickReport(committed=1, busy=True, away=batching.folder.home)
    assert batching.bench.states() == {1: "succeeded", 2: "queueing", 3: "goahead"}
    assert [batching.toy.at(one) for one in batching.toy.elements] == [(2, 1)]
    assert batching.bench.attempts(2)[0].job == "1"
    assert not listening(batching.folder)


def test_ticks_from_many_jobs(batching: Batching) -> None:
    """Each goes on from what the ones before left: nothing is submitted twice, and all ends."""
    batching.submit(batching.task() | batching.task() | batching.task())
    for _ in range(5):
        tick(batching.folder, from_job=True)
    assert batching.submissions() == 1
    for one in batching.toy.elements:
        batching.toy.start(one)
        batching.toy.finish(one)
        tick(batching.folder, from_job=True)
    assert batching.bench.states() == {1: "succeeded", 2: "succeeded", 3: "succeeded"}
    assert tick(batching.folder, from_job=True) == TickReport(away=batching.folder.home)


def test_a_supervisor_takes_in_a_new_partition(
    batching: Batching, supervised: Callable[[], Supervisor], bench: Bench
) -> None:
    """The configuration may be changed while it lives; what is with the batch system stays there."""
    life = supervised()
    batching.submit(batching.task())
    life._mover.tick(look=True)
    life._mover.tick(look=True)
    assert bench.states() == {1: "queueing"}
    batching.configure(f'{SETTINGS}[partitions.new]\nexecutor = "toy"\n')
    batching.submit(batching.task("new"))
    life._mover.tick(look=True)
    assert bench.states()[2] == "goahead"
    life._reconfigure()
    for _ in range(3):
        life._mover.tick(look=True)
    assert bench.states() == {1: "queueing", 2: "queueing"}
    assert len(batching.opened) == 2
    assert batching.submissions() == 2
    for one in batching.toy.elements:
        batching.toy.start(one)
        batching.toy.finish(one)
    life._mover.tick(look=True)
    assert bench.states() == {1: "succeeded", 2: "succeeded"}


def test_the_round_after_an_edit(
    batching: Batching, supervised: Callable[[], Supervisor], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who edits the configuration and submits at once means the new one."""
    life = supervised()
    monkeypatch.setattr(life, "_wait_for_news", lambda **_: True)
    batching.configure(f'{SETTINGS}[partitions.new]\nexecutor = "toy"\n')
    batching.submit(batching.task("new"))
    assert life._round()
    assert bench.states() == {1: "queueing"}


def test_a_configuration_that_can_not_be_used(
    batching: Batching, supervised: Callable[[], Supervisor], bench: Bench
) -> None:
    """The supervisor goes on with what it has."""
    life = supervised()
    batching.submit(batching.task())
    Path(batching.folder.folder, "perqueue.toml").write_text("[partitions", encoding="utf-8")
    life._reconfigure()
    life._mover.tick(look=True)
    assert (len(batching.opened), bench.states()) == (1, {1: "queueing"})


def test_what_is_to_be_stopped_when_the_configuration_changes(
    batching: Batching, supervised: Callable[[], Supervisor], bench: Bench
) -> None:
    """An attempt that is cancelled while it is held back ends, and is not submitted, whoever holds it."""
    life = supervised()
    batching.submit(batching.task())
    batching.toy.down = True
    for _ in range(3):
        life._mover.tick(look=True)
    with bench.store.transaction() as state:
        requests.cancel(state, [1])
    life._mover.tick(look=True)
    with bench.store.snapshot() as state:
        assert [(stop.key, stop.attempt) for stop in state.stops()] == [(1, 1)]
    batching.configure(f'{SETTINGS}[partitions.new]\nexecutor = "toy"\n')
    life._reconfigure()
    life._mover.tick(look=True)
    (tracked,) = batching.opened[-1]._account.tracked.values()
    assert tracked.stopping == "cancelled"


def test_caps_over_several_partitions(batching: Batching, bench: Bench) -> None:
    """An executor's cap counts over all of its partitions, also for what becomes ready at once."""
    config = batching.configure(f'{SETTINGS}[partitions.new]\nexecutor = "toy"\n[executors.toy]\nmax_jobs = 3\n')
    lease = take_lease(bench.store)
    assert lease is not None
    executors = open_executors(batching.folder, config, print, local=False)
    mover = Mover(batching.folder, bench.store, executors, config, lease, print)
    for _ in range(4):
        batching.submit(batching.task() | batching.task("new"))
    for _ in range(3):
        mover.tick()
    assert list(bench.states().values()).count("queueing") == 3
