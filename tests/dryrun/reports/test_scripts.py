"""``--scripts``: what executors would submit, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from perqueue import StaticWidthGroup
from perqueue.codec import no_blobs
from perqueue.config import Config, ExecutorOptions, Partition
from perqueue.core.compile import compile_graph
from perqueue.core.records import Context
from perqueue.core.task import Task
from perqueue.dryrun.errors import UnwritableError
from perqueue.dryrun.playing.machines import Machines
from perqueue.dryrun.playing.outcomes import Foretold
from perqueue.dryrun.playing.simulation import Simulation
from perqueue.dryrun.playing.submissions import submission
from perqueue.dryrun.reports import scripts
from perqueue.dryrun.reports.report import report
from perqueue.dryrun.reports.scripts import Scripts
from perqueue.dryrun.scenarios.reading import scenario_from
from perqueue.executors.protocol import Assignment, Executor, ExecutorPlugin, Site

CONFIG = Config(
    partitions={"xeon24": Partition("xeon24", "batch", cores=24), "other": Partition("other", "batch", max_jobs=3)},
    executors={"batch": ExecutorOptions("batch", max_array=2)},
)


def _open(site: Site, config: Config) -> Executor:
    raise AssertionError("nothing is started in a dry run")


def _scripts(site: Site, config: Config, assignments: Sequence[Assignment]) -> list[str]:
    keys = ",".join(str(assignment.job.key) for assignment in assignments)
    (resources,) = {str(assignment.resources) for assignment in assignments}
    return [f"{site.root}\n{resources} {assignments[0].partition}\n{keys}\n"]


def simulated(work: object, folder: Path) -> Simulation:
    scenario = scenario_from({})
    simulation = Simulation(Machines(CONFIG, scenario), Foretold(scenario))
    simulation.submit(submission(compile_graph(work), Context("python", str(folder), ()), no_blobs))
    simulation.run()
    return simulation


def task(name: str, resources: str) -> Task:
    return Task(f"/scripts/{name}.py", {}, resources, name=f"{name}.py")


def test_one_file_for_each_submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal resources that become ready together are arrays of at most so many; the executor is asked for each."""
    monkeypatch.setattr(scripts, "executor_plugin", lambda name: ExecutorPlugin(name, "", _open, scripts=_scripts))
    work = StaticWidthGroup(task("a", "24:xeon24:1h"), 5) >> task("b", "1:xeon24:5m")
    simulation = simulated(work, tmp_path)
    assert [len(batch.attempts) for batch in simulation.batches] == [2, 2, 1, 1]
    writing = Scripts(simulation, CONFIG, str(tmp_path))
    assert (writing.write(str(tmp_path / "out")), list(writing.remarks)) == (4, [])
    found = {path.name: path.read_text(encoding="utf-8") for path in sorted((tmp_path / "out").iterdir())}
    assert list(found) == [*(f"000{number}-xeon24-a.sh" for number in (1, 2, 3)), "0004-xeon24-b.sh"]
    assert found["0002-xeon24-a.sh"] == f"{tmp_path}/.perqueue\n24:xeon24:1h xeon24\n3,4\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("plugin", "remark"),
    [(ExecutorPlugin("batch", "", _open), "the executor 'batch' submits no scripts"), (None, "no executor 'batch'")],
)
def test_where_there_are_none(
    plugin: ExecutorPlugin | None, remark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An executor without scripts, and one that is not installed, are told."""
    if plugin is not None:
        monkeypatch.setattr(scripts, "executor_plugin", lambda name: plugin)
    writing = Scripts(simulated(task("a", "1:xeon24:1h"), tmp_path), CONFIG, str(tmp_path))
    assert writing.write(str(tmp_path / "out")) == 0
    assert any(remark in one for one in writing.remarks)


def test_a_folder_that_can_t_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by its path."""
    monkeypatch.setattr(scripts, "executor_plugin", lambda name: ExecutorPlugin(name, "", _open, scripts=_scripts))
    (tmp_path / "out").touch()
    with pytest.raises(UnwritableError, match="out"):
        Scripts(simulated(task("a", "1:xeon24:1h"), tmp_path), CONFIG, str(tmp_path)).write(str(tmp_path / "out"))


def test_a_cap_on_jobs(tmp_path: Path) -> None:
    """No more jobs are in the scheduler's queue than the partition allows; the others wait for them."""
    told = report(simulated(StaticWidthGroup(task("a", "1:other:1h"), 8), tmp_path))
    assert (told.jobs.at_once, told.running_at_once, told.makespan) == (3, 3, 3 * 3600)
    assert [run.queued for run in told.runs] == [0.0] * 3 + [3600.0] * 3 + [7200.0] * 2
