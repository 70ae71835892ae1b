"""What a width group does about discards and failures in its copies."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.queue_in_memory import QueueInMemory, described, outcome

from perqueue.core.errors import PolicyError
from perqueue.core.events import Ended
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup
from perqueue.core.records import Standing
from perqueue.core.states import EntryState

# Workflow, moves, picture. In all of them a is in the group and z follows it.
TABLE: list[tuple[str, Any, str, str]] = [
    ("a discard axes what follows", lambda a, z: StaticWidthGroup(a, 2) >> z, "a[0]-", "a:dg z:x"),
    ("a failure keeps it waiting", lambda a, z: StaticWidthGroup(a, 2) >> z, "a[0]! a[1]+", "a:fs z:w"),
    (
        "dropped: what follows waits for the others",
        lambda a, z: StaticWidthGroup(a, 2, on_discard="drop") >> z,
        "a[0]-",
        "a:dg z:w",
    ),
    (
        "dropped: and runs with them",
        lambda a, z: StaticWidthGroup(a, 2, on_discard="drop") >> z,
        "a[0]- a[1]+",
        "a:ds z:g",
    ),
    (
        "dropped: in either order",
        lambda a, z: StaticWidthGroup(a, 2, on_discard="drop") >> z,
        "a[1]+ a[0]-",
        "a:ds z:g",
    ),
    (
        "dropped: with none left, what follows is axed",
        lambda a, z: StaticWidthGroup(a, 2, on_discard="drop") >> z,
        "a[0]- a[1]-",
        "a:dd z:x",
    ),
    (
        "dropped: a failure still keeps it waiting",
        lambda a, z: StaticWidthGroup(a, 2, on_discard="drop") >> z,
        "a[0]- a[1]!",
        "a:df z:w",
    ),
    (
        "tolerated: what follows runs with the others",
        lambda a, z: StaticWidthGroup(a, 3, tolerate=1) >> z,
        "a[0]! a[1]+ a[2]+",
        "a:fss z:g",
    ),
    ("tolerated: a timeout too", lambda a, z: StaticWidthGroup(a, 2, tolerate=1) >> z, "a[0]~ a[1]+", "a:ts z:g"),
    (
        "tolerated: a cancelled one too",
        lambda a, z: StaticWidthGroup(a, 2, tolerate=1) >> z,
        "a[1]+ a[0]#",
        "a:fs z:g",
    ),
    (
        "tolerated: one too many keeps it waiting",
        lambda a, z: StaticWidthGroup(a, 3, tolerate=1) >> z,
        "a[0]! a[1]! a[2]+",
        "a:ffs z:w",
    ),
    (
        "tolerated: a discard still axes",
        lambda a, z: StaticWidthGroup(a, 3, tolerate=1) >> z,
        "a[0]! a[1]- a[2]+",
        "a:fds z:x",
    ),
    (
        "tolerated: but with none left what follows is axed",
        lambda a, z: StaticWidthGroup(a, 2, tolerate=2) >> z,
        "a!",
        "a:ff z:x",
    ),
    (
        "both",
        lambda a, z: StaticWidthGroup(a, 3, tolerate=1, on_discard="drop") >> z,
        "a[0]! a[1]- a[2]+",
        "a:fds z:g",
    ),
    (
        "a failed copy's later tasks are axed",
        lambda a, b, z: StaticWidthGroup([a, b], 2, tolerate=1) >> z,
        "a[0]! a[1]+ b[1]+",
        "a:fs b:xs z:g",
    ),
    (
        "a copy with two failures counts once",
        lambda a, b, z: StaticWidthGroup(a | b, 2, tolerate=1) >> z,
        "a[0]! b[0]! a[1]+ b[1]+",
        "a:fs b:fs z:g",
    ),
    (
        "a copy is dropped as a whole",
        lambda a, b, z: StaticWidthGroup(a | b, 2, on_discard="drop") >> z,
        "a[0]- b[0]+ a[1]+ b[1]+",
        "a:ds b:ss z:g",
    ),
    (
        "a resubmitted failure takes back what had gone on without it",
        lambda a, z: StaticWidthGroup(a, 2, tolerate=1) >> z,
        "a[0]! a[1]+ z+ a[0]^",
        "a:gs z:w",
    ),
    (
        "and both run again",
        lambda a, z: StaticWidthGroup(a, 2, tolerate=1) >> z,
        "a[0]! a[1]+ z+ a[0]^ a[0]+",
        "a:ss z:g",
    ),
    (
        "a resubmitted discard likewise",
        lambda a, z: StaticWidthGroup(a, 2, on_discard="drop") >> z,
        "a[0]- a[1]+ z+ a[0]^ a[0]+",
        "a:ss z:g",
    ),
    (
        "an inner group's failures count for the outer one that tolerates",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 2), 2, tolerate=1) >> z,
        "a[0]! a[1]+ a[2]+ a[3]+",
        "a:fsss z:g",
    ),
    (
        "an inner group that has too many is one failed copy of the outer",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 3, tolerate=1), 2, tolerate=1) >> z,
        "a[0]! a[1]! a[2]+ a[3]+ a[4]+ a[5]!",
        "a:ffsssf z:g",
    ),
    (
        "an outer drop takes an inner group's discard",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 2), 2, on_discard="drop") >> z,
        "a[0]- a[1]+ a[2]+ a[3]+",
        "a:dsss z:g",
    ),
    (
        "what is axed by a failure is axed by a discard as well, and each can be taken back",
        lambda a, b, c, z: StaticWidthGroup((a | b) >> c, 2, tolerate=1) >> z,
        "a[0]! b[0]- a[0]^",
        "a:gg b:dg c:xw z:x",
    ),
]


@pytest.mark.parametrize(("build", "moves", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_policy(build: Any, moves: str, expected: str) -> None:
    """After these moves, the entries are in these states."""
    assert QueueInMemory(described(build)).play(moves).states() == expected


# Workflow, moves, z's state and reason.
NONE_LEFT: list[tuple[str, Any, str, str, str]] = [
    (
        "all failed",
        lambda a, z: StaticWidthGroup(a, 2, tolerate=2) >> z,
        "a!",
        "axed",
        "an ancestor failed",
    ),
    (
        "a discard weighs more than a failure",
        lambda a, z: StaticWidthGroup(a, 2, tolerate=2, on_discard="drop") >> z,
        "a[0]! a[1]-",
        "axed",
        "an ancestor was discarded",
    ),
    (
        "a group around that drops copies drops the one",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 1, tolerate=1), 2, on_discard="drop") >> z,
        "a[0]! a[1]+",
        "goahead",
        "",
    ),
    (
        "a group around that drops copies has none left either",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 1, tolerate=1), 2, on_discard="drop") >> z,
        "a!",
        "axed",
        "an ancestor failed",
    ),
    (
        "a group around that tolerates failures counts it",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 1, tolerate=1), 2, tolerate=1) >> z,
        "a[0]! a[1]+",
        "goahead",
        "",
    ),
    (
        "a strict group around goes on without none",
        lambda a, z: StaticWidthGroup(StaticWidthGroup(a, 1, tolerate=1), 2) >> z,
        "a[0]! a[1]+",
        "axed",
        "an ancestor failed",
    ),
]


@pytest.mark.parametrize(
    ("build", "moves", "state", "reason"), [row[1:] for row in NONE_LEFT], ids=[row[0] for row in NONE_LEFT]
)
def test_a_group_without_a_copy_left_says_whether_it_failed(build: Any, moves: str, state: str, reason: str) -> None:
    """What follows is axed for a failure where only failures took the copies, and comes back with one of them."""
    queue = QueueInMemory(described(build)).play(moves)
    entry = queue.entry("z")
    assert (str(entry.state), entry.reason) == (state, reason)
    assert queue.play("a[0]^ a[0]+").entry("z").state is EntryState.goahead


def test_what_follows_gets_the_survivors_only() -> None:
    """Neither a discarded nor a failed copy, nor the half of it that succeeded, is in what follows."""
    queue = QueueInMemory(described(lambda a, b, z: StaticWidthGroup(a | b, 3, on_discard="drop", tolerate=1) >> z))
    for key in queue.keys("a"):
        queue.end(key, data={"x": key})
    *_, third = queue.keys("b")
    queue.play("b[0]- b[1]!")
    queue.end(third, data={"x": third})
    survivors = [queue.keys("a")[2], third]
    assert queue.inputs("z") == {"x": {"$dict": [[key, key] for key in survivors]}}
    assert queue.state.sources[-queue.entry("z").source].keys == tuple(survivors)


def test_dynamic_groups_have_policies_too() -> None:
    """A dynamic group drops and tolerates as a static one does, after a rebuild as well."""
    queue = QueueInMemory(described(lambda a, b, z: a >> DynamicWidthGroup(b, on_discard="drop", tolerate=1) >> z))
    queue.succeed("a", {"pq_dwg_width": 3})
    queue.play("b[0]- b[1]! b[2]+")
    assert queue.states() == "a:s z:g b:dfs"
    queue.play("a^")
    queue.succeed("a", {"pq_dwg_width": 2})
    queue.play("b[0]- b[1]+")
    assert queue.states() == "a:s z:g b:ds"


def test_a_cancelled_copy_of_a_group_that_is_rebuilt_still_counts() -> None:
    """An entry that was cancelled while its group waited has failed when the group opens again."""
    queue = QueueInMemory(described(lambda a, b, z: a >> DynamicWidthGroup(b, tolerate=1) >> z))
    queue.succeed("a", {"pq_dwg_width": 2})
    queue.play("a^ b[0]#")
    queue.succeed("a", {"pq_dwg_width": 3})
    assert queue.states() == "a:s z:w b:fgg"
    assert queue.play("b[1]+ b[2]+").states() == "a:s z:g b:fss"


def test_a_refused_answer_may_be_tolerated() -> None:
    """A loop in a copy whose last task says nothing is a failed copy."""
    queue = QueueInMemory(described(lambda a, z: StaticWidthGroup(CyclicalGroup(a), 2, tolerate=1) >> z))
    queue.succeed("a", {}, {"pq_toggle_key": True})
    assert queue.states() == "a:fs z:g"


def test_a_loop_whose_answer_is_tolerated_away_asks_the_others() -> None:
    """Refusing one copy's answer leaves the other copies': the loop then does what those say."""
    queue = QueueInMemory(described(lambda a, z: CyclicalGroup(StaticWidthGroup(a, 2, tolerate=1)) >> z))
    queue.succeed("a", {"pq_toggle_key": True}, {})
    assert queue.states() == "a:sf z:g"


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"on_discard": "keep"}, "StaticWidthGroup: on_discard 'keep' is not 'axe' or 'drop'"),
        ({"tolerate": -1}, "StaticWidthGroup: tolerate -1 is not how many copies may fail, a whole number from 0"),
        ({"tolerate": 0.5}, "StaticWidthGroup: tolerate 0.5 is not how many copies may fail, a whole number from 0"),
    ],
)
def test_a_policy_that_there_is_not(policy: Any, message: str) -> None:
    """A policy that can't be read is refused where it is written."""
    with pytest.raises(PolicyError) as caught:
        described(lambda a: StaticWidthGroup(a, 2, **policy))
    assert str(caught.value) == message


