"""How one thing's end reaches what depends on it.

Theory of operation
===================

Each entry and frame (a *ref*) has a *standing*: pending, done, dead or missed (see :mod:`perqueue.core.standing`). It
counts the parents that are not done (``waiting``), dead (``dead``) and missed (``missed``); a group's frame counts in
the same way, over all its copies, its last nodes (``open``, ``lost``, ``failed``). When a standing changes, that is
*news*, and it touches only the counters of the children, and of the frame around if the ref is one of its last:

- who waits for nothing any more is activated: an entry gets its inputs and the goahead; a join is done; a group
  opens its bodies, of which a dynamic group and a switch make what they lack and drop what they have too much;
- who waits again, because something runs again, goes back: it runs once more, after *all* of its parents;
- who depends on something dead or missed is axed; when it no longer does, it is revived;
- a frame whose counters changed gets a new standing, which is news again.

What stands first in a body waits for one thing, its frame, and is dead or missed with it. A loop's iterations stand
in a chain in the same way: each is a frame that waits for the one before it. When one is done, its results say whether
the next one follows, or whether the loop is done and any later iteration is dropped.

A group that can't go on refuses the result that it was given: the entry that returned it fails after all, with its
data, which is news as well. So there are no failed groups, and resubmitting that entry decides the group anew.

News waits in a list rather than on the call stack, so that chains of any length pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias, assert_never

from attrs import evolve

from ..errors import BrokenInvariantError, RefusedGroupError
from ..graph import JoinKind, LoopKind, SwitchKind, TaskKind, WidthKind
from ..records import Entry, Frame, FrameState, Ref, Standing, Verdict
from ..standing import blocked, entry_standing, frame_standing, kind_of, opened, standing_of
from ..states import EntryState, Trigger, move
from . import decide
from .decide import Refusal
from .draft import Draft
from .grow import contents, drop, everything, grow, iterate
from .inputs import ends, merged_inputs
from .stops import give_up
from .typed_inputs import keep, typed_inputs

_News: TypeAlias = tuple[Ref, Standing, Standing]
"""Whose standing changed, from what to what."""

_DONE, _DEAD, _MISSED = Standing.done, Standing.dead, Standing.missed


class Flow:
    """Carries news through a draft until nothing more follows.

    Args:
        draft: What to change.
        at: When, Unix time in seconds.
        ended: Key of the entry whose end this is, if it is one.
    """

    def __init__(self, draft: Draft, at: float, ended: int = 0) -> None:
        self._draft = draft
        self._at = at
        self._ended = ended
        self._begins = False
        self._news: deque[_News] = deque()
        self._going_on: dict[int, bool] = {}

    def changed(self, ref: Ref, before: Standing, after: Standing) -> None:
        """The standing of a ref is another one now."""
        self._announce(ref, before, after)
        self._run()

    def open_frame(self, frame: Frame) -> None:
        """Open the bodies of a submission, and carry what follows from it.

        Raises:
            RefusedGroupError: A group can't go on, and there is no entry yet to blame for it.
        """
        self._begins = True
        self._open(frame)
        self._refresh(frame.id)
        self._run()

    def _announce(self, ref: Ref, before: Standing, after: Standing) -> None:
        if before is not after:
            self._news.append((ref, before, after))

    def _run(self) -> None:
        while self._news:
            ref, before, after = self._news.popleft()
            item = self._draft.item(ref)
            waiting = (before is _DONE) - (after is _DONE)
            dead = (after is _DEAD) - (before is _DEAD)
            missed = (after is _MISSED) - (before is _MISSED)
            if isinstance(item, Frame) and item.node < 0:
                self._iterated(item, waiting, dead, missed)
                continue
            node = self._draft.node_of(item)
            for child in node.children:
                if (found := self._draft.at(item.frame, item.copy, child)) is not None:
                    self._meet(found, waiting, dead, missed)
            if node.last:
                self._end_changes(self._draft.frame(item.frame), waiting, dead, missed)

    def _end_changes(self, frame: Frame, waiting: int, dead: int, missed: int) -> None:
        """What news of one of its last nodes does to a frame."""
        was_done = frame.standing is _DONE
        frame = evolve(frame, open=frame.open + waiting, lost=frame.lost + dead, failed=frame.failed + missed)
        self._draft.put(frame)
        if was_done and frame_standing(self._draft, frame) is _DONE:
            # Still done, without a copy that it had: what it returns is something else now.
            self._draft.put(evolve(frame, standing=Standing.pending))
            self._announce(frame.ref, _DONE, Standing.pending)
        self._refresh(frame.id)

    # What news does to one thing that depends on it.

    def _meet(self, ref: Ref, waiting: int = 0, dead: int = 0, missed: int = 0) -> None:
        old = self._draft.item(ref)
        new = evolve(old, waiting=old.waiting + waiting, dead=old.dead + dead, missed=old.missed + missed)
        self._draft.put(new)
        if isinstance(new, Entry):
            self._entry_meets(old, new)
        else:
            self._frame_meets(old, new)
            self._refresh(new.id)

    def _entry_meets(self, old: Entry | Frame, entry: Entry) -> None:
        assert isinstance(old, Entry)
        before = entry_standing(self._draft, old)
        if entry.waiting and not old.waiting:
            if entry.state.active:
                give_up(self._draft, entry, self._at, "superseded", "stopped, because its inputs are being made anew")
            state = move(entry.state, Trigger.RESET)
            entry = evolve(
                entry, state=state, source=0, reason="to run again after an ancestor", retries=0, continued=0
            )
        block = blocked(entry)
        if block is not None:
            state = entry.state if entry.state is EntryState.axed else move(entry.state, Trigger.AXE)
            why = "an ancestor was discarded" if block is _DEAD else "an ancestor failed"
            entry = evolve(entry, state=state, reason=why)
        elif entry.state is EntryState.axed:
            entry = evolve(entry, state=move(entry.state, Trigger.REVIVE), reason="")
        if old.waiting and not entry.waiting:
            # An entry that was cancelled while it waited keeps that state, and its inputs for a resubmission.
            waited = entry.state is EntryState.waiting
            state = move(entry.state, Trigger.READY) if waited else entry.state
            kind = self._draft.node_of(entry).kind
            typed = isinstance(kind, TaskKind) and kind.typed
            source = typed_inputs(self._draft, entry) if typed else merged_inputs(self._draft, entry)
            entry = evolve(entry, state=state, source=source, reason="" if waited else entry.reason)
        self._draft.put(entry)
        self._announce(entry.ref, before, entry_standing(self._draft, entry))

    def _frame_meets(self, old: Entry | Frame, frame: Frame) -> None:
        assert isinstance(old, Frame)
        if opened(frame) and frame.waiting:
            frame = evolve(
                frame, state=FrameState.waiting, source=0, output=0, typed_source=0, typed_output=0, elements=0, limit=0
            )
            self._draft.put(frame)
            for first in self._firsts(frame):
                self._meet(first, waiting=1)
        was, block = blocked(old), blocked(frame)
        if was is not block:
            self._draft.put(evolve(frame, state=FrameState.waiting if block is None else FrameState.axed))
            dead, missed = (block is _DEAD) - (was is _DEAD), (block is _MISSED) - (was is _MISSED)
            for first in self._firsts(frame):
                self._meet(first, dead=dead, missed=missed)
        if old.waiting and not frame.waiting:
            self._open(frame)

    def _refresh(self, number: int) -> None:
        """Give a frame the standing that it has by now."""
        frame = self._draft.frame(number)
        before, after = frame.standing, frame_standing(self._draft, frame)
        if before is after:
            return
        if frame.node < 0 and frame.frame and after is _DONE and not self._may_end(frame):
            return
        state = frame.state
        if after is _DONE:
            state = FrameState.done
        elif state is FrameState.done:
            state = FrameState.open
        self._draft.put(evolve(frame, standing=after, state=state, output=0, typed_output=0))
        if frame.frame:
            self._announce(frame.ref, before, after)

    # Groups that open.

    def _open(self, frame: Frame) -> None:
        made = self._made_ready(frame)
        if made is None:
            return
        self._draft.put(evolve(made, state=FrameState.open))
        for first in self._firsts(made):
            self._meet(first, waiting=-1)

    def _made_ready(self, frame: Frame) -> Frame | None:
        """The frame with the bodies that its inputs ask for; None if it has to refuse these."""
        kind = kind_of(self._draft, frame)
        match kind:
            case WidthKind(width=None):
                found = decide.width(self._draft, frame, kind)
                if isinstance(found, Refusal):
                    self._refuse(found)
                    return None
                frame = self._resized(frame, found.copies)
                sources = [-keep(self._draft, element.keys, element.value) for element in found.elements]
                return evolve(frame, elements=sources[0] if sources else 0)
            case SwitchKind():
                scope = decide.branch(self._draft, frame, kind)
                if isinstance(scope, Refusal):
                    self._refuse(scope)
                    return None
                if scope != frame.scope:
                    frame = evolve(self._resized(frame, 0), scope=scope)
                return self._resized(frame, int(scope >= 0))
            case LoopKind():
                limit = decide.limit(self._draft, frame, kind)
                if isinstance(limit, Refusal):
                    self._refuse(limit)
                    return None
                return evolve(frame, limit=limit)
            case WidthKind() | JoinKind() | TaskKind() | None:
                return frame
            case _:
                assert_never(kind)

    def _resized(self, frame: Frame, copies: int) -> Frame:
        """The frame with so many copies; those that it keeps keep their entries."""
        draft = self._draft
        if copies == frame.copies:
            return frame
        had = frame.copies
        drop(draft, everything(draft, contents(draft, frame, copies)), self._at)
        frame = evolve(frame, copies=copies)
        draft.put(frame)
        if copies > had:
            grow(draft, frame, had)
        # Whatever stands in it waits by now; but what was cancelled meanwhile has failed.
        lasts = [draft.item(ref) for copy in ends(draft, evolve(frame, lost=0, failed=0)) for ref in copy]
        missed = sum(standing_of(draft, last) is _MISSED for last in lasts) if frame.failed else 0
        return evolve(frame, open=len(lasts), failed=missed)

    # Loops.

    def _may_end(self, iteration: Frame) -> bool:
        """Whether the results of an iteration say how the loop goes on; if not, they are refused."""
        loop = self._draft.frame(iteration.frame)
        kind = kind_of(self._draft, loop)
        assert isinstance(kind, LoopKind)
        going_on = decide.goes_on(self._draft, loop, iteration, kind)
        if isinstance(going_on, Refusal):
            self._refuse(going_on)
            return False
        self._going_on[iteration.id] = going_on
        return True

    def _iterated(self, iteration: Frame, waiting: int, dead: int, missed: int) -> None:
        draft = self._draft
        loop = draft.frame(iteration.frame)
        after = draft.at(loop.id, iteration.copy + 1, -1)
        if waiting < 0 and not self._going_on[iteration.id]:
            drop(draft, everything(draft, contents(draft, loop, iteration.copy + 1)), self._at)
            loop = evolve(loop, copies=iteration.copy + 1)
            after = None
        elif waiting < 0 and after is None:
            after = iterate(draft, loop, iteration.copy + 1).ref
        if after is None:
            self._end_changes(loop, waiting, dead, missed)
        else:
            self._meet(after, waiting, dead, missed)

    # What can't go on.

    def _refuse(self, refusal: Refusal) -> None:
        """Fail an entry that decides the group: the one that ended just now, for nothing runs on its result yet."""
        if not refusal.keys:
            if self._begins:
                raise RefusedGroupError(refusal.message)
            # All of them were refused already: that is news, and will reach the group.
            return
        key = self._ended if self._ended in refusal.keys else max(refusal.keys)
        draft, entry = self._draft, self._draft.item(key)
        assert isinstance(entry, Entry)
        attempt = draft.attempt(key, entry.result)
        if attempt is None or attempt.outcome is None:
            raise BrokenInvariantError(f"attempt {entry.result} of entry {key} is missing")
        message = f"{attempt.outcome.message}\n{refusal.message}".lstrip()
        outcome = evolve(attempt.outcome, verdict=Verdict.failed, reason=refusal.reason, message=message)
        draft.put_attempt(evolve(attempt, outcome=outcome))
        # Another group may have refused it before.
        if entry.state is EntryState.succeeded:
            failed = evolve(entry, state=move(entry.state, Trigger.REFUSE), reason=refusal.reason)
            draft.put(failed)
            self._announce(key, _DONE, entry_standing(draft, failed))

    def _firsts(self, frame: Frame) -> Iterator[Ref]:
        """What waits for a frame to open: a loop's first iteration, and what stands first in each copy of a body."""
        if isinstance(kind_of(self._draft, frame), LoopKind):
            firsts: tuple[int, ...] = (-1,)
        else:
            firsts = () if frame.scope < 0 else self._draft.scope(frame.graph, frame.scope).first
        for copy in range(1 if firsts == (-1,) else frame.copies):
            for node in firsts:
                if (ref := self._draft.at(frame.id, copy, node)) is not None:
                    yield ref
