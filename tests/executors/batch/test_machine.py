"""A scheduler that does its worst, for ever so long: nothing is lost, nothing is doubled, nothing stays for ever."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import DOWN, LOST, At, Element, ToyCommands

from perqueue.core.events import Ended, Launched
from perqueue.executors.batch.dialect import Answer, Phase

MOST: Final = 6
LANES: Final = ("default", "big", "gpu")
REASONS: Final = ("walltime", "oom", "node-failure", "cancelled", "exit", "preempted", "")


class Adversary(RuleBasedStateMachine):
    """An engine as simple as can be, and a batch system that drops, delays, doubles, restarts, purges and goes down."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.rig = Rig(self.folder, max_jobs=MOST)
        self.key = 0
        self.first: dict[At, Ended] = {}
        self.jobs: dict[At, str] = {}
        self.wanted: set[At] = set()
        """Attempts that nobody has stopped."""
        self.left: set[At] = set()
        """Attempts that left an outcome."""
        self.late: list[tuple[float, Sequence[str]]] = []
        self.watch()

    def teardown(self) -> None:
        try:
            self.calm()
        finally:
            shutil.rmtree(self.folder)

    # the engine

    def open(self) -> list[At]:
        return [at for at in self.rig.given if at not in self.first]

    def commit(self) -> None:
        """What was reported counts, the first end of each attempt only."""
        reports, self.rig.reports = self.rig.reports, []
        for one in reports:
            at = one.key, one.attempt
            if isinstance(one, Launched):
                self.jobs[at] = one.job
            elif isinstance(one, Ended) and at not in self.first:
                self.first[at] = one
                self.rig.spool.settle(*at)
                if at in self.left:
                    assert one.outcome.verdict.value == "succeeded", f"{at} left an outcome, and ended as {one}"

    @rule(lane=st.sampled_from(LANES), number=st.integers(1, 4), kind=st.integers(0, 1))
    def launch(self, lane: str, number: int, kind: int) -> None:
        room = min(number, self.rig.executor.room(lane))
        keys = range(self.key + 1, self.key + room + 1)
        self.key += room
        self.wanted.update((key, 1) for key in keys)
        self.rig.launch(*keys, partition=lane, mpi=("mpirun",) * kind)
        self.commit()

    @precondition(lambda self: self.open())
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        at = data.draw(st.sampled_from(self.open()))
        self.wanted.discard(at)
        self.rig.stop(at[0])
        self.commit()

    @rule(lose=st.booleans(), wanted_only=st.booleans())
    def next_owner(self, lose: bool, wanted_only: bool) -> None:
        """The owner dies, with its last reports or without, and perhaps with a command under way."""
        if not lose:
            self.rig.poll()
            self.commit()
        self.rig.reports.clear()
        self.rig.commands = ToyCommands(self.rig.toy)
        self.watch()
        self.rig.executor = self.rig.open()
        left = [at for at in self.open() if at in self.wanted or not wanted_only]
        given = self.rig.given
        self.rig.executor.recover([given[at].__class__(given[at].job, given[at].context, given[at].resources,
                                   given[at].partition, self.jobs.get(at, ""), given[at].queued)
                                   for at in left])  # fmt: skip
        self.rig.stop(*(key for key, _ in self.open() if (key, 1) not in self.wanted))
        self.commit()

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 25.0, 100.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.rig.run(seconds, self.arrive, max(1.0, seconds / 20))
        self.commit()

    @rule(stalled=st.booleans())
    def stall(self, stalled: bool) -> None:
        self.rig.commands.stalled = stalled

    @rule(seconds=st.sampled_from([-86400, -60, 60, 86400]))
    def set_the_clock(self, seconds: float) -> None:
        """The time of day is put back or forward."""
        self.rig.now += seconds

    # the scheduler

    def watch(self) -> None:
        """Have every submission looked at."""
        self.rig.commands.before_submit = self.check

    def check(self, words: Sequence[str]) -> None:
        listed = {self.rig.toy.at(one) for one in self.rig.toy.elements if one.live and not one.hidden}
        for name in Path(words[2], "attempts").read_text(encoding="utf-8").split():
            key, _, attempt = name.partition(".")
            assert (int(key), int(attempt)) not in listed, f"{name} is submitted although a job has it"

    def arrive(self) -> None:
        due = [words for at, words in self.late if at <= self.rig.passed]
        self.late = [(at, words) for at, words in self.late if at > self.rig.passed]
        for words in due:
            self.rig.toy.do(words)

    def one_of(self, data: st.DataObject, *phases: Phase) -> Element | None:
        found = [one for one in self.rig.toy.elements if one.phase in phases]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data(), number=st.integers(1, 4))
    def start(self, data: st.DataObject, number: int) -> None:
        for _ in range(number):
            if (one := self.one_of(data, Phase.PENDING)) is not None:
                self.rig.toy.start(one)

    @rule(data=st.data(), number=st.integers(1, 4))
    def finish(self, data: st.DataObject, number: int) -> None:
        for _ in range(number):
            if (one := self.one_of(data, Phase.RUNNING)) is not None and one.run is not None:
                self.left.add((one.run.key, one.run.attempt))
                self.rig.toy.finish(one)

    @rule(data=st.data(), reason=st.sampled_from(REASONS))
    def end(self, data: st.DataObject, reason: str) -> None:
        if (one := self.one_of(data, Phase.RUNNING, Phase.PENDING)) is not None:
            self.rig.toy.end(one, reason)

    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        if (one := self.one_of(data, Phase.RUNNING)) is not None:
            self.rig.toy.requeue(one)

    @rule(data=st.data())
    def hide(self, data: st.DataObject) -> None:
        if (one := self.one_of(data, Phase.RUNNING, Phase.PENDING)) is not None:
            one.hidden = not one.hidden

    @rule()
    def purge(self) -> None:
        self.rig.toy.purge()

    @rule(down=st.booleans())
    def go_down(self, down: bool) -> None:
        self.rig.toy.down = down

    @rule(limit=st.sampled_from([None, 0, 1, 3]))
    def refuse(self, limit: int | None) -> None:
        self.rig.toy.limit = limit

    @rule(history=st.booleans())
    def keep_accounts(self, history: bool) -> None:
        self.rig.toy.history = history

    @rule(kind=st.sampled_from(["look", "history", "cancel"]), number=st.integers(1, 3))
    def drop_answers(self, kind: str, number: int) -> None:
        self.rig.commands.instead(kind, *[DOWN] * number)

    @rule(number=st.integers(0, 2), delay=st.sampled_from([0.0, 1.0, 19.0]))
    def lose_submissions(self, number: int, delay: float) -> None:
        """The next submission's answer is lost, and it comes never, once or twice, at once or late."""

        def lose(words: Sequence[str]) -> Answer:
            self.late += [(self.rig.passed + delay, words)] * min(number, 1)
            if not delay:
                self.arrive()
            return LOST

        def double(words: Sequence[str]) -> Answer:
            self.rig.toy.do(words)
            self.rig.toy.do(words)
            return LOST

        self.rig.commands.instead("submit", double if number == 2 else lose)

    # what must hold

    @invariant()
    def caps_hold(self) -> None:
        lanes = Counter(self.rig.given[at].partition for at in self.open())
        assert lanes.total() <= MOST
        assert lanes["big"] <= 3
        assert all(
            self.rig.executor.room(lane) <= max(0, MOST - len(self.rig.executor._account.tracked)) for lane in LANES
        )

    @invariant()
    def nothing_runs_twice(self) -> None:
        assert all(number == 1 for number in self.rig.toy.ran.values())

    def calm(self) -> None:
        """The scheduler behaves, and time passes: everything ends."""
        toy, commands = self.rig.toy, self.rig.commands
        toy.down, toy.limit, commands.stalled, commands.next = False, None, False, {}
        for _ in range(60):
            if not self.open():
                break
            for one in toy.elements:
                one.hidden = False
                if one.phase is Phase.PENDING:
                    toy.start(one)
                if one.phase is Phase.RUNNING and one.run is not None:
                    toy.finish(one)
            self.rig.run(120, self.arrive, 10.0)
            self.commit()
            self.nothing_runs_twice()
        assert self.open() == []
        account = self.rig.executor._account
        assert (account.tracked, account.submitted) == ({}, {})
        assert all(self.rig.executor.room(lane) > 0 for lane in LANES)


TestAdversary = Adversary.TestCase
TestAdversary.settings = settings(stateful_step_count=40)
