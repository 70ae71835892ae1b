"""How one thing's end reaches what depends on it.

Theory of operation
===================

Each entry and frame (a *ref*) counts the parents that it still waits for (``waiting``) and those that are dead
(``dead``: discarded or axed). Each group's frame counts, over all its copies, the last nodes that are not done
(``open``) and those that are dead (``lost``). Four kinds of news travel along the links, and each touches only the
counters of the children, and of the frame around if the ref is one of its last:

- DONE: children's ``waiting`` falls; who reaches 0 is activated: an entry gets its inputs and the goahead, a
  join merges and is done, a group opens its bodies, an empty group is done at once. A frame
  whose ``open`` reaches 0 is done.
- DEAD: children's ``dead`` rises; who leaves 0 is axed and is dead too. A frame whose ``lost`` leaves 0 is dead for
  what follows it, while its other copies go on.
- UNDONE and UNDEAD take the same steps back, when something runs again. Whatever had been activated goes back
  to waiting, so that it runs once more, after *all* of its parents.

News waits in a list rather than on the call stack, so that chains of any length pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from typing import assert_never

from attrs import evolve

from ..decision import Stop
from ..errors import BrokenInvariantError
from ..records import Entry, Frame, FrameState, Outcome, Ref, Verdict
from ..states import EntryState, Trigger, move
from .draft import Draft
from .inputs import inputs_of


class _News(Enum):
    DONE = auto()
    DEAD = auto()
    UNDONE = auto()
    UNDEAD = auto()


class Flow:
    """Carries news through a draft until nothing more follows."""

    def __init__(self, draft: Draft, at: float) -> None:
        self._draft = draft
        self._at = at
        self._news: deque[tuple[_News, Ref]] = deque()

    def done(self, ref: Ref) -> None:
        """The ref has results that what follows may use."""
        self._tell(_News.DONE, ref)

    def dead(self, ref: Ref) -> None:
        """What depends on the ref can't run."""
        self._tell(_News.DEAD, ref)

    def undone(self, ref: Ref) -> None:
        """The ref's results are void."""
        self._tell(_News.UNDONE, ref)

    def undead(self, ref: Ref) -> None:
        """The ref may yet be done."""
        self._tell(_News.UNDEAD, ref)

    def open_frame(self, frame: Frame) -> None:
        """Open the bodies of a frame whose inputs are known, and carry what follows from it."""
        self._open(frame)
        self._run()

    def _tell(self, news: _News, ref: Ref) -> None:
        self._news.append((news, ref))
        self._run()

    def _run(self) -> None:
        while self._news:
            news, ref = self._news.popleft()
            item = self._draft.item(ref)
            match news:
                case _News.DONE:
                    self._on_done(item)
                case _News.DEAD:
                    self._on_dead(item)
                case _News.UNDONE:
                    self._on_undone(item)
                case _News.UNDEAD:
                    self._on_undead(item)
                case _:
                    assert_never(news)

    # What each kind of news does to the children and to the frame around.

    def _on_done(self, item: Entry | Frame) -> None:
        for child in self._children(item):
            self._lift(child)
        if (frame := self._ends(item)) is not None:
            frame = evolve(frame, open=frame.open - 1)
            self._draft.put(frame)
            if frame.open == 0:
                self._close(frame)

    def _on_dead(self, item: Entry | Frame) -> None:
        for child in self._children(item):
            self._burden(child)
        if (frame := self._ends(item)) is not None:
            self._draft.put(evolve(frame, lost=frame.lost + 1))
            if frame.lost == 0:
                self._tell_outside(_News.DEAD, frame)

    def _on_undone(self, item: Entry | Frame) -> None:
        for child in self._children(item):
            self._press(child)
        if (frame := self._ends(item)) is not None:
            was_done = frame.state is FrameState.done
            state = FrameState.open if was_done else frame.state
            self._draft.put(evolve(frame, open=frame.open + 1, state=state, output=0))
            if was_done:
                self._tell_outside(_News.UNDONE, frame)

    def _on_undead(self, item: Entry | Frame) -> None:
        for child in self._children(item):
            self._unburden(child)
        if (frame := self._ends(item)) is not None:
            self._draft.put(evolve(frame, lost=frame.lost - 1))
            if frame.lost == 1:
                self._tell_outside(_News.UNDEAD, frame)

    # One step of one counter of one child.

    def _lift(self, ref: Ref) -> None:
        item = self._draft.item(ref)
        item = evolve(item, waiting=item.waiting - 1)
        self._draft.put(item)
        if item.waiting == 0:
            self._activate(item)

    def _press(self, ref: Ref) -> None:
        item = self._draft.item(ref)
        self._draft.put(evolve(item, waiting=item.waiting + 1))
        if item.waiting == 0:
            self._deactivate(ref)

    def _burden(self, ref: Ref) -> None:
        item = self._draft.item(ref)
        item = evolve(item, dead=item.dead + 1)
        self._draft.put(item)
        if item.dead == 1:
            self._axe(item)

    def _unburden(self, ref: Ref) -> None:
        item = self._draft.item(ref)
        item = evolve(item, dead=item.dead - 1)
        self._draft.put(item)
        if item.dead == 0:
            self._revive(item)

    # What becomes of a child whose counter reached or left 0.

    def _activate(self, item: Entry | Frame) -> None:
        source = inputs_of(self._draft, item)
        if isinstance(item, Entry):
            # An entry that was cancelled while it waited keeps that state, and its inputs for a resubmission.
            state = move(item.state, Trigger.READY) if item.state is EntryState.waiting else item.state
            self._draft.put(evolve(item, state=state, source=source))
        elif item.scope < 0:
            self._draft.put(evolve(item, state=FrameState.done, source=source, output=source))
            self._news.append((_News.DONE, item.ref))
        else:
            self._open(evolve(item, source=source))

    def _open(self, frame: Frame) -> None:
        frame = evolve(frame, state=FrameState.open)
        self._draft.put(frame)
        if frame.open == 0:
            self._close(frame)
        for ref in self._firsts(frame):
            self._lift(ref)

    def _close(self, frame: Frame) -> None:
        self._draft.put(evolve(frame, state=FrameState.done))
        self._tell_outside(_News.DONE, frame)

    def _deactivate(self, ref: Ref) -> None:
        item = self._draft.item(ref)
        if isinstance(item, Entry):
            self._reset_entry(item)
            return
        was_done = item.state is FrameState.done
        self._draft.put(evolve(item, state=FrameState.waiting, source=0, output=0))
        if was_done:
            self._news.append((_News.UNDONE, ref))
        for first in self._firsts(item):
            self._press(first)

    def _reset_entry(self, entry: Entry) -> None:
        self._draft.put(
            evolve(entry, state=move(entry.state, Trigger.RESET), source=0, reason="an ancestor runs again")
        )
        if entry.state.active:
            self.stop(entry, "superseded")
        elif entry.state is EntryState.succeeded:
            self._news.append((_News.UNDONE, entry.key))
        elif entry.state is EntryState.discarded:
            self._news.append((_News.UNDEAD, entry.key))

    def _axe(self, item: Entry | Frame) -> None:
        if isinstance(item, Entry):
            self._draft.put(evolve(item, state=move(item.state, Trigger.AXE), reason="an ancestor was discarded"))
            self._news.append((_News.DEAD, item.key))
            return
        self._draft.put(evolve(item, state=FrameState.axed))
        if item.open == 0:
            self._news.append((_News.DEAD, item.ref))
        for first in self._firsts(item):
            self._burden(first)

    def _revive(self, item: Entry | Frame) -> None:
        if isinstance(item, Entry):
            self._draft.put(evolve(item, state=move(item.state, Trigger.REVIVE), reason=""))
            self._news.append((_News.UNDEAD, item.key))
            return
        self._draft.put(evolve(item, state=FrameState.waiting))
        if item.open == 0:
            self._news.append((_News.UNDEAD, item.ref))
        for first in self._firsts(item):
            self._unburden(first)

    def stop(self, entry: Entry, why: str) -> None:
        """Have the entry's attempt stopped; what it still reports will be stale."""
        attempt = self._draft.attempt(entry.key, entry.attempt)
        if attempt is None:
            raise BrokenInvariantError(f"attempt {entry.attempt} of entry {entry.key} is missing")
        outcome = Outcome(Verdict.failed, why, "stopped, because its inputs are being made anew", ended=self._at)
        self._draft.put_attempt(evolve(attempt, outcome=outcome, ended=self._at))
        self._draft.act(Stop(entry.key, entry.attempt, why))

    # Looking around.

    def _children(self, item: Entry | Frame) -> Iterator[Ref]:
        for child in self._draft.node_of(item).children:
            ref = self._draft.at(item.frame, item.copy, child)
            if ref is not None:
                yield ref

    def _ends(self, item: Entry | Frame) -> Frame | None:
        """The frame whose end waits for the item, if it is one of the frame's last."""
        if not self._draft.node_of(item).last:
            return None
        return self._draft.frame(item.frame)

    def _firsts(self, frame: Frame) -> Iterator[Ref]:
        if frame.scope < 0:
            return
        first = self._draft.scope(frame.graph, frame.scope).first
        for copy in range(frame.copies):
            for node in first:
                ref = self._draft.at(frame.id, copy, node)
                if ref is not None:
                    yield ref

    def _tell_outside(self, news: _News, frame: Frame) -> None:
        if frame.node >= 0:
            self._news.append((news, frame.ref))
