"""The example plugin, with real servers and workers: the contract of all executors, and what is its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import perqueue_hyperqueue
import pytest
from attrs import evolve
from perqueue_hyperqueue import HYPERQUEUE
from perqueue_hyperqueue.options import OptionError, Options
from tests.plugins.hyperqueue import Cluster
from tests.queues import processes_of, wait_until

from perqueue.config import Config, ExecutorOptions
from perqueue.core.events import Launched
from perqueue.core.records import Verdict
from perqueue.engine.folder import QueueFolder
from perqueue.executors.notes import read_notes
from perqueue.executors.protocol import Executor, Site
from perqueue.testing.contracts.executor_case import Bench, ExecutorCase
from perqueue.testing.contracts.executors import ExecutorContract

SOURCE = Path(perqueue_hyperqueue.__file__).parents[1]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server with a worker of two cores, for all tests that kill neither."""
    cluster = Cluster(tmp_path_factory.mktemp("hq"))
    yield cluster
    cluster.close()


def use(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a server the one that ``hq`` uses, and the plugin one that every process finds."""
    monkeypatch.setenv("HQ_SERVER_DIR", cluster.server_dir)
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A server with a worker, to be killed."""
    cluster = Cluster(tmp_path_factory.mktemp("hq"))
    use(cluster, monkeypatch)
    yield cluster
    cluster.close()


@pytest.fixture
def served(shared: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shared server is the one that ``hq`` uses."""
    use(shared, monkeypatch)


@pytest.mark.usefixtures("queue_folder", "served")
@pytest.mark.slow
class TestHyperQueue(ExecutorContract):
    """The contract."""

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:
        return HYPERQUEUE.open(Site(folder.root, folder.id), config)


class Case(ExecutorCase):
    """How the tests below make an executor."""

    options: ExecutorOptions = ExecutorOptions("hq", interval=0.2, max_interval=1.0)

    def make_executor(self, folder: QueueFolder, config: Config) -> Executor:
        return HYPERQUEUE.open(Site(folder.root, folder.id), evolve(config, executors={"hq": self.options}))


@pytest.fixture
def bench(queue_folder: Path, served: None) -> Iterator[Bench]:
    """A queue with an executor that uses the shared server."""
    with Case().bench(queue_folder) as made:
        yield made


@pytest.fixture
def alone(queue_folder: Path, own: Cluster) -> Iterator[Bench]:
    """A queue with an executor that uses a server of its own."""
    with Case().bench(queue_folder) as made:
        yield made


def jobs(bench: Bench) -> set[str]:
    """The jobs of HyperQueue that attempts were launched in."""
    return {report.job.partition("_")[0] for report in bench.reports if isinstance(report, Launched)}


def runner(bench: Bench, key: int) -> int:
    """The process that runs an attempt."""
    claim = bench.spool.read_claim(key, 1)
    assert claim is not None
    return claim.pid


QUICK = "def main(name, **_):\n    open('began', 'a').write(name + '\\n')\n    return True, {'name': name}\n"


def test_one_launch_is_one_job(bench: Bench) -> None:
    """However many attempts are launched at once, HyperQueue gets one job with a task for each."""
    tasks = [bench.task(key, QUICK) for key in range(1, 31)]
    bench.launch(*tasks)
    for task in tasks:
        assert bench.until_ended(task).outcome.verdict is Verdict.succeeded
    assert len(jobs(bench)) == 1
    launched = [report.job for report in bench.reports if isinstance(report, Launched)]
    assert len(set(launched)) == 30
    assert sorted(bench.began(), key=int) == [str(key) for key in range(1, 31)]
    assert not any((bench.here / ".perqueue/scheduler/hq/jobs").iterdir())


def test_cores_are_kept(bench: Bench) -> None:
    """A task that asks for two cores has the worker for itself."""
    body = """
        import os, time

        def main(name, **_):
            assert not os.path.exists("alone")
            open("alone", "w").close()
            time.sleep(0.1)
            os.unlink("alone")
            return True, {"cpus": os.environ["HQ_CPUS"]}
        """
    tasks = [bench.task(key, body, cores=2) for key in (1, 2, 3)]
    bench.launch(*tasks)
    found = [bench.until_ended(task).outcome for task in tasks]
    cores = [json.loads(outcome.data or "")["cpus"] for outcome in found]
    assert [sorted(these.split(",")) for these in cores] == [["0", "1"]] * 3


def test_the_environment_is_that_of_the_submission(bench: Bench) -> None:
    """Tasks find the variables of their own submission, whatever is in them."""
    odd = "a 'b' \"c\" $d `e`\nf"
    context = evolve(bench.context, env=(*bench.context.env, ("OMP_MARK", odd)))
    body = "import os\ndef main(**_):\n    return True, {'mark': os.environ.get('OMP_MARK')}\n"
    tasks = bench.task(1, body, context=context), bench.task(2, body)
    bench.launch(*tasks)
    found = [json.loads(bench.until_ended(task).outcome.data or "") for task in tasks]
    assert found == [{"mark": odd}, {"mark": None}]


@pytest.mark.slow
def test_an_interpreter_that_is_missing(bench: Bench) -> None:
    """Its tasks fail as "launch", and say what HyperQueue says; others run."""
    gone = bench.task(1, QUICK, context=evolve(bench.context, interpreter="/no/such/python"))
    fine = bench.task(2, QUICK)
    bench.launch(gone, fine)
    assert bench.until_ended(fine).outcome.verdict is Verdict.succeeded
    outcome = bench.until_ended(gone).outcome
    assert (outcome.verdict, outcome.reason) == (Verdict.failed, "launch")
    assert "exit code 127" in outcome.message
    assert "/no/such/python" in Path(gone.job.log or "").read_text(encoding="utf-8")


def test_the_walltime(bench: Bench) -> None:
    """A task that runs longer than it may is ended, and ends as a timeout."""
    task = bench.task(1, walltime=1.0)
    bench.launch(task)
    outcome = bench.until_ended(task).outcome
    assert (outcome.verdict, outcome.reason) == (Verdict.timeout, "walltime")
    assert bench.ended() == []


@pytest.mark.slow
def test_a_runner_that_is_killed(bench: Bench) -> None:
    """An attempt whose runner is killed from outside is lost, with all that it started."""
    task = bench.task(1)
    bench.launch(task)
    bench.until_began(1)
    os.kill(runner(bench, 1), signal.SIGKILL)
    outcome = bench.until_ended(task).outcome
    assert (outcome.verdict, outcome.reason) == (Verdict.failed, "lost")
    assert "without leaving an outcome" in outcome.message
    bench.wait(lambda: not [pid for pid in processes_of(bench.here) if _is_task(pid)], "the end of the task")


def _is_task(pid: int) -> bool:
    try:
        return b"perqueue_hyperqueue/task.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_what_is_recovered_is_not_submitted_again(bench: Bench) -> None:
    """The next owner finds its attempts with HyperQueue by the job ids that were recorded, and submits nothing."""
    tasks = [bench.task(key) for key in (1, 2, 3, 4)]
    bench.launch(*tasks)
    bench.until_began(1, 2)
    bench.wait(lambda: jobs(bench), "the launch")
    known = {(one.key, one.attempt): one.job for one in bench.reports if isinstance(one, Launched)}
    bench.reports.clear()
    bench.next_owner(*(evolve(task, job_id=known[task.at]) for task in tasks))
    bench.go(1, 2, 3, 4)
    for task in tasks:
        assert bench.until_ended(task).outcome.verdict is Verdict.succeeded
    assert jobs(bench) == set()
    assert sorted(bench.began()) == ["1", "2", "3", "4"]


def test_a_job_id_that_the_server_does_not_know(bench: Bench) -> None:
    """What was recorded under a job that is gone, and never began, is submitted."""
    task = bench.task(1, QUICK)
    (bench.here / ".perqueue/scheduler/hq/server").write_text("other", encoding="utf-8")
    bench.next_owner(evolve(task, job_id="4000_0"))
    assert bench.until_ended(task).outcome.verdict is Verdict.succeeded
    lost_job = bench.task(2, QUICK)
    bench.next_owner(evolve(lost_job, job_id="4000_1"))
    assert bench.until_ended(lost_job).outcome.verdict is Verdict.succeeded
    assert bench.began() == ["1", "2"]


def test_a_worker_that_is_killed(alone: Bench, own: Cluster) -> None:
    """What ran is ended with its worker and says so, HyperQueue's second start of it leaves, and what waited runs."""
    running, waiting = [alone.task(key) for key in (1, 2)], [alone.task(key) for key in (3, 4)]
    alone.launch(*running, *waiting)
    alone.until_began(1, 2)
    own.kill(own.worker)
    own.start_worker()
    alone.go(1, 2, 3, 4)
    for task in waiting:
        assert alone.until_ended(task).outcome.verdict is Verdict.succeeded, task.at
    for task in running:
        outcome = alone.until_ended(task).outcome
        assert outcome.verdict is Verdict.failed
        assert "ended from outside" in outcome.message
    assert sorted(alone.began()) == ["1", "2", "3", "4"]
    assert sorted(alone.ended()) == ["3", "4"]


@pytest.mark.slow
def test_a_server_that_is_killed(alone: Bench, own: Cluster) -> None:
    """What had not begun is submitted to the next server; what HyperQueue killed is lost; nothing runs twice."""
    running, waiting = [alone.task(key) for key in (1, 2)], [alone.task(key) for key in (3, 4)]
    alone.launch(*running, *waiting)
    alone.until_began(1, 2)
    own.kill(own.server)
    own.start_server()
    own.start_worker()
    late = alone.task(5)
    alone.launch(late)
    alone.go(1, 2, 3, 4, 5)
    for task in (*waiting, late):
        assert alone.until_ended(task).outcome.verdict is Verdict.succeeded, task.at
    verdicts = [alone.until_ended(task).outcome.reason for task in running]
    assert set(verdicts) <= {"returned", "cancelled", "lost"}
    assert sorted(alone.began()) == ["1", "2", "3", "4", "5"]


def test_while_no_server_answers(alone: Bench, own: Cluster) -> None:
    """Nothing fails: it can be cancelled and waits, listings can say why, and all runs when a server is back."""
    own.kill(own.server)
    own.kill(own.worker)
    task, given_up = alone.task(1, QUICK), alone.task(2, QUICK)
    alone.launch(task, given_up)
    alone.stop(given_up)
    assert alone.until_ended(given_up).outcome.reason == "cancelled"
    notes = alone.wait(lambda: read_notes(alone.folder.root, "hq").trouble, "the trouble to be told")
    assert "unreachable" in notes or "refused" in notes
    assert alone.ends(task) == []
    own.start_server()
    own.start_worker()
    assert alone.until_ended(task).outcome.verdict is Verdict.succeeded
    alone.wait(lambda: not read_notes(alone.folder.root, "hq").trouble, "the trouble to be over")
    assert alone.began() == ["1"]


def test_a_server_that_hangs(alone: Bench, own: Cluster) -> None:
    """Polling never waits for HyperQueue: what runs is reported while the server does not answer."""
    task = alone.task(1)
    alone.launch(task)
    alone.until_began(1)
    own.server.send_signal(signal.SIGSTOP)
    try:
        late = alone.task(2, QUICK)
        alone.launch(late)
        alone.poll()
        alone.go(1)
        assert alone.until_ended(task).outcome.verdict is Verdict.succeeded
    finally:
        own.server.send_signal(signal.SIGCONT)
    assert alone.until_ended(late).outcome.verdict is Verdict.succeeded


def test_the_process_that_talks_to_hyperqueue_dies(bench: Bench) -> None:
    """Another one is started."""
    first = bench.task(1, QUICK)
    bench.launch(first)
    bench.until_ended(first)
    talk = bench.executor._talk._process  # type: ignore[attr-defined]
    talk.kill()
    talk.wait()
    second = bench.task(2, QUICK)
    bench.launch(second)
    assert bench.until_ended(second).outcome.verdict is Verdict.succeeded


def test_room_comes_back_in_halves(queue_folder: Path, served: None) -> None:
    """There is room again once half of what HyperQueue may have is done, so that jobs are not of one task each."""

    class Small(Case):
        options = ExecutorOptions("hq", interval=0.2, max_jobs=4)

    with Small().bench(queue_folder) as bench:
        tasks = [bench.task(key) for key in (1, 2, 3, 4)]
        assert bench.executor.room() == 4
        bench.launch(*tasks)
        rooms = [bench.executor.room()]
        for task in tasks:
            bench.go(task.job.key)
            bench.until_ended(task)
            rooms.append(bench.executor.room())
        assert rooms == [0, 0, 2, 3, 4]


@pytest.mark.parametrize(
    "options",
    [{"server": "x"}, {"autostart": 1}, {"cores": 0}, {"cores": True}, {"linger": "long"}, {"server_dir": 3}],
)
def test_options_that_can_not_be_used(options: dict[str, object]) -> None:
    """The error names the option, its value and what it takes."""
    ((name, value),) = options.items()
    with pytest.raises(OptionError, match=f"{name} = {value!r}"):
        Options.of(Config(executors={"hq": ExecutorOptions("hq", options=options)}))


def test_trying_it(tmp_path: Path, served: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pq config check` learns whether a server answers, and if not, why."""
    assert HYPERQUEUE.check is not None
    (fine,) = HYPERQUEUE.check(Config())
    assert (fine.works, fine.found.endswith("answers")) == (True, True)
    monkeypatch.setenv("HQ_SERVER_DIR", str(tmp_path))
    (none,) = HYPERQUEUE.check(Config())
    assert (none.works, none.found) == (False, f"no server was ever started in {tmp_path}")
    (wrong,) = HYPERQUEUE.check(Config(executors={"hq": ExecutorOptions("hq", options={"a": 1})}))
    assert "no such option" in wrong.found


def test_a_server_of_its_own(queue_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With autostart a server is started where none answers, again after it was killed, and leaves by itself."""
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    server_dir = queue_folder / "server"

    class Auto(Case):
        options = ExecutorOptions(
            "hq", interval=0.2, options={"autostart": True, "server_dir": str(server_dir), "linger": 1.0}
        )

    with Auto().bench(queue_folder) as bench:
        first = bench.task(1, QUICK)
        bench.launch(first)
        assert bench.until_ended(first).outcome.verdict is Verdict.succeeded
        (pid,) = _servers(queue_folder)
        os.kill(pid, signal.SIGKILL)
        second = bench.task(2, QUICK)
        bench.launch(second)
        assert bench.until_ended(second).outcome.verdict is Verdict.succeeded
    wait_until(lambda: not _servers(queue_folder), "the server to leave")


def _servers(folder: Path) -> list[int]:
    found = []
    for pid in processes_of(folder):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"perqueue_hyperqueue.server" in command:
            found.append(pid)
    return found
