"""A fork server that was stopped while another supervisor, and another server, took over its work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.cast import cast, kill, wait_gone
from tests.chaos.driving import gated, quick, rest, settle, submit, tick, wait_begun, wait_left
from tests.chaos.laws import check_laws
from tests.chaos.stored import stored
from tests.queues import wait_until

from perqueue.core.states import EntryState


@contextmanager
def _stopped_with_work(here: Path) -> Iterator[int]:
    """A server that was given a task which it has not begun, and that is stopped now; the task's key."""
    (blocker,) = submit(gated())
    wait_begun(here, blocker)
    before = cast(here)
    (server,) = before.servers
    os.kill(server, signal.SIGSTOP)
    (key,) = submit(quick())
    wait_until(lambda: stored(here).states[key] is EntryState.queueing, "the attempt to be recorded")
    # Idle but for us: what was recorded has been sent once it hears the next poke.
    tick(here)
    kill(before.supervisors)
    (here / "go").touch()
    try:
        yield key
    finally:
        os.kill(server, signal.SIGCONT)
        wait_gone(server)


def test_it_begins_nothing_that_others_have_begun(here: Path) -> None:
    """Continued, it finds that its work was taken, and leaves."""
    with _stopped_with_work(here) as key:
        (busy,) = submit(gated(gate="later"))
        wait_begun(here, busy)
        wait_until(lambda: stored(here).states[key] is EntryState.succeeded, "the other server")
    (here / "later").touch()
    rest(here)
    check_laws(here)


def test_it_begins_nothing_that_is_long_over(here: Path) -> None:
    """Continued after the queue has come to rest and forgot who ran what, it begins nothing either."""
    with _stopped_with_work(here) as key:
        tick(here)
        rest(here)
        assert stored(here).states[key] is EntryState.succeeded
        wait_until(lambda: not cast(here).supervisors, "the supervisor to leave")
    wait_left(here)
    # What it has to say of the task that it had begun comes too late to matter.
    before = stored(here).states
    settle(here)
    assert check_laws(here).states == before
