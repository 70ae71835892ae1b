"""Attempts that follow others by themselves: when, how often, with what more, and when not."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from tests.core.queue_in_memory import QueueInMemory, outcome, stored, task

from perqueue.core.compile import compile_graph
from perqueue.core.events import Admitted, Cancelled, Edited, Ended, Resubmitted, Started, Submitted
from perqueue.core.planner.again import CONTINUES
from perqueue.core.records import Attempt, Entry, Outcome, Verdict
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.core.task import Task

ASKED = Resources(4, 100, "big", memory=1000)
CHECKPOINT = outcome(Verdict.timeout, reason="checkpoint")
SUCCESS = outcome(data={"x": 1})


def failed(reason: str, host: str = "n1") -> Outcome:
    """An end for this reason, on a host."""
    verdict = Verdict.timeout if reason == "walltime" else Verdict.failed
    return evolve(outcome(verdict, reason=reason), host=host)


class Retried:
    """A queue of a >> b in which ``a`` has a policy."""

    def __init__(self, retry: Retry | None, resources: Resources = ASKED) -> None:
        self.queue = QueueInMemory()
        graph = compile_graph(Task("/a.py", {}, resources, name="a") >> task("b"))
        tasks = tuple(evolve(stored(work), retry=retry if work.name == "a" else None) for work in graph.tasks)
        self.queue.tell(Submitted(0.0, graph, tasks))

    def run(self, *ends: Outcome) -> Retried:
        """Admit ``a`` and let it end, once for each."""
        for end in ends:
            self.queue.tell(Admitted(1.0, 1))
            self.queue.tell(Ended(2.0, 1, self.entry.attempt, end))
        return self

    @property
    def entry(self) -> Entry:
        """The entry of ``a``."""
        found = self.queue.state.entry(1)
        assert found is not None
        return found

    @property
    def state(self) -> str:
        """Its state."""
        return str(self.entry.state)

    def next(self) -> Attempt:
        """Its next attempt."""
        self.queue.tell(Admitted(3.0, 1))
        found = self.queue.state.attempt(1, self.entry.attempt)
        assert found is not None
        return found


@pytest.mark.parametrize(
    ("retry", "ends", "state"),
    [
        (None, ["walltime"], "timeout"),
        (Retry(0), ["walltime"], "timeout"),
        (Retry(1), ["walltime"], "goahead"),
        (Retry(1), ["walltime", "walltime"], "timeout"),
        (Retry(2), ["walltime", "oom"], "goahead"),
        (Retry(2), ["walltime", "oom", "oom"], "failed"),
        (Retry(2), ["raised"], "failed"),
        (Retry(2, on=["raised"]), ["raised"], "goahead"),
        (Retry(2, on=["raised"]), ["walltime"], "timeout"),
        (Retry(2, on="timeout"), ["walltime"], "goahead"),
        (Retry(9, on=[]), ["walltime"], "timeout"),
    ],
)
def test_how_often_and_for_which_reasons(retry: Retry | None, ends: list[str], state: str) -> None:
    """An attempt follows only for the reasons that the policy names, and as often as it says over all of them."""
    assert Retried(retry).run(*map(failed, ends)).state == state


@pytest.mark.parametrize(
    ("ends", "asks"),
    [
        ([failed("walltime")], evolve(ASKED, seconds=150)),
        ([failed("walltime"), failed("walltime")], evolve(ASKED, seconds=225)),
        ([failed("oom")], evolve(ASKED, memory=2000)),
        ([failed("oom"), failed("walltime")], evolve(ASKED, memory=2000, seconds=150)),
        ([failed("node-failure")], evolve(ASKED, avoid=("n1",))),
        ([failed("node-failure"), failed("node-failure", "n2")], evolve(ASKED, avoid=("n1", "n2"))),
        ([failed("node-failure"), failed("node-failure")], evolve(ASKED, avoid=("n1",))),
        ([failed("node-failure", "")], None),
        ([failed("launch")], None),
    ],
)
def test_with_what_more(ends: list[Outcome], asks: Resources | None) -> None:
    """Each retry asks for more of what was too little, on top of what the attempt before it had."""
    policy = Retry(5, on=["walltime", "oom", "node-failure", "launch"])
    assert Retried(policy).run(*ends).next().resources == asks


def test_growth_can_be_turned_off() -> None:
    """Factors of one, and nodes that need not be avoided, ask for the same again."""
    retried = Retried(Retry(3, time=1, memory=1, avoid=False))
    assert retried.run(failed("walltime"), failed("oom"), failed("node-failure")).next().resources is None


def test_memory_that_was_not_asked_for_does_not_grow() -> None:
    """There is nothing to multiply where the partition says how much there is."""
    assert Retried(Retry(1), Resources(4, 100, "big")).run(failed("oom")).next().resources is None


def test_what_depends_on_it_only_sees_the_last_end() -> None:
    """While retries follow nothing else moves; the success of one of them counts as any."""
    retried = Retried(Retry(1)).run(failed("walltime"))
    assert retried.queue.states() == "a:g b:w"
    retried.run(SUCCESS)
    assert retried.queue.states() == "a:s b:g"
    assert retried.queue.state.data(1) == {"x": 1}


@pytest.mark.parametrize("ends", [[failed("walltime")], [CHECKPOINT]])
def test_what_a_user_asks_begins_anew(ends: list[Outcome]) -> None:
    """A resubmission starts counting from nothing, with what the task asks for."""
    retried = Retried(Retry(1)).run(*ends, failed("raised"))
    retried.queue.tell(Resubmitted(4.0, (1,)))
    assert (retried.entry.retries, retried.entry.continued) == (0, 0)
    assert retried.next().resources is None
    retried.queue.tell(Ended(5.0, 1, retried.entry.attempt, failed("walltime")))
    assert retried.state == "goahead"


def test_no_retry_follows_what_was_cancelled() -> None:
    """However an attempt ends that a user gave up: that was the last one."""
    retried = Retried(Retry(5))
    retried.next()
    retried.queue.tell(Cancelled(4.0, (1,)))
    retried.queue.tell(Ended(5.0, 1, 1, failed("walltime")))
    assert (retried.state, retried.entry.reason) == ("timeout", "walltime")


def test_a_retry_that_waits_can_be_cancelled_and_edited() -> None:
    """Between two attempts an entry is like any other that has the goahead."""
    retried = Retried(Retry(5)).run(failed("walltime"))
    new = evolve(retried.queue.state.task(retried.entry.task), resources=Resources(1, 50, "big"))
    retried.queue.tell(Edited(4.0, (1,), new))
    assert retried.next().resources is None
    other = Retried(Retry(5)).run(failed("walltime"))
    other.queue.tell(Cancelled(4.0, (1,)))
    assert (other.state, other.entry.reason) == ("failed", "cancelled")


def test_going_on_from_a_checkpoint_needs_no_policy_and_is_not_counted_as_a_retry() -> None:
    """A task that says that it can go on goes on, with what it had."""
    retried = Retried(None).run(CHECKPOINT, CHECKPOINT)
    assert (retried.state, retried.entry.retries, retried.entry.continued) == ("goahead", 0, 2)
    assert retried.next().resources is None


def test_going_on_ends_some_time() -> None:
    """A task that never gets further than its checkpoint is given up in the end."""
    retried = Retried(None)
    entry = evolve(retried.entry, continued=CONTINUES)
    retried.queue.state.entries[1] = entry
    retried.queue.state.tries[1, 0] = Attempt(1, 0, "local", 0.0, outcome=CHECKPOINT)
    assert retried.run(CHECKPOINT).state == "timeout"


def test_a_retry_grows_what_an_attempt_that_went_on_had() -> None:
    """Growth stays with an entry while it goes on from checkpoints."""
    retried = Retried(Retry(2)).run(failed("walltime"), CHECKPOINT)
    assert retried.next().resources == evolve(ASKED, seconds=150)


@pytest.mark.parametrize(("restart", "heard"), [(0, False), (1, True), (2, True)])
def test_restarts_are_numbered_within_an_attempt(restart: int, heard: bool) -> None:
    """A scheduler that starts a job again changes the attempt's host and number of restarts, and nothing else."""
    retried = Retried(None)
    retried.next()
    retried.queue.tell(Started(4.0, 1, 1, "n1", None))
    decision = retried.queue.tell(Started(5.0, 1, 1, "n2", None, restart))
    found = retried.queue.state.attempt(1, 1)
    assert found is not None
    assert bool(decision.heard) is heard
    assert (found.host, found.restarts) == (("n2", restart) if heard else ("n1", 0))
    assert retried.state == "running"


