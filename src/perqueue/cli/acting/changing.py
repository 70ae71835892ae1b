"""Commands that change entries: resubmit, cancel, remove. One transaction each, then whoever drives is woken."""

from __future__ import annotations

import sys
from collections.abc import Callable

from perqueue.core.errors import UsageError
from perqueue.core.planner import depending
from perqueue.core.states import EntryState
from perqueue.engine import requests
from perqueue.engine.drive import drive
from perqueue.engine.folder import QueueFolder, need_folder
from perqueue.store.protocol import Transaction

from ..choice import Choice, NothingChosenError, chosen, keys_to_change
from ..printing import entries, note, put, ranges


class UnaskedError(UsageError):
    """Something that needs a yes, with nobody there to give it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; nobody is at a terminal to be asked: add --yes to do it")


def resubmit_entries(ids: str | None, jobs: str | None, names: str | None, states: str | None) -> None:
    """Run the chosen entries again; by default those that failed or timed out."""
    choice = chosen(ids, jobs, names, states)
    if choice.empty:
        choice = chosen(None, None, None, "ft")
    _change(choice, "resubmitted", "resubmit", _can_run_again, requests.resubmit)


def cancel_entries(ids: str | None, jobs: str | None, names: str | None, states: str | None) -> None:
    """Give the chosen entries up.

    Raises:
        NothingChosenError: None were chosen.
    """
    choice = chosen(ids, jobs, names, states)
    if choice.empty:
        raise NothingChosenError("cancel")
    _change(choice, "cancelled", "cancel", lambda state: not state.settled, requests.cancel)


def _can_run_again(state: EntryState) -> bool:
    return state.settled and state is not EntryState.axed


def _change(
    choice: Choice,
    done: str,
    verb: str,
    can: Callable[[EntryState], bool],
    request: Callable[[Transaction, list[int]], None],
) -> None:
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.transaction() as state:
            keys, left_out = keys_to_change(state, choice, can)
            if keys:
                request(state, keys)
    finally:
        store.close()
    if left_out:
        note(f"left out {entries(len(left_out))} that can't be {done} in their present state: {ranges(left_out)}")
    if not keys:
        put(f"nothing to {verb}")
        return
    put(f"{done} {entries(len(keys))}: {ranges(keys)}")
    wake(folder)


def wake(folder: QueueFolder) -> None:
    """See to it that what was changed is acted on."""
    left = drive(folder)
    if left:
        note(left)


def remove_entries(
    ids: str | None, jobs: str | None, names: str | None, states: str | None, *, everything: bool, yes: bool
) -> None:
    """Forget the chosen entries and what depends on them, after asking.

    Raises:
        NothingChosenError: None were chosen.
        UnaskedError: It was not confirmed, and nobody can be asked.
    """
    choice = chosen(ids, jobs, names, states)
    if choice.empty and not everything:
        raise NothingChosenError("remove", ", or --all for every entry")
    if everything and not choice.empty:
        raise UsageError("--all means every entry: leave it out, or leave the other criteria out")
    folder = need_folder()
    store = folder.open_store()
    try:
        with store.snapshot() as snapshot:
            keys, _ = keys_to_change(snapshot, choice, _any)
            going = _going(depending(snapshot, keys), keys)
        if not keys:
            put("nothing to remove")
            return
        if not yes and not _confirmed(going):
            put("nothing was removed")
            return
        with store.transaction() as state:
            # Asking took its time: only what is still there, and only those that were named.
            left = [key for key in keys if state.entry(key) is not None]
            removed = requests.remove(state, left) if left else []
    finally:
        store.close()
    put(f"removed {entries(len(removed))}")
    wake(folder)


def _any(_: EntryState) -> bool:
    return True


def _going(all_of_them: tuple[int, ...], keys: list[int]) -> str:
    more = len(all_of_them) - len(keys)
    what = f"this removes {entries(len(all_of_them))}"
    if more:
        what += f": {len(keys)} chosen and {more} that {'depends' if more == 1 else 'depend'} on them"
    shown = ranges(all_of_them)
    return f"{what} ({shown if len(shown) < 100 else f'{shown[:99]}…'})"


def _confirmed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise UnaskedError(what)
    sys.stdout.write(f"{what}. Go on? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
