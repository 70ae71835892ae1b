"""From a recorded attempt to the job that an executor runs."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from attrs import evolve
from tests.engine.conftest import Bench

from perqueue import StaticWidthGroup
from perqueue.config import Config, Partition
from perqueue.core.errors import BrokenInvariantError
from perqueue.core.events import Ended, Resubmitted
from perqueue.core.planner import plan
from perqueue.core.records import Outcome, Verdict
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.engine.context import capture
from perqueue.engine.launches import Assignments
from perqueue.executors.protocol import Assignment

SMALL, LARGE = 65_536, 65_537
"""The most characters of inputs that travel with the job, and the least that don't."""


def prepared(bench: Bench, key: int, config: Config | None = None, attempt: int = 1) -> Assignment:
    """The assignment of an entry's attempt."""
    with bench.store.snapshot() as state:
        return Assignments(bench.folder, config or bench.config).prepare(state, key, attempt)


def inputs(length: int) -> str:
    """A result whose merged form has so many characters."""
    text = json.dumps({"x": ""}, separators=(",", ":"))
    return json.dumps({"x": "a" * (length - len(text))}, separators=(",", ":"))


def shared(bench: Bench) -> list[Path]:
    return sorted(Path(bench.folder.root).glob("spool/inputs/*"))


def test_a_job_has_all_that_a_runner_needs(bench: Bench) -> None:
    """Queue, entry, script, arguments, folders, walltime, cores and log are all in the job."""
    task = bench.task("relax", args={"x": (1,)}, resources="2:local:5m", func="work")
    (key,) = bench.submit(task)
    bench.admit(key)
    assignment = prepared(bench, key)
    job, here = assignment.job, bench.folder.folder
    assert assignment.at == (job.key, job.attempt) == (1, 1)
    assert (job.queue, job.root, job.name) == (bench.folder.id, bench.folder.root, "relax")
    assert (job.code, job.func, json.loads(job.args)) == (f"{here}/relax.py", "work", {"x": {"$tuple": [1]}})
    assert (job.folder, job.make_folder, tuple(job.paths)) == (here, False, (here, here))
    assert (job.walltime, job.cores, job.shapes) == (300.0, 2, "typed")
    assert (job.input, job.input_file, job.special) == (None, None, {})
    assert (job.log, job.out, job.err) == (bench.folder.log(1, 1), None, None)
    assert assignment.context == capture(environ={"HOME": "/home/me"})


def test_logs_under_perqueues_names(bench: Bench) -> None:
    """``logs = "perqueue"`` gives two files in the submission's folder, and none in the queue's."""
    (key,) = bench.submit(bench.task())
    bench.admit(key)
    job = prepared(bench, key, Config(logs="perqueue")).job
    printed = f"{bench.folder.folder}/perqueue.local.1"
    assert (job.log, job.out, job.err) == (None, f"{printed}.out", f"{printed}.err")


def test_perqueues_shapes(bench: Bench) -> None:
    """``shapes = "json"`` is told to the runner."""
    (key,) = bench.submit(bench.task())
    bench.admit(key)
    assert prepared(bench, key, Config(shapes="json")).job.shapes == "json"


def test_perqueues_own_arguments(bench: Bench) -> None:
    """Copy numbers go along, inner group first; and only where there are any."""
    keys = bench.submit(StaticWidthGroup(StaticWidthGroup(bench.task(), 2), 2))
    bench.admit(*keys)
    assert [prepared(bench, key).job.special for key in keys] == [
        {"pq_index": index} for index in ([0, 0], [1, 0], [0, 1], [1, 1])
    ]


@pytest.mark.parametrize("length", [20, SMALL])
def test_small_inputs_travel_with_the_job(bench: Bench, length: int) -> None:
    """Up to 64 KiB of inputs stand in the job itself, and no file is made."""
    bench.submit(bench.task() >> bench.task())
    bench.end(1, inputs(length))
    bench.admit(2)
    job = prepared(bench, 2).job
    assert (job.input, job.input_file) == (inputs(length), None)
    assert shared(bench) == []


def test_large_inputs_are_a_file_that_all_readers_share(bench: Bench) -> None:
    """More than that is one file, named by its content, for all that read it, and again for another attempt."""
    bench.submit(bench.task() >> StaticWidthGroup(bench.task(), 3))
    bench.end(1, inputs(LARGE))
    bench.admit(2, 3, 4)
    jobs = [prepared(bench, key).job for key in (2, 3, 4)]
    (path,) = shared(bench)
    assert {job.input_file for job in jobs} == {str(path)}
    assert {job.input for job in jobs} == {None}
    assert path.read_text(encoding="utf-8") == inputs(LARGE)
    assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
    before = os.stat(path)
    assert prepared(bench, 2).job.input_file == str(path)
    assert os.stat(path).st_mtime_ns == before.st_mtime_ns


def test_different_large_inputs_are_different_files(bench: Bench) -> None:
    """Readers of other inputs have another file."""
    for number, length in ((1, LARGE), (3, LARGE + 1)):
        bench.submit(bench.task() >> bench.task())
        bench.end(number, inputs(length))
        bench.admit(number + 1)
    assert prepared(bench, 2).job.input_file != prepared(bench, 4).job.input_file
    assert len(shared(bench)) == 2


def test_large_inputs_with_any_text(bench: Bench) -> None:
    """Characters that UTF-8 doesn't have survive in the file."""
    text = json.dumps({"x": "\ud800" + "ü" * LARGE}, ensure_ascii=False, separators=(",", ":"))
    bench.submit(bench.task() >> bench.task())
    bench.end(1, text)
    bench.admit(2)
    path = prepared(bench, 2).job.input_file
    assert path is not None
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        assert json.load(file) == json.loads(text)


