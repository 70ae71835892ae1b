"""How attempts get to the scheduler: in arrays of equal ones, in their order, again after refusals, never twice."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from tests.executors.batch.conftest import Rig
from tests.executors.batch.toy import LOST, At

from perqueue.core.resources import Resources
from perqueue.executors.batch.dialect import Answer
from perqueue.executors.batch.executor import TRIED
from perqueue.executors.batch.folders import BatchFolders
from perqueue.executors.notes import Note

REFUSED = Answer(1, "", "too many jobs")


def sizes(rig: Rig) -> list[int]:
    return [int(size) for _, _, size in rig.commands.of("submit")]


def batches(rig: Rig) -> list[list[int]]:
    """The keys of each batch whose folder is there, by its first key."""
    names = [(folder / "attempts").read_text(encoding="utf-8").split() for folder in rig.folders()]
    return sorted([int(name.partition(".")[0]) for name in one] for one in names)


def test_equal_ones_go_as_one_array(rig: Rig) -> None:
    """What asks for the same, and finds the same around it, is one submission; the order is kept within it."""
    long, short = Resources(seconds=60), Resources(seconds=30)
    tasks = [rig.task(key, resources=long if key % 3 else short) for key in range(1, 8)]
    tasks += [rig.task(8, resources=long, mpi=("mpirun",)), rig.task(9, "gpu", resources=long)]
    rig.give(*tasks)
    assert batches(rig) == [[1, 2, 4, 5, 7], [3, 6], [8], [9]]
    assert [words[0].split("-")[2] for words in rig.commands.of("submit")] == ["1.1", "3.1", "8.1", "9.1"]


def test_arrays_are_as_large_as_the_scheduler_allows(rig: Rig) -> None:
    """The limit is asked for once, before the first submission."""
    rig.toy.most = 4
    rig.launch(*range(1, 11))
    rig.launch(11)
    assert sizes(rig) == [4, 4, 2, 1]
    assert [words[0] for _, words in rig.commands.log[:2]] == ["limits", "submit"]
    assert rig.commands.number("limits") == 1
    assert rig.reports == [one for one in rig.reports if one.key <= 11]


def test_arrays_are_as_large_as_configured(tmp_path: Path) -> None:
    """Where the configuration says so, nobody has to be asked."""
    rig = Rig(tmp_path, max_array=3)
    rig.launch(*range(1, 6))
    assert (sizes(rig), rig.commands.number("limits")) == ([3, 2], 0)


def test_a_wide_group_is_few_submissions(rig: Rig) -> None:
    """500 equal attempts are one submission."""
    rig.launch(*range(1, 501))
    assert sizes(rig) == [500]


def test_an_attempt_that_is_launched_again(rig: Rig) -> None:
    """Twice in one launch, or in two: it is submitted once."""
    task = rig.task(1)
    rig.give(task, task)
    rig.give(task)
    assert sizes(rig) == [1]


# refusals

NO_NODES = Answer(1, "", "there are no nodes for that")


def excluded(rig: Rig) -> list[list[str]]:
    """The hosts that each submission leaves out."""
    return [[word.removeprefix("not-on=") for word in text.split()[2:]] for text in rig.commands.scripts]


@pytest.mark.parametrize(
    ("avoid", "own", "submitted"),
    [
        (["n1"], (), [["n1"], []]),
        (["n0", "n1"], ("n0",), [["n0", "n1"], ["n0"]]),
    ],
)
def test_a_node_that_failed_is_better_than_none(
    rig: Rig, avoid: list[str], own: tuple[str, ...], submitted: list[list[str]]
) -> None:
    """Where that leaves no nodes, those that failed are not avoided any more, at once; the task's own ones are."""
    rig.commands.instead("submit", NO_NODES)
    rig.launch(1, 2, resources=Resources(avoid=avoid), never_on=own)
    assert excluded(rig) == submitted
    assert (rig.ids(1), rig.ids(2)) == (["1_0"], ["1_1"])
    assert rig.commands.times("submit") == [rig.now, rig.now]
    assert sizes(rig) == [2, 2]
    assert rig.notes.trouble == ""
    assert len(rig.folders()) == 1


