"""Attempts that nobody wants any more."""

from __future__ import annotations

from attrs import evolve

from ..decision import Stop
from ..errors import BrokenInvariantError
from ..records import Entry, Outcome, Verdict
from .draft import Draft


def give_up(draft: Draft, entry: Entry, at: float, why: str, message: str) -> None:
    """Have the attempt under way of an entry stopped; it is over now, and what it still reports will be stale."""
    attempt = draft.attempt(entry.key, entry.attempt)
    if attempt is None:
        raise BrokenInvariantError(f"attempt {entry.attempt} of entry {entry.key} is missing")
    draft.put_attempt(evolve(attempt, outcome=Outcome(Verdict.failed, why, message, ended=at), ended=at))
    draft.act(Stop(entry.key, entry.attempt, why))
