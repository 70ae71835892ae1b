"""Signals that reach the watching process, as something to wait for."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from perqueue.runner.batch.child import HEARD

TYPE_CHECKING = False

if TYPE_CHECKING:
    from types import FrameType


class Signals:
    """From now on the signals of `HEARD` do nothing to this process but end a `wait`."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in HEARD:
            signal.signal(number, _noted)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)

    def wait(self, seconds: float) -> list[int]:
        """The numbers of the signals that have come since the last call; wait for one, for so many seconds at most."""
        self._poll.poll(max(0.0, seconds) * 1000)
        with suppress(BlockingIOError):
            return list(os.read(self._read, 4096))
        return []

    def heed_term(self) -> None:
        """From now on SIGTERM ends this process."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _noted(number: int, frame: FrameType | None) -> None:
    """The number is in the pipe already."""
