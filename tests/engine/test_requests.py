"""What users ask of a queue, as transactions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from tests.engine.conftest import Bench

from perqueue import StaticWidthGroup
from perqueue.codec import BlobFolder, no_blobs
from perqueue.config import Config, Partition, PartitionError, load_config
from perqueue.core.errors import CycleError, ResourcesError, StateError, UnknownEntryError
from perqueue.core.records import Context, PendingStop, Verdict
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.core.task import Task
from perqueue.engine import requests
from perqueue.engine.requests import ArgumentsError
from perqueue.executors.protocol import Executor, ExecutorPlugin, Site
from perqueue.plugins import manager


def test_a_submission_is_checked_before_it_is_stored(bench: Bench) -> None:
    """Whatever is wrong with it is said when it is made ready, without touching the store."""
    a, b = bench.task("a"), bench.task("b")
    before = bench.store.version()
    with pytest.raises(CycleError):
        bench.submit({a: [b], b: [a]})
    with pytest.raises(PartitionError, match="xeon24"):
        bench.submit(bench.task(resources="24:xeon24:1h"))
    with pytest.raises(ArgumentsError, match="'task'"):
        bench.submit(bench.task(args={"x": object()}))
    assert bench.states() == {}
    assert bench.store.version() == before


def test_a_submission_can_be_stored_twice(bench: Bench) -> None:
    """What was made ready makes new entries each time."""
    submission = requests.Submission(bench.task() >> bench.task(), bench.config, no_blobs)
    context = bench_context()
    with bench.store.transaction() as state:
        assert submission.store(state, context) == [1, 2]
        assert submission.store(state, context) == [3, 4]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """An executor of that name is installed."""

    def open_none(_site: Site, _config: Config) -> Executor:
        raise AssertionError("nothing is launched here")

    plugin = ExecutorPlugin("cloud", "for tests", open_none)
    monkeypatch.setattr(manager, "load_plugins", lambda: manager.Plugins({"cloud": plugin}, {}, {}))


@pytest.mark.usefixtures("cloud")
def test_tasks_are_stored_with_their_executor_and_context(bench: Bench) -> None:
    """Each task has the executor of its partition; one submission has one context."""
    config = Config(partitions={"xeon24": Partition("xeon24", "cloud")})
    bench.submit(bench.task("a") >> bench.task("b", resources="24:xeon24:1h"), config)
    bench.submit(bench.task("c"))
    with bench.store.snapshot() as state:
        tasks = {row.task.name: row.task for row in state.rows()}
        assert state.context(tasks["a"].context).folder == bench.folder.folder
    assert [tasks[name].executor for name in "abc"] == ["local", "cloud:xeon24", "local"]
    assert len({task.context for task in tasks.values()}) == 1


def test_large_arguments_are_kept_beside_the_store(bench: Bench) -> None:
    """A large array among the arguments is a blob, that the text only names."""
    text = requests.encoded_args("relax", {"x": np.arange(10_000)}, BlobFolder(bench.folder.blobs))
    assert len(text) < 1000
    assert len(list(Path(bench.folder.blobs).glob("*/*.npy"))) == 1


def test_all_bad_arguments_are_named_at_once() -> None:
    """The error lists every argument that can't be stored."""
    with pytest.raises(ArgumentsError, match=r"'relax'.*'a'.*object.*'b'.*function"):
        requests.encoded_args("relax", {"a": object(), "fine": 1, "b": lambda: 1}, no_blobs)


@pytest.mark.usefixtures("cloud")
def test_resources_with_their_executor() -> None:
    """New resources bring the executor of their partition along."""
    config = Config(partitions={"xeon24": Partition("xeon24", "cloud")})
    asked = Resources.parse("24:xeon24:1h")
    for given in ("24:xeon24:1h", asked):
        assert requests.resources_change(given, config) == {"resources": asked, "executor": "cloud:xeon24"}
    with pytest.raises(PartitionError):
        requests.resources_change("24:xeon40:1h", config)
    with pytest.raises(ResourcesError):
        requests.resources_change("xeon24", config)


