"""What must hold of a queue once nothing moves any more, whatever was killed before."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.chaos.ledger import read_ledger
from tests.chaos.stored import Stored, integrity, stored
from tests.queues import wait_until

from perqueue.core.records import Verdict
from perqueue.core.states import EntryState

_MOVING: Final = (EntryState.goahead, EntryState.queueing, EntryState.running)


def check_laws(folder: Path, *, once: bool = True) -> Stored:
    """Check them all; the state that they hold for. ``once``: no entry that succeeded was asked to run again."""
    found = stored(folder)
    said = [*found.broken, *_contradictions(found), *_contradicted_by_tasks(found, folder, once)]
    said += [f"SQLite says: {verdict}" for verdict in [integrity(folder)] if verdict != "ok"]
    # Readers may see a commit a moment before it is durable, and only then what it holds is put away.
    with suppress(AssertionError):
        wait_until(lambda: not _left(folder, "new"), "outcomes that are committed to be put away")
    said += [f"{path} is left" for name in ("new", "bad") for path in _left(folder, name)]
    assert not said, "\n".join(said)  # spelt out: pytest explains asserts in test files only
    return found


def _left(folder: Path, name: str) -> list[Path]:
    return list((folder / ".perqueue/spool" / name).iterdir())


def _contradictions(found: Stored) -> list[str]:
    """Where something runs for ever, or fails without a word."""
    said = [f"entry {key} is {state}" for key, state in found.states.items() if state in _MOVING]
    if found.keys(EntryState.waiting) and not found.keys(EntryState.failed, EntryState.timeout):
        said.append("entries wait, but nothing failed")
    for at, attempt in found.attempts.items():
        outcome = attempt.outcome
        if outcome is None:
            said.append(f"attempt {at} never ended")
        elif outcome.verdict in (Verdict.failed, Verdict.timeout) and not (outcome.reason and outcome.message):
            said.append(f"attempt {at} failed without a reason: {outcome}")
    return said


def _contradicted_by_tasks(found: Stored, folder: Path, once: bool) -> list[str]:
    """Where the tasks' own word differs from the queue's."""
    ledger = read_ledger(folder)
    said = [f"attempt {at} began {n} times" for at, n in ledger.begun.items() if n > 1]
    said += [f"attempt {at} was done {n} times" for at, n in ledger.done.items() if n > 1]
    said += [f"attempt {at} ran, but was never recorded" for at in ledger.begun if at not in found.attempts]
    succeeded = [
        at for at, a in found.attempts.items() if a.outcome is not None and a.outcome.verdict is Verdict.succeeded
    ]
    said += [f"attempt {at} succeeded, but was not done" for at in succeeded if ledger.done[at] != 1]
    keys = [key for key, _ in succeeded]
    if once:
        said += [f"entry {key} succeeded {keys.count(key)} times" for key in set(keys) if keys.count(key) > 1]
    said += [
        f"entry {key} is succeeded, but its attempt {entry.result} is not"
        for key, entry in found.entries.items()
        if entry.state is EntryState.succeeded and (key, entry.result) not in succeeded
    ]
    return said
