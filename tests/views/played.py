"""Campaigns of every kind of group, in whatever state some ends bring them, for laws of what is read from them."""

from __future__ import annotations

from hypothesis import strategies as st
from tests.core.queue_in_memory import QueueInMemory
from tests.core.workflows import campaigns, results

from perqueue.core.errors import DescriptionError
from perqueue.core.records import Verdict

_VERDICTS = (Verdict.succeeded,) * 4 + (Verdict.failed, Verdict.discarded, Verdict.timeout)


@st.composite
def played(draw: st.DrawFn, ends: int = 8) -> QueueInMemory:
    """A queue in which up to this many attempts have ended."""
    queue = QueueInMemory()
    try:
        queue.submit(draw(campaigns()))
    except DescriptionError:  # a group that nothing decides
        return queue
    for _ in range(draw(st.integers(0, ends))):
        ready = queue.ready()
        if not ready:
            break
        queue.end(draw(st.sampled_from(ready)), draw(st.sampled_from(_VERDICTS)), draw(results()))
    return queue
