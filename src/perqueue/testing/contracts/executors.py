"""The contract of :class:`perqueue.executors.protocol.Executor`, as tests that any implementation can run.

A package that brings an executor subclasses it in its tests::

    class TestMyExecutor(ExecutorContract):
        def make_executor(self, folder, config):
            return MyExecutor(Site(folder.root, folder.id), config)

``Site`` is in :mod:`perqueue.plugins`. An executor that runs one task at a time says so with ``at_once = 1``.
pytest then finds all tests. Where tasks run on other hosts, pytest's ``tmp_path`` has to be a folder that these share.
Reports may come twice, late and out of order, so the tests ask that something was reported, and that nothing ran twice.
"""

from __future__ import annotations

from pathlib import Path

from perqueue.core.records import Verdict
from perqueue.executors.protocol import Assignment

from .executor_case import Bench, ExecutorCase, runs_here
from .store_case import same

_RETURN = "def main(name, **_):\n    return True, {'name': name}\n"


class ExecutorContract(ExecutorCase):
    """Everything that an executor must keep: tasks run once, their ends are reported, and owners may change."""

    # launching

    def test_a_task_is_launched_and_reported(self, tmp_path: Path) -> None:
        """An attempt runs; its start is reported while it does, and then its end with what it returned."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task)
            started = bench.wait(lambda: bench.starts(task), "the start of the task")[0]
            same(bool(started.host), True, "whether the report names the host")
            same(bench.ends(task), [], "ends while the task runs")
            bench.go(1)
            outcome = bench.until_ended(task).outcome
            same((outcome.verdict, outcome.data), (Verdict.succeeded, '{"name":"1"}'), "verdict and data")
            same(bench.began(), ["1"], "what began")

    def test_reports_have_the_times_in_order(self, tmp_path: Path) -> None:
        """An outcome says when the task started and when it ended, on which host, in which process."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1, _RETURN)
            bench.launch(task)
            outcome = bench.until_ended(task).outcome
            same(bool(outcome.host and outcome.pid), True, "whether host and process are told")
            same((outcome.started or 0) <= (outcome.ended or 0), True, "whether the start is before the end")

    def test_a_failing_task(self, tmp_path: Path) -> None:
        """A task that raises ends as failed, with its message and its traceback."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1, "def main(**_):\n    raise ValueError('no luck')\n")
            bench.launch(task)
            outcome = bench.until_ended(task).outcome
            same((outcome.verdict, outcome.reason), (Verdict.failed, "raised"), "verdict and reason")
            same("ValueError: no luck" in outcome.message, True, f"whether {outcome.message!r} is the message")
            same("task1.py" in outcome.traceback, True, f"whether {outcome.traceback!r} is the traceback")

    def test_a_task_that_dies(self, tmp_path: Path) -> None:
        """A task whose process is killed ends as failed although it left nothing behind."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1, "import os\ndef main(**_):\n    os.kill(os.getpid(), 9)\n")
            bench.launch(task)
            outcome = bench.until_ended(task).outcome
            same(
                (outcome.verdict, bool(outcome.message)), (Verdict.failed, True), "verdict, whether there is a message"
            )

    def test_many_tasks_all_end(self, tmp_path: Path) -> None:
        """More tasks than there is room for at once all run, each once."""
        with self.bench(tmp_path) as bench:
            tasks = [bench.task(key, _RETURN.replace("return", "open('began', 'a').write(name + '\\n'); return"))
                     for key in range(1, 13)]  # fmt: skip
            bench.launch(*tasks)
            for task in tasks:
                same(bench.until_ended(task).outcome.verdict, Verdict.succeeded, f"verdict on {task.at}")
            same(sorted(bench.began(), key=int), [str(task.job.key) for task in tasks], "what began")

    def test_room_is_never_negative(self, tmp_path: Path) -> None:
        """There is room at first; however much was launched, it never falls below none; and it comes back."""
        with self.bench(tmp_path) as bench:
            same(bench.executor.room() > 0, True, "whether there is room at first")
            tasks = [bench.task(key, _RETURN) for key in range(1, 4 * self.cores + 10)]
            bench.launch(*tasks)
            same(bench.executor.room() >= 0, True, f"whether {bench.executor.room()} is no negative room")
            for task in tasks:
                bench.until_ended(task)
                same(bench.executor.room() >= 0, True, "whether room stays from 0")
            same(bench.executor.room() > 0, True, "whether there is room at last")

    def test_nothing_to_do(self, tmp_path: Path) -> None:
        """Launching, recovering and stopping nothing does nothing; there is nothing to report."""
        with self.bench(tmp_path) as bench:
            bench.launch()
            bench.stop()
            bench.executor.recover([])
            same([bench.executor.poll() for _ in range(3)], [[], [], []], "reports")
            same(bench.executor.patience() > 0, True, "whether it is patient")
            same(bench.executor.saturated(), False, "whether it has enough to do")

    def test_polling_again_reports_nothing_new(self, tmp_path: Path) -> None:
        """What was reported is not reported for ever: once all has ended, polls are empty."""
        with self.bench(tmp_path) as bench:
            tasks = [bench.task(1, _RETURN), bench.task(2, "def main(**_):\n    raise ValueError\n")]
            bench.launch(*tasks)
            for task in tasks:
                bench.until_ended(task)
            bench.wait(lambda: not bench.executor.poll(), "a poll without reports")
            same([bench.executor.poll() for _ in range(3)], [[], [], []], "reports after that")

    def test_duplicates_are_not_run_twice(self, tmp_path: Path) -> None:
        """An attempt that is handed out twice, in one launch or two, runs once, and its end is reported."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task, task)
            bench.until_began(1)
            bench.launch(task)
            bench.poll()
            bench.go(1)
            same(bench.until_ended(task).outcome.verdict, Verdict.succeeded, "verdict")
            bench.launch(task)
            last = bench.task(2, _RETURN)
            bench.launch(last)
            bench.until_ended(last)
            same(bench.began(), ["1"], "what began")
            verdicts = {end.outcome.verdict for end in bench.ends(task)}
            same(verdicts, {Verdict.succeeded}, "verdicts on the attempt")

    # stopping

    def test_stopping_what_is_queued(self, tmp_path: Path) -> None:
        """An attempt that waits for its turn never runs, and its end is reported."""
        with self.bench(tmp_path) as bench:
            blockers = _fill(bench, self.width)
            waiting = bench.task(90)
            bench.launch(waiting)
            bench.stop(waiting)
            outcome = bench.until_ended(waiting).outcome
            same((outcome.verdict, outcome.reason), (Verdict.failed, "cancelled"), "verdict and reason")
            bench.go(*(blocker.job.key for blocker in blockers))
            for blocker in blockers:
                same(bench.until_ended(blocker).outcome.verdict, Verdict.succeeded, "verdict on what ran")
            same("90" in bench.began(), False, "whether the stopped task began")

    def test_stopping_what_runs(self, tmp_path: Path) -> None:
        """A running attempt is ended, with nothing of it left, and its end is reported; others go on."""
        with self.bench(tmp_path) as bench:
            one, other = bench.task(1), bench.task(2)
            bench.launch(one, other)
            bench.until_began(*(1, 2)[: self.width])
            claim = self._claim(bench, 1)
            bench.stop(one)
            outcome = bench.until_ended(one).outcome
            same((outcome.verdict, outcome.reason), (Verdict.failed, "cancelled"), "verdict and reason")
            bench.wait(lambda: not runs_here(claim), "the end of its process")
            bench.go(2)
            same(bench.until_ended(other).outcome.verdict, Verdict.succeeded, "verdict on the other")
            same(bench.ended(), ["2"], "what came to its own end")

    def test_stopping_again(self, tmp_path: Path) -> None:
        """A stop may be asked for twice, and after the end; the end is reported."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task)
            bench.until_began(1)
            bench.stop(task)
            bench.stop(task)
            first = bench.until_ended(task)
            bench.reports.clear()
            bench.stop(task)
            again = bench.until_ended(task)
            same(again.outcome.verdict, first.outcome.verdict, "verdict when asked again")

    def test_stopping_what_nobody_knows(self, tmp_path: Path) -> None:
        """An attempt that was never launched has ended: a stop of it doesn't wait for ever."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.stop(task)
            same(bench.until_ended(task).outcome.verdict, Verdict.failed, "verdict")

    # changing owners

    def test_closing_leaves_tasks_alone(self, tmp_path: Path) -> None:
        """What runs when the executor is closed goes on, and leaves its outcome in the spool."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task)
            bench.until_began(1)
            bench.next_owner()
            bench.go(1)
            bench.wait(lambda: bench.spool.has_outcome(*task.at), "the outcome")
            same(bench.ended(), ["1"], "what came to its own end")

    def test_recovering_what_runs(self, tmp_path: Path) -> None:
        """The next owner adopts a running attempt: it is not run again, and its end is reported."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task)
            bench.until_began(1)
            bench.next_owner(task)
            bench.poll()
            same(bench.ends(task), [], "ends while it runs")
            bench.go(1)
            outcome = bench.until_ended(task).outcome
            same((outcome.verdict, outcome.data), (Verdict.succeeded, '{"name":"1"}'), "verdict and data")
            same(bench.began(), ["1"], "what began")

    def test_stopping_what_was_recovered(self, tmp_path: Path) -> None:
        """The next owner can stop an attempt that it did not launch, recovered or not."""
        with self.bench(tmp_path) as bench:
            one, other = bench.task(1), bench.task(2)
            bench.launch(one, other)
            bench.until_began(*(1, 2)[: self.width])
            bench.next_owner(one)
            bench.stop(one, other)
            for task in (one, other):
                same(bench.until_ended(task).outcome.verdict, Verdict.failed, f"verdict on {task.at}")
            same(bench.ended(), [], "what came to its own end")

    def test_recovering_what_never_began(self, tmp_path: Path) -> None:
        """An attempt that was recorded, and never launched before the owner went, is launched, once."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.next_owner(task)
            bench.go(1)
            same(bench.until_ended(task).outcome.verdict, Verdict.succeeded, "verdict")
            same(bench.began(), ["1"], "what began")

    def test_recovering_what_was_queued(self, tmp_path: Path) -> None:
        """An attempt that waited for its turn when the owner went has its turn later, once."""
        with self.bench(tmp_path) as bench:
            blockers = _fill(bench, self.width)
            waiting = bench.task(90)
            bench.launch(waiting)
            bench.poll()
            bench.next_owner(*blockers, waiting)
            bench.go(90, *(blocker.job.key for blocker in blockers))
            for task in (*blockers, waiting):
                same(bench.until_ended(task).outcome.verdict, Verdict.succeeded, f"verdict on {task.at}")
            same(sorted(bench.began()), sorted(str(task.job.key) for task in (*blockers, waiting)), "what began")

    def test_recovering_what_has_ended(self, tmp_path: Path) -> None:
        """An attempt that ended while nobody listened is reported, and not run again."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task)
            bench.until_began(1)
            bench.next_owner()
            bench.go(1)
            bench.wait(lambda: bench.spool.has_outcome(*task.at), "the outcome")
            bench.next_owner(task)
            outcome = bench.until_ended(task).outcome
            same((outcome.verdict, outcome.data), (Verdict.succeeded, '{"name":"1"}'), "verdict and data")
            same(bench.began(), ["1"], "what began")

    def test_recovering_twice(self, tmp_path: Path) -> None:
        """However often owners change, an attempt runs once and its end is reported."""
        with self.bench(tmp_path) as bench:
            task = bench.task(1)
            bench.launch(task)
            for _ in range(3):
                bench.next_owner(task)
            bench.until_began(1)
            bench.next_owner(task)
            bench.go(1)
            same(bench.until_ended(task).outcome.verdict, Verdict.succeeded, "verdict")
            same(bench.began(), ["1"], "what began")

    def _claim(self, bench: Bench, key: int) -> int | None:
        """The process of an attempt."""
        claim = bench.spool.read_claim(key, 1)
        return None if claim is None else claim.pid


def _fill(bench: Bench, width: int) -> list[Assignment]:
    """Launch as many waiting tasks as run at the same time, and see them begin."""
    blockers = [bench.task(key) for key in range(1, width + 1)]
    bench.launch(*blockers)
    bench.until_began(*(blocker.job.key for blocker in blockers))
    return blockers


__all__ = ["ExecutorContract"]