def test_executor_that_is_not_installed() -> None:
    """An executor that the configuration names and nobody brings is refused at once, not waited for."""
    with pytest.raises(manager.UnknownPluginError, match="no executor 'cloud'; installed are: local"):
        requests.resources_change("24:xeon24:1h", Config(partitions={"xeon24": Partition("xeon24", "cloud")}))


@pytest.mark.parametrize(
    ("text", "environ", "where"),
    [
        ('[partitions.big]\nexecutor = "slrum"\n', {}, "{}/perqueue.toml"),
        ('[partitions]\nbig = "slrum"\n', {}, "{}/perqueue.toml"),
        ('[partitions]\nbig = "slurm"\n', {"PERQUEUE_PARTITIONS_BIG": "slrum"}, "the environment variable {v}"),
        ('[partitions]\nbig = "slurm"\n', {"PERQUEUE_SET": "partitions.big=slrum"}, "--set"),
    ],
)
def test_where_an_executor_that_is_not_installed_is_named(
    tmp_path: Path, text: str, environ: dict[str, str], where: str
) -> None:
    """The error names the file, variable or flag, and the key."""
    (tmp_path / "perqueue.toml").write_text(text, encoding="utf-8")
    config = load_config(str(tmp_path), {"HOME": str(tmp_path), **environ})
    with pytest.raises(manager.UnknownPluginError) as caught:
        requests.resources_change("24:big:1h", config)
    place = where.format(tmp_path, v="PERQUEUE_PARTITIONS_BIG")
    told = f"{place}: partitions.big.executor: there is no executor 'slrum'; installed are: "
    assert str(caught.value).startswith(told)


@pytest.mark.usefixtures("cloud")
def test_new_resources_move_an_entry_to_another_executor(bench: Bench) -> None:
    """An entry that is edited onto another partition is ready for that one's executor."""
    bench.submit(bench.task())
    change = requests.resources_change("24:xeon24:1h", Config(partitions={"xeon24": Partition("xeon24", "cloud")}))
    with bench.store.transaction() as state:
        assert requests.edit(state, 1, change, everywhere=False) == [1]
        assert (state.ready("local", 9), state.ready("cloud:xeon24", 9)) == ([], [1])


def test_an_edit_of_all_entries_of_a_task(bench: Bench) -> None:
    """The keys that changed are those of the same node, and no others."""
    task = bench.task()
    bench.submit(StaticWidthGroup(task, 3) >> bench.task())
    bench.submit(task)
    with bench.store.transaction() as state:
        assert requests.edit(state, 2, {"args": '{"x":1}'}, everywhere=True) == [1, 2, 3]
        rows = list(state.rows())
    assert [json.loads(row.task.args) for row in rows] == [{"x": 1}] * 3 + [{}] * 2


def test_resubmitting(bench: Bench) -> None:
    """A settled entry gets the goahead again, with a new attempt once it is taken."""
    bench.submit(bench.task())
    bench.end(1, verdict=Verdict.failed)
    with bench.store.transaction() as state:
        requests.resubmit(state, [1])
    assert bench.states() == {1: "goahead"}
    bench.admit(1)
    assert [attempt.number for attempt in bench.attempts(1)] == [1, 2]


def test_giving_up_what_is_with_an_executor(bench: Bench) -> None:
    """Its attempt is to be stopped, and it keeps its state until its executor says that it has ended."""
    bench.submit(bench.task())
    bench.admit(1)
    with bench.store.transaction() as state:
        requests.cancel(state, [1])
        assert state.stops() == [PendingStop(1, 1, "local", "cancelled")]
    assert bench.states() == {1: "queueing"}
    bench.end(1, None, Verdict.failed)
    assert bench.states() == {1: "failed"}


def test_removing_tells_all_that_went(bench: Bench) -> None:
    """The keys that are returned are those that were asked for and all that depended on them."""
    bench.submit(bench.task() >> bench.task() >> bench.task())
    bench.submit(bench.task())
    with bench.store.transaction() as state:
        assert sorted(requests.remove(state, [2])) == [2, 3]
    assert sorted(bench.states()) == [1, 4]


