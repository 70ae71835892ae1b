"""Events and the present state in; changes and actions out. Deterministic, and without side effects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from ..decision import Decision
from ..events import (
    Admitted,
    Cancelled,
    Edited,
    Ended,
    Event,
    Launched,
    Removed,
    Resubmitted,
    Started,
    Submitted,
)
from ..view import View
from . import reports, requests
from .draft import Draft


def plan(view: View, events: Iterable[Event]) -> Decision:
    """Decide what follows from ``events``, in their order, given the state that ``view`` shows.

    Raises:
        UsageError: A user's request can't be granted; nothing of the whole batch is decided then.
    """
    draft = Draft(view)
    for event in events:
        match event:
            case Submitted():
                requests.submitted(draft, event)
            case Resubmitted():
                requests.resubmitted(draft, event)
            case Cancelled():
                requests.cancelled(draft, event)
            case Removed():
                requests.removed(draft, event)
            case Edited():
                requests.edited(draft, event)
            case Admitted():
                reports.admitted(draft, event)
            case Launched():
                reports.launched(draft, event)
            case Started():
                reports.started(draft, event)
            case Ended():
                reports.ended(draft, event)
            case _:
                assert_never(event)
    return draft.decision()


def depending(view: View, keys: Iterable[int]) -> tuple[int, ...]:
    """These entries and all that depend on them, ascending: what removing them would remove."""
    return tuple(sorted(ref for ref in requests.dependents(Draft(view), list(keys)) if ref > 0))


__all__ = ["depending", "plan"]
