"""Why an entry doesn't run: what before it isn't done, what failed or was discarded, which groups are undecided."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from attrs import field, frozen

from perqueue.core.graph import LoopKind, SwitchKind, WidthKind
from perqueue.core.records import Entry, Frame, Ref, Standing
from perqueue.core.standing import kind_of, opened
from perqueue.core.states import EntryState
from perqueue.store.protocol import Snapshot

from .instances import before, inside, parents_of
from .losses import Losses

REFUSALS: Final = frozenset({"width", "switch", "toggle", "tries"})
"""Why an entry failed whose result a group could not go on with."""
_WAITS: Final = (EntryState.waiting, EntryState.axed)


@frozen
class Waiting:
    """What keeps an entry from running.

    Args:
        parents: Parents that are not done, by state; each ascending. Copies that a group leaves out are none.
        stuck: Those among everything before it that failed or timed out: they must run again first. For an axed
            entry those for whose failure it was axed.
        enough: Those of ``stuck`` whose success is enough, where groups tolerate that the others failed.
        dead: Those that were discarded, for which the entry was axed.
        refused: What groups could not go on with, by the entry of ``stuck`` that returned it.
        undecided: Groups before it that are not built yet, as they were described.
    """

    parents: dict[EntryState, list[int]] = field(factory=dict)
    stuck: tuple[int, ...] = ()
    enough: tuple[int, ...] = ()
    dead: tuple[int, ...] = ()
    refused: dict[int, str] = field(factory=dict)
    undecided: tuple[str, ...] = ()


def why_waiting(state: Snapshot, entry: Entry) -> Waiting:
    """What keeps an entry waiting or axed; nothing for one in another state."""
    if entry.state not in _WAITS:
        return Waiting()
    walk = _Walk(state, entry)
    walk.run()
    stuck = sorted(walk.stuck)
    messages = {key: refusal(state, found) for key in stuck if (found := state.entry(key)) is not None}
    return Waiting(
        walk.parents(),
        tuple(stuck),
        tuple(walk.enough()),
        tuple(sorted(walk.dead)),
        {key: message for key, message in messages.items() if message},
        tuple(walk.undecided),
    )


def refusal(state: Snapshot, entry: Entry) -> str:
    """The message of the group that could not go on with an entry's result; empty if none refused it."""
    if entry.state is not EntryState.failed or entry.reason not in REFUSALS:
        return ""
    attempt = state.attempt(entry.key, entry.result)
    return "" if attempt is None or attempt.outcome is None else attempt.outcome.message


class _Walk:
    """Goes up from an entry through all that is not done. Each entry and frame is met once, however many it feeds."""

    def __init__(self, state: Snapshot, entry: Entry) -> None:
        self._state, self._entry = state, entry
        self._losses = Losses(state)
        self._around = _frames_around(state, entry)
        self._climbed: set[int] = set()
        self.stuck: set[int] = set()
        self.dead: set[int] = set()
        self.undecided: dict[str, None] = {}

    def parents(self) -> dict[EntryState, list[int]]:
        """The parents that are not done."""
        found: dict[EntryState, list[int]] = {}
        for key in parents_of(self._state, self._entry):
            parent = self._state.entry(key)
            if parent is not None and parent.state is not EntryState.succeeded and not self._is_left_out(parent):
                found.setdefault(parent.state, []).append(key)
        return found

    def run(self) -> None:
        """Find what it all hangs on."""
        todo = before(self._state, self._entry, self._climbed)
        seen = set(todo)
        while todo:
            new = [ref for ref in self._behind(todo.pop()) if ref not in seen]
            seen.update(new)
            todo += new

    def enough(self) -> list[int]:
        """Of what failed, what has to succeed: of a group that tolerates failures, so many copies that it goes on."""
        ways = {key: self._way(key) for key in self.stuck}
        # From the outer groups to the inner ones: what is in a copy that may stay as it is may stay so too.
        left = set(self.stuck)
        for depth in range(max(map(len, ways.values()), default=0)):
            groups: dict[int, tuple[Frame, dict[int, list[int]]]] = {}
            for key in sorted(left):
                if depth < len(ways[key]):
                    frame, copy = ways[key][depth]
                    groups.setdefault(frame.id, (frame, {}))[1].setdefault(copy, []).append(key)
            for frame, copies in groups.values():
                # The copies in which the least has to run again.
                for copy in sorted(copies, key=lambda copy: (len(copies[copy]), copy))[self._needed(frame, copies) :]:
                    left.difference_update(copies[copy])
        return sorted(left)

    def _way(self, key: int) -> list[tuple[Frame, int]]:
        """The frames around an entry, and in which copy of each it is, from the outer to the inner."""
        found: list[tuple[Frame, int]] = []
        entry = self._state.entry(key)
        assert entry is not None
        copy, frame = entry.copy, self._state.frame(entry.frame)
        while frame is not None:
            found.append((frame, copy))
            copy, frame = frame.copy, self._state.frame(frame.frame)
        return found[::-1]

    def _needed(self, frame: Frame, copies: Collection[int]) -> int:
        """How many of the copies with failures have to succeed for a group to go on."""
        kind = kind_of(self._state, frame)
        if frame.id in self._around or not isinstance(kind, WidthKind) or not kind.policy.tolerate:
            return len(copies)
        return max(1, self._losses.failed_copies(frame) - kind.policy.tolerate)

    def _behind(self, ref: Ref) -> list[Ref]:
        """Where to look on, behind a ref."""
        if ref < 0:
            frame = self._state.frame(-ref)
            return [] if frame is None else self._behind_frame(frame)
        entry = self._state.entry(ref)
        if entry is None:
            return []
        if entry.state in _WAITS:
            return before(self._state, entry, self._climbed)
        if entry.state is EntryState.discarded and not self._is_left_out(entry):
            self.dead.add(ref)
        elif entry.state in (EntryState.failed, EntryState.timeout) and not self._is_left_out(entry):
            self.stuck.add(ref)
        return []

    def _behind_frame(self, frame: Frame) -> list[Ref]:
        if frame.standing is Standing.done:
            return []
        ends = inside(self._state, frame, first=False)
        if ends is not None:
            return ends
        kind = kind_of(self._state, frame)
        if isinstance(kind, WidthKind | SwitchKind | LoopKind) and not opened(frame):
            self.undecided[kind.label] = None
        return before(self._state, frame, self._climbed)

    def _is_left_out(self, entry: Entry) -> bool:
        return self._losses.left_out(entry, self._around) is not None


def _frames_around(state: Snapshot, entry: Entry) -> set[int]:
    found: set[int] = set()
    frame = state.frame(entry.frame)
    while frame is not None:
        found.add(frame.id)
        frame = state.frame(frame.frame)
    return found