def test_requests_that_can_not_be_met(bench: Bench) -> None:
    """Unknown entries and entries in the wrong state are named, and nothing is changed."""
    bench.submit(bench.task() >> bench.task())
    with bench.store.transaction() as state:
        for ask in (requests.resubmit, requests.cancel, requests.remove):
            with pytest.raises(UnknownEntryError, match="no entry 9"):
                ask(state, [9])
        with pytest.raises(UnknownEntryError, match="no entry 9"):
            requests.edit(state, 9, {}, everywhere=False)
        with pytest.raises(StateError, match="entry 2: it is waiting"):
            requests.resubmit(state, [2])
    assert bench.states() == {1: "goahead", 2: "waiting"}


def bench_context() -> Context:
    return Context("/usr/bin/python3", "/here", ())


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("own", "kept"), [(None, Retry(2)), (Retry(5, on=["raised"]), Retry(5, on=["raised"])), (Retry(0), Retry(0))]
)
def test_a_task_s_own_policy_goes_over_its_partition_s(bench: Bench, own: Retry | None, kept: Retry) -> None:
    """What is stored with a task is the policy that counts: its own, else that of the partition."""
    config = Config(partitions={"xeon24": Partition("xeon24", "cloud", retry=Retry(2))})
    bench.submit(Task(bench.task().code, {}, "24:xeon24:1h", name="a", retry=own), config)
    with bench.store.snapshot() as state:
        (row,) = state.rows()
    assert row.task.retry == kept


def test_no_policy_is_the_default(bench: Bench) -> None:
    """Nothing is tried again by itself where nobody asked for that."""
    bench.submit(bench.task())
    with bench.store.snapshot() as state:
        (row,) = state.rows()
    assert row.task.retry is None


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("retry", "own", "kept"),
    [(Retry(1), None, 4096), (Retry(1), 100, 100), (Retry(1, on=["walltime"]), None, None), (None, None, None)],
)
def test_memory_of_a_partition_grows_too(bench: Bench, retry: Retry | None, own: int | None, kept: int | None) -> None:
    """Where too little memory is to be followed by more, what the partition gives is what there was."""
    config = Config(partitions={"xeon24": Partition("xeon24", "cloud", memory=4096, retry=retry)})
    bench.submit(Task(bench.task().code, {}, Resources(24, 60, "xeon24", memory=own), name="a"), config)
    with bench.store.snapshot() as state:
        (row,) = state.rows()
    assert row.task.resources.memory == kept


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("retry", "asked", "kept"),
    [
        (Retry(1), Resources(60, 60, "xeon24"), 3),
        (Retry(1), Resources(24, 60, "xeon24"), None),
        (Retry(1), Resources(60, 60, "xeon24", nodes=5), 5),
        (Retry(1, on=["walltime"]), Resources(60, 60, "xeon24"), None),
        (None, Resources(60, 60, "xeon24"), None),
    ],
)
def test_several_nodes_are_known_as_such(bench: Bench, retry: Retry | None, asked: Resources, kept: int | None) -> None:
    """Where a node that failed is to be avoided, it is stored how many nodes the partition makes of the cores."""
    config = Config(partitions={"xeon24": Partition("xeon24", "cloud", cores=24, retry=retry)})
    bench.submit(Task(bench.task().code, {}, asked, name="a"), config)
    with bench.store.snapshot() as state:
        (row,) = state.rows()
    assert row.task.resources == evolve(asked, nodes=kept)


@pytest.mark.usefixtures("cloud")
def test_new_resources_get_what_their_partition_gives(bench: Bench) -> None:
    """An entry that is edited is stored as if it had been submitted so, for its policy to go by."""
    big = Partition("big", "cloud", cores=24, memory=4096)
    config = Config(partitions={"big": big, "small": Partition("small", "cloud", retry=Retry(1))})
    bench.submit(bench.task(resources="1:small:1h"), config)
    for asked, kept in [("48:big:1h", (4096, 2)), ("1:small:1h", (None, None)), ("1:big:1h", (4096, None))]:
        with bench.store.transaction() as state:
            requests.edit(state, 1, requests.resources_change(asked, config), everywhere=False, config=config)
            (row,) = state.rows()
        assert (row.task.resources.memory, row.task.resources.nodes) == kept