def test_an_end_that_is_missing_is_a_contradiction() -> None:
    """A retry without the attempt that it follows can't be planned."""
    from perqueue.core.errors import BrokenInvariantError

    retried = Retried(Retry(1)).run(failed("walltime"))
    del retried.queue.state.tries[1, 1]
    with pytest.raises(BrokenInvariantError, match="attempt 1 of entry 1"):
        retried.next()


def test_policies_are_told_in_words() -> None:
    """What is shown of a policy says how often, after what, and with what more."""
    assert str(Retry(1)) == "once after walltime, oom, node-failure (time x 1.5, memory x 2, another node)"
    assert str(Retry(3, on=["raised"])) == "3 times after raised"
    assert str(Retry(0)) == "never"
    assert json.loads(json.dumps(Retry(2).on)) == list(Retry(2).on)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"times": -1}, "times -1 is not a whole number from 0"),
        ({"times": True}, "times True is not a whole number"),
        ({"on": ["weather"]}, "on 'weather' is no reason; choose from: walltime"),
        ({"time": 0.5}, "time 0.5 is not a factor from 1 to 100"),
        ({"memory": "2"}, "memory '2' is not a factor"),
        ({"avoid": 1}, "avoid 1 is neither True nor False"),
    ],
)
def test_policies_that_can_not_be(kwargs: dict[str, object], message: str) -> None:
    """A policy that makes no sense can't be made, and the error says what would."""
    from perqueue.core.errors import RetryError

    with pytest.raises(RetryError, match=message):
        Retry(**kwargs)  # type: ignore[arg-type]  # what a user may write