def test_policies_are_shown() -> None:
    """A group that is not strict says so in its label."""
    group = described(lambda a: StaticWidthGroup(a, 2, on_discard="drop", tolerate=1))
    assert repr(group) == "StaticWidthGroup(a, width=2, on_discard=drop, tolerate=1)"


def test_cancelling_what_another_cancelled_entry_axes_is_no_mistake() -> None:
    """One request may name an entry and what is axed because of it."""
    queue = QueueInMemory(described(lambda a, b, z: StaticWidthGroup([a, b], 2, tolerate=1) >> z))
    queue.cancel(queue.keys("a")[0], queue.keys("b")[0])
    assert queue.states() == "a:fg b:xw z:w"


def test_removed_copies_are_asked_no_more() -> None:
    """A copy that was discarded and then removed keeps nothing waiting."""
    queue = QueueInMemory(described(lambda a: StaticWidthGroup(a, 2, on_discard="drop")))
    queue.play("a[0]-")
    queue.remove(1)
    assert queue.play("a+").states() == "a:s"
    assert queue.state.frames[2].standing is Standing.done


def test_answers_that_are_all_refused_leave_no_copy() -> None:
    """A loop asks the copies before it one by one, in one batch of reports; with none left, what follows is axed."""
    queue = QueueInMemory(
        described(lambda a, b, z: StaticWidthGroup(a, 2, tolerate=2) >> CyclicalGroup(StaticWidthGroup(b, 0)) >> z)
    )
    queue.admit()
    queue.tell(*[Ended(2.0, key, 1, outcome(data={})) for key in (2, 1)])
    assert queue.states() == "a:ff z:x"