@pytest.mark.parametrize(("avoid", "own"), [([], ()), (["n1"], ("n1",))])
def test_no_nodes_for_another_reason(rig: Rig, avoid: list[str], own: tuple[str, ...]) -> None:
    """Where it is not due to nodes that failed, it is a refusal as any, and waited for."""
    rig.commands.instead("submit", NO_NODES)
    rig.launch(1, resources=Resources(avoid=avoid), never_on=own)
    assert rig.commands.number("submit") == 1
    assert rig.note(1) == Note(state="held back", reason="there are no nodes for that")
    rig.run(6)
    assert excluded(rig) == [avoid, avoid]
    assert rig.ids(1) == ["1"]


def test_nodes_that_failed_are_avoided_where_something_else_is_refused(rig: Rig) -> None:
    """A scheduler that takes no more jobs says nothing about nodes."""
    rig.commands.instead("submit", REFUSED)
    rig.launch(1, resources=Resources(avoid=["n1"]))
    rig.run(6)
    assert excluded(rig) == [["n1"], ["n1"]]


def test_some_of_an_array_may_run_anywhere(rig: Rig) -> None:
    """Equal ones that avoid a node for different reasons are one array; each has its own way on."""
    rig.commands.instead("submit", NO_NODES, NO_NODES)
    asked = Resources(avoid=["n1"])
    rig.give(rig.task(1, resources=asked), rig.task(2, resources=asked, never_on=("n1",)))
    rig.run(6)
    assert excluded(rig) == [["n1"], [], ["n1"], []]
    assert (rig.ids(1), rig.ids(2)) == (["2"], ["1"])


def test_refusals_are_waited_for(rig: Rig) -> None:
    """Twice as long each time, up to ten minutes; there is little room meanwhile; nothing fails; then all goes on."""
    rig.toy.limit = 0
    rig.launch(1)
    assert rig.executor.room("default") == TRIED - 1
    rig.run(4000)
    times = rig.commands.times("submit")
    waits = [round(later - sooner) for sooner, later in pairwise(times)]
    assert waits[:8] == [5, 10, 20, 40, 80, 160, 320, 600]
    assert set(waits[8:]) == {600}
    assert rig.note(1) == Note(state="held back", reason="too many jobs")
    assert rig.notes.trouble == "too many jobs"
    rig.toy.limit = None
    rig.run(600)
    assert rig.reports == [one for one in rig.reports if one.key == 1]
    assert (rig.ids(1), rig.ends(1), rig.notes.trouble) == (["1"], [], "")
    assert rig.executor.room("default") > 0
    rig.toy.limit = 1
    rig.launch(2)
    rig.run(4)
    rig.toy.limit = None
    rig.run(2)
    assert rig.ids(2) == ["2"], "the wait starts anew"


def test_what_is_too_much_is_halved(rig: Rig) -> None:
    """The scheduler has room for few elements: each refusal halves the array, and what fits goes, in order."""
    rig.toy.limit = 3
    rig.launch(*range(1, 17))
    rig.run(60)
    assert sizes(rig)[:4] == [16, 8, 4, 2]
    assert [rig.ids(key) for key in (1, 2, 3)] != [[], [], []]
    rig.toy.limit = None
    rig.run(1000)
    assert all(rig.ids(key) for key in range(1, 17))
    live = [rig.toy.at(one) for one in rig.toy.elements]
    assert sorted(filter(None, live)) == [(key, 1) for key in range(1, 17)]


def test_a_refusal_of_one_doesnt_shrink_arrays(rig: Rig) -> None:
    """That a single job is refused says nothing about how large an array may be."""
    rig.commands.instead("submit", REFUSED)
    rig.launch(1)
    rig.run(6)
    rig.launch(*range(2, 50))
    assert sizes(rig) == [1, 1, 48]


def test_what_is_refused_for_ever_stops_nobody_else(rig: Rig) -> None:
    """Attempts of other partitions go on, and so do those of the same partition that ask for something else."""

    def odd(words: Sequence[str]) -> Answer:
        (name,) = Path(words[2], "attempts").read_text(encoding="utf-8").split()
        return REFUSED if name == "1.1" else rig.toy.do(words)

    rig.commands.instead("submit", *[odd] * 50)
    rig.give(rig.task(1), rig.task(2, resources=Resources(seconds=7)))
    assert rig.ids(2) == ["1"]
    rig.launch(3, partition="gpu")
    assert rig.ids(3) == ["2"]
    assert (rig.note(1).reason, rig.ends(1)) == (REFUSED.err, [])


