"""Saying that somebody's code does not return: the queue stands still meanwhile, and nobody else can say why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from attrs import frozen

PATIENCE: Final = 20.0
"""Seconds of one call before something is said; it is said again after twice that, four times that and so on."""


@frozen
class Call:
    """A call of somebody's code.

    Args:
        who: Whose code it is.
        what: What it was given.
        since: When it began, on the monotonic clock.
    """

    who: str
    what: str
    since: float


@contextmanager
def overdue_said(busy: Callable[[], Call | None], say: Callable[[str], None]) -> Iterator[None]:
    """Within this, say of calls that take too long that they do, from a thread of its own.

    Args:
        busy: The call that is going on, if any. That thread asks for it, after the patience is over.
        say: Where to report it, a line each. That thread calls it.
    """
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(over, busy, say), name="overdue", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _watch(over: threading.Event, busy: Callable[[], Call | None], say: Callable[[str], None]) -> None:
    patience = pause = PATIENCE
    told: Call | None = None
    while not over.wait(pause):
        call = busy()
        if told is not None and told != call:
            _end(told, say)
            told, patience = None, PATIENCE
        seconds = 0.0 if call is None else time.monotonic() - call.since
        if call is not None and seconds >= patience:
            say(f"{call.who} has been busy with {call.what} for {seconds:.3g} s; the queue waits for it")
            told = call
            while patience <= seconds:
                patience *= 2
        pause = patience - seconds
    if told is not None:
        _end(told, say)


def _end(call: Call, say: Callable[[str], None]) -> None:
    say(f"{call.who} is done with {call.what}; the queue goes on")
