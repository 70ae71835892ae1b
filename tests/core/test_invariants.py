"""Each contradiction that a damaged state can hold is found and named; a sound state has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from tests.core.queue_in_memory import QueueInMemory, described

from perqueue.core.groups import CyclicalGroup, StaticWidthGroup
from perqueue.core.invariants import broken
from perqueue.core.records import FrameState, Standing
from perqueue.core.states import EntryState
from perqueue.store.memory import State

Damage = Callable[[State], None]


def entry(key: int, **fields: Any) -> Damage:
    """Damage done to an entry."""

    def damage(state: State) -> None:
        state.entries[key] = evolve(state.entries[key], **fields)

    return damage


def frame(number: int, **fields: Any) -> Damage:
    """Damage done to a frame."""

    def damage(state: State) -> None:
        state.frames[number] = evolve(state.frames[number], **fields)

    return damage


def attempt(key: int, **fields: Any) -> Damage:
    """Damage done to the first attempt of an entry."""

    def damage(state: State) -> None:
        state.tries[key, 1] = evolve(state.tries[key, 1], **fields)

    return damage


def lost_attempt(key: int) -> Damage:
    """The row of an attempt is gone."""

    def damage(state: State) -> None:
        del state.tries[key, 1]

    return damage


# a is entry 1; the two copies of b in the group (frame 2) are entries 2 and 3; c, which follows, is entry 4.
DAMAGES: list[tuple[str, Damage, str]] = [
    ("", entry(4, waiting=2), "entry 4: waiting is 2, should be 1"),
    ("", entry(4, dead=1), "entry 4: dead is 1, should be 0"),
    ("", entry(1, waiting=1), "entry 1: waiting is 1, should be 0"),
    ("", entry(2, waiting=0), "entry 2: waiting is 0, should be 1"),
    ("a-", entry(2, dead=0), "entry 2: dead is 0, should be 1"),
    ("a+", entry(2, waiting=1), "entry 2: waiting is 1, should be 0"),
    ("", frame(2, waiting=0), "frame 2: waiting is 0, should be 1"),
    ("a-", frame(2, dead=0), "frame 2: dead is 0, should be 1"),
    ("", entry(1, state=EntryState.axed), "entry 1: axed with 0 dead and 0 missed parents"),
    ("a-", entry(4, state=EntryState.waiting), "entry 4: waiting with 1 dead and 0 missed parents"),
    ("", entry(1, state=EntryState.waiting), "entry 1: waiting with 0 parents missing"),
    ("", entry(4, state=EntryState.goahead), "entry 4: goahead with 1 parents missing"),
    ("", entry(4, state=EntryState.failed), "entry 4: failed with 1 parents missing"),
    ("", entry(1, state=EntryState.running), "entry 1: running without an open attempt"),
    ("a>", lost_attempt(1), "entry 1: queueing without an open attempt"),
    ("a+", entry(1, state=EntryState.running), "entry 1: running without an open attempt"),
    ("a>", entry(1, state=EntryState.succeeded), "entry 1: succeeded with an open attempt 1"),
    ("a+", attempt(1, outcome=None), "entry 1: succeeded with an open attempt 1"),
    ("a+", frame(2, open=1), "frame 2: open, lost, failed are (1, 0, 0), should be (2, 0, 0)"),
    ("a+ b[0]-", frame(2, lost=0), "frame 2: open, lost, failed are (2, 0, 0), should be (2, 1, 0)"),
    ("", frame(1, open=0), "frame 1: open, lost, failed are (0, 0, 0), should be (1, 0, 0)"),
    ("", frame(2, state=FrameState.open), "frame 2: open with 1 missing, 0 dead parents"),
    ("a+", frame(2, state=FrameState.waiting), "frame 2: waiting with 0 missing, 0 dead parents"),
    ("a-", frame(2, state=FrameState.done), "frame 2: done with 1 missing, 1 dead parents"),
    ("a+", frame(2, state=FrameState.done), "frame 2: done, but pending"),
    ("a+ b+", frame(2, state=FrameState.open), "frame 2: open, but done"),
    ("a+ b+", frame(2, standing=Standing.pending), "frame 2: pending, should be done"),
    ("a-", entry(2, missed=1), "entry 2: missed is 1, should be 0"),
]


@pytest.mark.parametrize(("moves", "damage", "message"), DAMAGES, ids=[f"{row[0]}-{row[2]}" for row in DAMAGES])
def test_damage_is_found(moves: str, damage: Damage, message: str) -> None:
    """A contradiction is found, and told by the entry or frame that holds it."""
    queue = QueueInMemory(described(lambda a, b, c: a >> StaticWidthGroup(b, 2) >> c)).play(moves)
    assert queue.broken() == []
    damage(queue.state)
    assert message in broken(queue.state, queue.state.entries.values(), queue.state.frames.values())


@pytest.mark.parametrize("copies", [1, 3])
def test_a_loop_has_its_iterations(copies: int) -> None:
    """A loop that counts more or fewer iterations than it has is found."""
    queue = QueueInMemory(described(lambda a: CyclicalGroup(a)))
    queue.succeed("a", {"pq_toggle_key": False})
    assert queue.broken() == []
    (loop,) = [frame for frame in queue.state.frames.values() if frame.limit]
    queue.state.frames[loop.id] = evolve(loop, copies=copies)
    assert any(f"frame {loop.id}: {copies} iterations, but they are" in found for found in queue.broken())


def test_cancelled_entries_may_wait_or_not() -> None:
    """An entry that was cancelled keeps its state while its parents go on, which is no contradiction."""
    queue = QueueInMemory(described(lambda a, b: a >> b)).play("b#")
    assert queue.broken() == []
    assert queue.play("a+").broken() == []


def test_an_empty_queue_is_sound() -> None:
    """Where there is nothing, nothing contradicts itself."""
    assert broken(State(), [], []) == []
