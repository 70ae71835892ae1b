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
from perqueue.core.resources import MOST_MEMORY, MOST_SECONDS, Resources
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

    @property
    def said(self) -> str:
        """The message of its last end."""
        found = self.queue.state.attempt(1, self.entry.attempt)
        assert found is not None
        assert found.outcome is not None
        return found.outcome.message

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


HOUR = 3600
LONG = Resources(4, 20 * HOUR, "big", memory="48G")
LIMITED = Retry(5, max_time="24h", max_memory="64G")


@pytest.mark.parametrize(
    ("policy", "reason", "asks", "after"),
    [
        (LIMITED, "walltime", evolve(LONG, seconds=24 * HOUR), "1d"),
        (LIMITED, "oom", evolve(LONG, memory="64G"), "64G"),
        (Retry(5, time=100, max_time=LONG.seconds + 1), "walltime", evolve(LONG, seconds=LONG.seconds + 1), "72001s"),
    ],
)
def test_growth_stops_at_the_policy_s_maximum(policy: Retry, reason: str, asks: Resources, after: str) -> None:
    """A retry asks for no more than the most that its policy allows; one that had that already is not tried again."""
    retried = Retried(policy, LONG).run(failed(reason))
    assert retried.next().resources == asks
    retried.queue.tell(Ended(4.0, 1, 2, failed(reason)))
    assert (retried.state, retried.entry.retries) == ("timeout" if reason == "walltime" else "failed", 1)
    name = "max_time" if reason == "walltime" else "max_memory"
    assert retried.said == f"not tried again: it had {after}, and its retries ask for {after} at most ({name})"


@pytest.mark.parametrize(
    ("policy", "had", "reason", "why"),
    [
        (Retry(max_time="10h"), LONG, "walltime", "it had 20h, and its retries ask for 10h at most (max_time)"),
        (Retry(max_memory=100), LONG, "oom", "it had 48G, and its retries ask for 100M at most (max_memory)"),
        (Retry(), evolve(LONG, seconds=MOST_SECONDS), "walltime", "it had 999999999d, the most there is"),
        (Retry(), evolve(LONG, memory=MOST_MEMORY), "oom", "it had 999999999T, the most there is"),
        (
            Retry(),
            evolve(LONG, memory=None),
            "oom",
            "nobody says how much memory it had, so there is nothing to multiply",
        ),
    ],
)
def test_where_nothing_can_grow_the_end_stands(policy: Retry, had: Resources, reason: str, why: str) -> None:
    """An attempt that would ask for the same again would end the same: none follows, and the message says why."""
    end = evolve(failed(reason), message="it was too little")
    retried = Retried(policy, had).run(end)
    assert (retried.state, retried.entry.retries) == ("timeout" if reason == "walltime" else "failed", 0)
    assert retried.said == f"it was too little; not tried again: {why}"
    assert retried.queue.states() != "a:g b:w"


@pytest.mark.parametrize("reason", ["walltime", "oom"])
@pytest.mark.parametrize("memory", [None, 1000])
def test_a_factor_of_one_asks_for_the_same_again(reason: str, memory: int | None) -> None:
    """Who wants no growth gets another attempt as it was, whatever is known of the memory and whatever the maximum."""
    policy = Retry(1, time=1, memory=1, max_time=1, max_memory=1)
    retried = Retried(policy, Resources(4, 100, "big", memory=memory)).run(failed(reason))
    assert retried.state == "goahead"
    assert retried.next().resources is None


def test_growth_is_growth_however_small_the_factor() -> None:
    """What is to grow gets more by one at least, so that rounding doesn't make a retry a repetition."""
    retried = Retried(Retry(3, time=1.1, memory=1.1), Resources(4, 1, "big", memory=1))
    assert retried.run(failed("walltime"), failed("oom")).next().resources == Resources(4, 2, "big", memory=2)


def test_growth_ends_at_what_can_be_asked_for() -> None:
    """However often and by however much something grows: what is asked for can be stored."""
    retried = Retried(Retry(9, time=100, memory=100), Resources(4, 10**12, "big", memory=10**14))
    asks = retried.run(failed("walltime"), failed("oom")).next().resources
    assert asks == Resources(4, MOST_SECONDS, "big", memory=MOST_MEMORY)


@pytest.mark.parametrize(("nodes", "avoid"), [(None, ("n1",)), (1, ("n1",)), (2, ())])
def test_of_several_nodes_none_is_avoided(nodes: int | None, avoid: tuple[str, ...]) -> None:
    """The host of an attempt on several nodes is the first of them, and another one may have failed."""
    retried = Retried(Retry(2), evolve(ASKED, nodes=nodes)).run(failed("node-failure"))
    asked = retried.next().resources or retried.queue.state.task(1).resources
    assert (asked.avoid, retried.entry.retries) == (avoid, 1)


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
    grows = "(time x 1.5 up to 1d, memory x 2 up to 64G, another node)"
    assert str(Retry(1, max_time="24h", max_memory="64G")) == f"once after walltime, oom, node-failure {grows}"
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
        ({"max_time": "24"}, "max_time '24' is no time: write a number of seconds, or text such as '10m' or '24h'"),
        ({"max_time": 0}, "max_time 0 is no time"),
        ({"max_memory": "64"}, "max_memory '64' is no memory: write a number of MiB, or text such as '500M' or '4G'"),
    ],
)
def test_policies_that_can_not_be(kwargs: dict[str, object], message: str) -> None:
    """A policy that makes no sense can't be made, and the error says what would."""
    from perqueue.core.errors import RetryError

    with pytest.raises(RetryError, match=message):
        Retry(**kwargs)  # type: ignore[arg-type]  # what a user may write