def test_few_are_recorded_of_what_is_refused(rig: Rig) -> None:
    """There is no point in taking in thousands of what the scheduler doesn't want."""
    rig.toy.limit = 0
    rig.launch(*range(1, TRIED + 1))
    assert rig.executor.room("default") == 0
    assert rig.executor.room("gpu") > 0


def test_room_comes_back_when_what_was_refused_is_stopped(rig: Rig) -> None:
    """Where nothing is held back, nothing is refused: what comes next is tried at once."""
    rig.toy.limit = 0
    rig.launch(1)
    rig.run(1000)
    rig.stop(1)
    assert rig.end(1) == ("failed", "cancelled")
    assert rig.executor.room("default") > 0
    rig.toy.limit = None
    rig.launch(2)
    assert rig.ids(2) == ["1"]


def test_a_full_disk(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where job files can't be written, attempts are held back, nothing of the try is left, and it is tried again."""
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    rig.launch(1, 2)
    rig.run(20)
    assert rig.note(2).reason == "job files can't be written: No space left on device"
    assert list(Path(rig.root, "scheduler", "toy").iterdir()) == []
    assert rig.commands.number("submit") == 0
    monkeypatch.setattr(os, "fsync", real)
    rig.run(60)
    assert [rig.ids(key) for key in (1, 2)] == [["1_0"], ["1_1"]]


def test_a_disk_that_is_full_when_the_id_is_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is tracked and reported all the same; the next owner finds it by its tag."""

    def full(self: object, tag: str, job: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(BatchFolders, "taken", full)
        rig.launch(1)
    assert rig.ids(1) == ["1"]
    rig.reports.clear()
    rig.next_owner()
    rig.run(30)
    assert (rig.ids(1), rig.commands.number("submit")) == (["1"], 0)


# answers that were lost


def test_a_submission_that_never_arrived(rig: Rig) -> None:
    """It is looked for until it can't arrive any more, and then submitted again."""
    rig.commands.instead("submit", LOST)
    rig.launch(1)
    rig.run(20)
    assert rig.commands.number("submit") == 1
    rig.run(20)
    assert (rig.commands.number("submit"), rig.ids(1)) == (2, ["1"])
    assert rig.executor.room("default") > 0
    assert len(rig.folders()) == 1


@pytest.mark.parametrize("jump", [-86400, 86400])
def test_a_submission_that_never_arrived_when_the_clock_jumps(rig: Rig, jump: float) -> None:
    """It is waited for as long as ever, whatever the time of day becomes."""
    rig.commands.instead("submit", LOST)
    rig.launch(1)
    rig.now += jump
    rig.run(19)
    assert rig.commands.number("submit") == 1
    rig.run(20)
    assert (rig.commands.number("submit"), rig.ids(1)) == (2, ["1"])


def test_a_refusal_when_the_clock_jumps(rig: Rig) -> None:
    """It is waited for as long as ever."""
    rig.toy.limit = 0
    rig.launch(1)
    for jump in (-86400, 86400, -3):
        rig.now += jump
        tries = rig.commands.number("submit")
        rig.poll()
        assert rig.commands.number("submit") == tries
    rig.run(6)
    assert rig.commands.number("submit") == 2


def test_a_submission_that_arrived(rig: Rig) -> None:
    """It is found by its tag; it isn't submitted again, and there is room again."""

    def lose(words: Sequence[str]) -> Answer:
        rig.toy.do(words)
        return LOST

    rig.commands.instead("submit", lose)
    rig.launch(1, 2, 3)
    rig.run(2)
    assert [rig.ids(key) for key in (1, 2, 3)] == [["1_0"], ["1_1"], ["1_2"]]
    assert rig.executor.room("default") > 0
    rig.run(1000)
    assert rig.commands.number("submit") == 1


def test_a_submission_that_arrives_late(rig: Rig) -> None:
    """As long as it may still arrive it is looked for."""
    late: list[Sequence[str]] = []
    rig.commands.instead("submit", lambda words: late.append(words) or LOST)  # type: ignore[func-returns-value]
    rig.launch(1)
    rig.run(19)
    rig.toy.do(late[0])
    rig.run(60)
    assert (rig.ids(1), rig.commands.number("submit")) == (["1"], 1)


def test_a_look_that_takes_long(rig: Rig) -> None:
    """What counts is when it was asked for: its answer says nothing about what arrived after that."""
    rig.commands.instead("submit", LOST)
    rig.launch(1)
    rig.run(10)
    (words,) = rig.commands.of("submit")
    rig.commands.stalled = True
    rig.run(8)
    rig.toy.do(("submit", *words))
    rig.run(20)
    rig.commands.stalled = False
    rig.run(60)
    assert (rig.ids(1), rig.commands.number("submit")) == (["1"], 1)


def test_a_submission_that_arrives_twice(rig: Rig) -> None:
    """One of the two runs the attempt, and its end counts."""

    def twice(words: Sequence[str]) -> Answer:
        rig.toy.do(words)
        rig.toy.do(words)
        return LOST

    rig.commands.instead("submit", twice)
    rig.launch(1)
    rig.run(5)
    for one in rig.jobs(1)[::-1]:
        rig.toy.start(one)
    rig.run(100)
    assert rig.ends(1) == []
    assert rig.toy.ran[1, 1] == 1
    rig.toy.finish(next(one for one in rig.jobs(1) if one.live))
    rig.run(1)
    assert rig.end(1) == ("succeeded", "returned")


@pytest.mark.parametrize("purged", [False, True])
def test_an_attempt_that_ends_while_its_submission_is_unclear(tmp_path: Path, purged: bool) -> None:
    """Its outcome is heard; that its job is gone then is no matter, and it is not submitted again."""
    rig = Rig(tmp_path, max_array=1000)

    def lose(words: Sequence[str]) -> Answer:
        rig.toy.do(words)
        return LOST

    rig.commands.instead("submit", lose)
    rig.commands.stalled = True
    rig.launch(1, 2)
    rig.start(1, 2)
    for one in list(rig.toy.elements):
        rig.toy.finish(one)
    if purged:
        rig.toy.purge()
    rig.run(0.1)
    rig.commands.stalled = False
    rig.run(100)
    assert [rig.end(key)[0] for key in (1, 2)] == ["succeeded", "succeeded"]
    assert rig.commands.number("submit") == 1
    assert rig.folders() == []


def test_an_unclear_submission_while_the_scheduler_is_down(rig: Rig) -> None:
    """It is asked ever more rarely, and nothing is submitted before it answers."""
    rig.commands.instead("submit", LOST)
    rig.launch(1)
    rig.toy.down = True
    rig.run(3000)
    assert rig.commands.number("submit") == 1
    assert rig.commands.number("look") < 50
    rig.toy.down = False
    rig.run(200)
    assert rig.ids(1) == ["1"]


# caps


def test_caps(tmp_path: Path) -> None:
    """There is room for as many as the executor, and the partition, may have in the queue."""
    rig = Rig(tmp_path, max_jobs=5)
    assert (rig.executor.room("default"), rig.executor.room("big"), rig.executor.room("unknown")) == (5, 3, 5)
    rig.launch(1, 2, partition="big")
    assert (rig.executor.room("default"), rig.executor.room("big")) == (3, 1)
    rig.launch(3, 4, 5)
    assert (rig.executor.room("default"), rig.executor.room("big")) == (0, 0)
    rig.start(1)
    rig.toy.finish(rig.job(1))
    rig.run(1)
    assert (rig.executor.room("default"), rig.executor.room("big")) == (1, 1)


def test_dropping_one_of_those_that_are_held_back(rig: Rig) -> None:
    """It has ended at once; the others keep their places."""
    rig.toy.limit = 0
    rig.launch(1, 2, 3)
    rig.stop(2, why="removed")
    assert rig.end(2) == ("failed", "removed")
    rig.toy.limit = None
    rig.run(60)
    live: list[At | None] = [rig.toy.at(one) for one in rig.toy.elements]
    assert sorted(filter(None, live)) == [(1, 1), (3, 1)]
