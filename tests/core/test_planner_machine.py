"""The planner against an adversary: whatever is reported and asked for, in whatever order, no law is broken."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.core.plain_inputs import plain_inputs
from tests.core.queue_in_memory import LOCAL, QueueInMemory, outcome, stored, submission, task
from tests.core.workflows import GOOD, campaigns, results

from perqueue.core.errors import RefusedGroupError, StateError, UndecidedGroupError, UnknownEntryError
from perqueue.core.events import (
    Admitted,
    Cancelled,
    Edited,
    Ended,
    Event,
    Launched,
    Removed,
    Resubmitted,
    Started,
)
from perqueue.core.planner import depending, plan
from perqueue.core.records import FrameState, Verdict
from perqueue.core.tasklike import TaskLike

_MANY: Final = 60
_VERDICTS: Final = st.sampled_from([Verdict.succeeded] * 4 + list(Verdict))
_RESULTS: Final = results()
# Mostly the present attempt; else one of long ago, or one that was never made.
_OFFSETS: Final = st.sampled_from([0, 0, 0, 0, -1, 1])
_REPORTS: Final = st.sampled_from(["admit", "launch", "start", "end"])
_KINDS: Final = st.sampled_from(
    ["admit", "admit", "launch", "start", "end", "end", "end", "resubmit", "cancel", "edit"]
)


class Adversary(RuleBasedStateMachine):
    """Late, doubled, contradictory and reordered reports, and users who change their minds."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = QueueInMemory()

    @initialize(work=campaigns(10))
    def begin(self, work: TaskLike) -> None:
        self.submitted(work)

    @precondition(lambda self: len(self.queue.state.entries) < _MANY)
    @rule(work=campaigns(4))
    def submit(self, work: TaskLike) -> None:
        self.submitted(work)

    def submitted(self, work: TaskLike) -> None:
        """A group before which nothing runs that could decide it is refused."""
        try:
            self.tell(submission(work))
        except UndecidedGroupError:
            self.tell(submission(task("before") >> work))

    @rule(data=st.data(), kind=_KINDS)
    def one(self, data: st.DataObject, kind: str) -> None:
        self.tell(*self.events(data, kind))

    @rule(data=st.data(), kinds=st.lists(_KINDS, min_size=2, max_size=5))
    def several(self, data: st.DataObject, kinds: list[str]) -> None:
        self.tell(*[event for kind in kinds for event in self.events(data, kind)])

    @rule(data=st.data())
    def work_off(self, data: st.DataObject) -> None:
        """The ordinary course of things, so that runs get far."""
        self.tell(*[Admitted(1.0, key) for key in self.queue.ready()])
        under_way = self.queue.state.active(LOCAL)
        if under_way:
            order = data.draw(st.permutations(under_way))
            self.tell(*[Ended(2.0, *at, outcome(data.draw(_VERDICTS), data.draw(_RESULTS))) for at in order])

    @precondition(lambda self: self.queue.state.entries)
    @rule(data=st.data(), late=st.lists(_REPORTS, max_size=3))
    def remove(self, data: st.DataObject, late: list[str]) -> None:
        """Exactly what depends on them goes; executors that haven't heard of it yet do no harm."""
        keys = self.keys(data)
        expected = set(depending(self.queue.state, keys))
        before = set(self.queue.state.entries)
        self.tell(Removed(3.0, keys), *[event for kind in late for event in self.events(data, kind)])
        assert before - set(self.queue.state.entries) == expected

    @rule(data=st.data())
    def stopped(self, data: st.DataObject) -> None:
        """An executor confirms that an attempt was stopped."""
        if self.queue.state.pending:
            self.queue.state.settle_stop(*data.draw(st.sampled_from(sorted(self.queue.state.pending))))

    def keys(self, data: st.DataObject) -> tuple[int, ...]:
        return tuple(data.draw(st.lists(st.sampled_from(sorted(self.queue.state.entries)), min_size=1, max_size=3)))

    def events(self, data: st.DataObject, kind: str) -> list[Event]:
        """Events of a kind about entries that are there, with attempts that may be wrong."""
        if not self.queue.state.entries:
            return []
        keys = self.keys(data)
        at = [(key, self.queue.state.entries[key].attempt + data.draw(_OFFSETS)) for key in keys]
        match kind:
            case "admit":
                return [Admitted(1.0, key) for key in keys]
            case "launch":
                return [Launched(1.0, *found, data.draw(st.sampled_from("12"))) for found in at]
            case "start":
                return [Started(2.0, *found, "node1", 42) for found in at]
            case "end":
                return [Ended(2.0, *found, outcome(data.draw(_VERDICTS), data.draw(_RESULTS))) for found in at]
            case "resubmit":
                return [Resubmitted(3.0, keys)]
            case "cancel":
                return [Cancelled(3.0, keys)]
            case _:
                return [Edited(3.0, keys, stored(task("edited")), everywhere=data.draw(st.booleans()))]

    def tell(self, *events: Event) -> None:
        """As one batch and, in a copy, one by one: to the same end, or refused without a trace."""
        before = self.queue.state.copy()
        try:
            self.queue.tell(*events)
        except (StateError, UnknownEntryError, RefusedGroupError):
            assert self.queue.state == before
            return
        for event in events:
            decision = plan(before, [event])
            before.apply(decision, decision.heard)
        assert self.queue.state == before

    @invariant()
    def no_attempt_is_launched_twice(self) -> None:
        assert len(set(self.queue.launched)) == len(self.queue.launched)

    @invariant()
    def attempts_end_once_their_entries_do(self) -> None:
        """An entry that is not with an executor has no attempt that is still open."""
        for (key, number), attempt in self.queue.state.tries.items():
            entry = self.queue.state.entries.get(key)
            under_way = entry is not None and entry.state.active and entry.attempt == number
            assert (attempt.outcome is None) == under_way

    def teardown(self) -> None:
        """Whatever happened, everything can still be brought to a good end."""
        self.queue.drive(**GOOD)
        assert self.queue.all_succeeded(), self.queue.states()
        state = self.queue.state
        typed = {number for number, graph in state.graphs.items() if any(work.module for work in graph.tasks)}
        for entry in self.queue.whole(state.entries.values()):
            if entry.graph not in typed:
                assert self.queue.inputs(entry.key) == plain_inputs(state, entry)
        for frame in self.queue.whole(state.frames.values()):
            assert frame.state is FrameState.done


TestAdversary = Adversary.TestCase
