"""Every move between states, and every one that there isn't."""

from __future__ import annotations

import pytest

from perqueue.core.errors import BrokenInvariantError
from perqueue.core.states import BY_LETTER, TRANSITIONS, EntryState, Trigger, diagram, move

# One line for each state: what moves it, and where to.
TABLE = {
    "undefined": {},
    "waiting": {"READY": "goahead", "CANCEL": "failed", "AXE": "axed"},
    "goahead": {"ADMIT": "queueing", "CANCEL": "failed", "RESET": "waiting"},
    "queueing": {
        "START": "running",
        "SUCCEED": "succeeded",
        "DISCARD": "discarded",
        "FAIL": "failed",
        "TIME_OUT": "timeout",
        "RETRY": "goahead",
        "RESET": "waiting",
    },
    "running": {
        "SUCCEED": "succeeded",
        "DISCARD": "discarded",
        "FAIL": "failed",
        "TIME_OUT": "timeout",
        "RETRY": "goahead",
        "RESET": "waiting",
    },
    "succeeded": {"RESET": "waiting", "RESUBMIT": "waiting", "REFUSE": "failed"},
    "discarded": {"RESET": "waiting", "RESUBMIT": "waiting"},
    "axed": {"REVIVE": "waiting"},
    "failed": {"RESET": "waiting", "RESUBMIT": "waiting", "AXE": "axed"},
    "timeout": {"RESET": "waiting", "RESUBMIT": "waiting"},
}
MOVES = [(EntryState(state), Trigger[name], EntryState(to)) for state, row in TABLE.items() for name, to in row.items()]
IMPOSSIBLE = [(state, trigger) for state in EntryState for trigger in Trigger if trigger.name not in TABLE[state]]


@pytest.mark.parametrize(("state", "trigger", "target"), MOVES)
def test_move(state: EntryState, trigger: Trigger, target: EntryState) -> None:
    """Each transition leads where the table says."""
    assert move(state, trigger) is target


@pytest.mark.parametrize(("state", "trigger"), IMPOSSIBLE)
def test_impossible_move(state: EntryState, trigger: Trigger) -> None:
    """Anything else is a bug of the planner, and is named."""
    with pytest.raises(BrokenInvariantError, match=f"no transition from {state} by {trigger.name}"):
        move(state, trigger)


def test_table_is_whole() -> None:
    """The transitions are exactly those of the table."""
    assert {(state, trigger): target for state, trigger, target in MOVES} == dict(TRANSITIONS)


def test_settled_states_stay_until_asked() -> None:
    """Reports never move a settled entry: only a user's wish, what follows from one, or a group that refuses it."""
    asked = {Trigger.RESUBMIT, Trigger.RESET, Trigger.REVIVE, Trigger.AXE, Trigger.REFUSE}
    assert {trigger for state, trigger in TRANSITIONS if state.settled} <= asked


@pytest.mark.parametrize(
    ("state", "letter"),
    list(zip(EntryState, "uwgqrsdxft", strict=True)),
)
def test_letters(state: EntryState, letter: str) -> None:
    """Each state has its own letter, and is found by it."""
    assert state.letter == letter
    assert BY_LETTER[letter] is state


def test_names() -> None:
    """A state prints as its name."""
    assert [str(state) for state in EntryState] == list(TABLE)
    assert EntryState.succeeded == "succeeded"


def test_kinds_of_states() -> None:
    """Active, settled and dead states are those of the design."""
    letters = {
        name: "".join(state.letter for state in EntryState if getattr(state, name))
        for name in ("active", "settled", "dead")
    }
    assert letters == {"active": "qr", "settled": "sdxft", "dead": "dx"}


def test_diagram() -> None:
    """The diagram has an arrow for each pair of states, labelled with everything that leads along it."""
    lines = diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> waiting"]
    arrows = dict(line.strip().split(": ") for line in lines[2:])
    assert arrows["running --> timeout"] == "time out"
    assert arrows["succeeded --> waiting"] == "reset, resubmit"
    assert arrows.keys() == {f"{state} --> {target}" for (state, _), target in TRANSITIONS.items()}
    assert diagram().endswith("\n")
