"""A supervisor that was stopped for so long that somebody else moves the queue."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from attrs import evolve
from tests.chaos.cast import cast, wait_gone
from tests.chaos.driving import gated, quick, settle, submit, wait_begun
from tests.chaos.laws import check_laws
from tests.chaos.stored import snapshot, stored, transaction
from tests.queues import wait_until

from perqueue.core.states import EntryState
from perqueue.store.protocol import Lease


def test_a_paused_supervisor_commits_nothing_late(here: Path) -> None:
    """Continued after another host took the lease, it changes nothing and leaves; the results are not lost."""
    running, behind = submit(gated() >> quick())
    wait_begun(here, running)
    (supervisor,) = cast(here).supervisors
    os.kill(supervisor, signal.SIGSTOP)
    other = Lease(stored(here).last_epoch + 1, "elsewhere", 1, 1, "another boot")
    with transaction(here) as state:
        state.set_lease(other)
    (here / "go").touch()
    wait_until(lambda: list((here / ".perqueue/spool/new").iterdir()), "the outcome")
    with snapshot(here) as state:
        before = state.log()
    os.kill(supervisor, signal.SIGCONT)
    wait_gone(supervisor)
    found = stored(here)
    with snapshot(here) as state:
        assert state.log() == before
    assert found.states == {running: EntryState.running, behind: EntryState.waiting}
    assert found.lease == other
    # The other host gives it back.
    with transaction(here) as state:
        state.set_lease(None)
    settle(here)
    assert check_laws(here).keys(EntryState.succeeded) == [running, behind]


def test_the_lease_of_a_dead_owner_is_taken_over(here: Path) -> None:
    """A lease whose process lives no longer, or was another one of the same number, keeps nobody from driving."""
    (first,) = submit(quick())
    settle(here)
    wait_until(lambda: stored(here).lease is None, "the lease to be given back")
    (second,) = _with_lease_of_somebody_dead(here)
    assert check_laws(here).keys(EntryState.succeeded) == [first, second]


def _with_lease_of_somebody_dead(here: Path) -> list[int]:
    from perqueue.runner.process import boot_id, host, process_start

    epoch = stored(here).last_epoch + 1
    # This very process, but for its start.
    recycled = Lease(epoch, host(), os.getpid(), process_start(os.getpid()) - 100_000, boot_id())
    with transaction(here) as state:
        state.set_lease(evolve(recycled))
    keys = submit(quick())
    settle(here)
    return keys