def test_several_parents_make_one_input(bench: Bench) -> None:
    """A join's readers get what its parents returned as one merged object."""
    bench.submit((bench.task() | bench.task()) >> bench.task())
    bench.end(1, '{"x":1,"y":2}')
    bench.end(2, '{"x":3}')
    bench.admit(3)
    text = prepared(bench, 3).job.input
    assert text is not None
    assert json.loads(text) == {"x": {"$dict": [[1, 1], [2, 3]]}, "y": 2}


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("runs", "{here}/runs"),
        ("runs/{key}.{attempt}", "{here}/runs/3.2"),
        ("{name}/{index}", "{here}/relax/0-1"),
        ("{iteration}x", "{here}/x"),
        ("{key:04d}", "{here}/0003"),
        ("../up", "{above}/up"),
        ("/abs/{key}", "/abs/3"),
    ],
)
def test_working_folders(bench: Bench, pattern: str, folder: str) -> None:
    """A pattern is filled in for each attempt, below the submission's folder unless it is absolute."""
    task = bench.task("relax", folder=pattern)
    bench.submit(StaticWidthGroup(StaticWidthGroup(task, 2), 2))
    bench.admit(3)
    with bench.store.transaction() as state:
        decision = plan(state, [Ended(3.0, 3, 1, Outcome(Verdict.failed, "raised")), Resubmitted(4.0, (3,))])
        state.apply(decision, decision.heard)
    bench.admit(3)
    job = prepared(bench, 3, attempt=2).job
    here = bench.folder.folder
    assert job.folder == folder.format(here=here, above=os.path.dirname(here))
    assert job.make_folder
    assert tuple(job.paths) == (here, here)


def test_an_edit_counts_from_the_next_attempt(bench: Bench) -> None:
    """A job is made of the task as it is when the attempt is prepared."""
    from perqueue.engine import requests

    (key,) = bench.submit(bench.task())
    with bench.store.transaction() as state:
        requests.edit(state, key, {"resources": Resources(cores=5, partition="local")}, everywhere=False)
    bench.admit(key)
    assert prepared(bench, key).job.cores == 5


def test_hosts_that_failed_are_told_from_those_that_a_task_excludes(bench: Bench) -> None:
    """An attempt avoids both; only the first kind is given up where there is nothing else."""
    config = evolve(bench.config, partitions={"big": Partition("big", "slurm")})
    work = bench.task(resources=Resources(1, 60, "big", avoid=["n1"]), retry=Retry(1))
    bench.submit(work, config)
    bench.admit(1)
    assert prepared(bench, 1, config).anywhere.resources.avoid == ("n1",)
    with bench.store.transaction() as state:
        decision = plan(state, [Ended(3.0, 1, 1, Outcome(Verdict.failed, "node-failure", host="n2"))])
        state.apply(decision, decision.heard)
    bench.admit(1)
    found = prepared(bench, 1, config, attempt=2)
    assert found.resources.avoid == ("n1", "n2")
    assert found.anywhere.resources == Resources(1, 60, "big", avoid=["n1"])


def test_an_attempt_without_its_entry(bench: Bench) -> None:
    """It is a contradiction in the store, and named."""
    with pytest.raises(BrokenInvariantError, match="entry 9 or its attempt 1 is missing"):
        prepared(bench, 9)


def with_a_scheduler(bench: Bench, partition: Partition, resources: str) -> Assignment:
    """The assignment of an entry whose partition belongs to a batch system."""
    config = evolve(bench.config, partitions={partition.name: partition})
    bench.submit(bench.task(resources=resources), config)
    bench.admit(1)
    return prepared(bench, 1, config)


def test_a_batch_job_writes_for_other_hosts(bench: Bench) -> None:
    """Its outcome is synced, it goes to its partition, and it keeps the cores that it asks for."""
    found = with_a_scheduler(bench, Partition("big", "slurm", cores=24), "24:big:1h")
    assert (found.partition, found.job.durable, found.job.cores, found.job.walltime) == ("big", True, 24, 3600.0)
    assert (found.job.mpi, found.job.requeue) == ((), False)


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ("24:big:1h", ("srun", "-n", "24")),
        ("24:big:4:1h", ("srun", "-n", "4")),
        ("24:big:1:1h", ()),
        ("s:24:big:1h", ()),
    ],
)
def test_how_processes_are_started(bench: Bench, resources: str, words: tuple[str, ...]) -> None:
    """A partition that says how starts one process per core, or as many as asked for; serial tasks are one."""
    found = with_a_scheduler(bench, Partition("big", "slurm", mpi="srun -n {processes}", requeue=True), resources)
    assert (tuple(found.job.mpi), found.job.requeue) == (words, True)


def test_a_retry_has_what_it_asks_for(bench: Bench) -> None:
    """The job of an attempt that follows another has the resources that the attempt was recorded with."""
    config = evolve(bench.config, partitions={"big": Partition("big", "slurm", retry=Retry(1))})
    bench.submit(bench.task(resources="4:big:100s"), config)
    bench.admit(1)
    with bench.store.transaction() as state:
        decision = plan(state, [Ended(3.0, 1, 1, Outcome(Verdict.timeout, "walltime"))])
        state.apply(decision, decision.heard)
    bench.admit(1)
    found = prepared(bench, 1, config, attempt=2)
    assert (found.job.walltime, found.resources.seconds) == (150.0, 150)
