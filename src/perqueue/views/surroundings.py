"""The groups around an entry: which copy, iteration or branch it is in, and what the group does about losses."""

from __future__ import annotations

from typing import assert_never

from attrs import frozen

from perqueue.core.graph import JoinKind, Kind, LoopKind, SwitchKind, TaskKind, WidthKind
from perqueue.core.policy import Key, OnDiscard, Policy
from perqueue.core.records import Entry, Frame, FrameState, Standing
from perqueue.core.standing import kind_of
from perqueue.store.protocol import Snapshot

from .losses import Losses
from .rules import description


@frozen
class Surrounding:
    """A group around an entry.

    Args:
        frame: Number of its frame.
        kind: What it is.
        state: What it is doing.
        standing: What it is for what follows it.
        number: Which copy, or which iteration; from 0.
        total: How many copies there are, or how many iterations there may be.
        branch: Key of the branch, of a switch.
        lost: What befell the copy: dead (a discard) or missed (a failure); None if nothing did.
        goes_on: Whether the group leaves a copy that is lost like this out, and goes on.
        failed: How many of its copies failed.
    """

    frame: int
    kind: Kind
    state: FrameState
    standing: Standing
    number: int
    total: int
    branch: Key | None = None
    lost: Standing | None = None
    goes_on: bool = False
    failed: int = 0

    @property
    def place(self) -> str:
        """Where in the group: ``copy 3 (of 0 to 4)``, ``iteration 0 (of at most 0 to 9)``, ``branch 'relax'``."""
        match self.kind:
            case WidthKind():
                return f"copy {self.number} (of {_numbers(self.total)})"
            case LoopKind():
                return f"iteration {self.number} (of at most {_numbers(self.total)})"
            case SwitchKind():
                return f"branch {self.branch!r}"
            case TaskKind() | JoinKind():
                return ""
            case _:
                assert_never(self.kind)

    @property
    def text(self) -> str:
        """The group as it was described."""
        return description(self.kind)

    @property
    def policy(self) -> Policy | None:
        """What a width group does about lost copies."""
        return self.kind.policy if isinstance(self.kind, WidthKind) else None

    @property
    def consequence(self) -> str:
        """What the loss of the copy means, in words; empty if it is not lost."""
        policy = self.policy
        if self.lost is None or policy is None:
            return ""
        if self.lost is Standing.dead:
            if self.goes_on:
                return "this copy has a discard and was left out"
            if policy.on_discard is OnDiscard.drop:
                return "this copy has a discard, and no copy is left to go on with"
            return "this copy has a discard, so what follows the group is axed"
        if self.goes_on and not policy.tolerate:
            return "no copy of a group inside is left to go on with, so this copy was left out"
        count = f"{self.failed} failed, {policy.tolerate} may"
        if self.goes_on:
            return f"the failure of this copy is tolerated ({count}): it was left out"
        if policy.tolerate and self.failed <= policy.tolerate:
            return "this copy failed, and no copy is left to go on with"
        # A group further out may tolerate it: then nothing waits for this one.
        follows = "is axed" if self.standing is Standing.missed else "waits for it"
        return f"the failure of this copy is not tolerated ({count}): what follows {follows}"


def surroundings(state: Snapshot, entry: Entry) -> list[Surrounding]:
    """The groups around an entry, from the inner to the outer."""
    found: list[Surrounding] = []
    losses = Losses(state)
    copy, frame = entry.copy, state.frame(entry.frame)
    while frame is not None:
        kind = kind_of(state, frame)
        if kind is not None:
            found.append(_surrounding(losses, frame, kind, copy))
        copy, frame = frame.copy, state.frame(frame.frame)
    return found


def branch_of(kind: SwitchKind, scope: int) -> Key | None:
    """The key of the branch that runs a scope; None if none does."""
    return next((branch.key for branch in kind.branches if branch.body == scope >= 0), None)


def _numbers(total: int) -> str:
    """The numbers that so many have, as ``pq_index`` and ``pq_iteration`` count: from 0."""
    return f"0 to {total - 1}" if total > 1 else "0 alone"


def _surrounding(losses: Losses, frame: Frame, kind: Kind, copy: int) -> Surrounding:
    match kind:
        case WidthKind():
            lost = losses.fate(frame, copy)
            goes_on = lost is not None and losses.goes_on(frame, lost)
            return Surrounding(
                frame.id, kind, frame.state, frame.standing, copy, frame.copies,
                lost=lost, goes_on=goes_on, failed=losses.failed_copies(frame),
            )  # fmt: skip
        case LoopKind():
            return Surrounding(frame.id, kind, frame.state, frame.standing, copy, frame.limit or kind.max_tries)
        case SwitchKind():
            return Surrounding(
                frame.id, kind, frame.state, frame.standing, copy, 1, branch=branch_of(kind, frame.scope)
            )
        case TaskKind() | JoinKind():
            raise AssertionError(kind)
        case _:
            assert_never(kind)
