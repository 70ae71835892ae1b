"""What stands for the queue while a script runs whose submissions are only simulated.

The script may read its entries back. The first look after a submission shows them as they were submitted; whoever looks
again waits for them, so the clock goes on until all that can run has run. Results hold what groups need, no more.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from attrs import evolve

from perqueue.checks.submission import checked
from perqueue.codec import no_blobs
from perqueue.config import Config
from perqueue.engine.context import capture
from perqueue.store.memory import MemoryStore

from .mode import NAME, RECORD, SCENARIO, SEED
from .play import Play
from .playing.submissions import submission
from .recording import Deed, Kind, note
from .scenarios.reading import scenario_for


class Session:
    """One process's simulated queue."""

    def __init__(self, config: Config, start: str) -> None:
        self._play = Play(start, scenario_for(os.environ.get(SCENARIO), os.environ.get(SEED)), config)
        self._looked = False
        self._process = os.getpid()
        if not os.environ.get(RECORD):
            atexit.register(self._tell)

    def submit(self, tasks: object, config: Config, start: str) -> list[int]:
        """Simulate a submission; the keys of its first entries."""
        # Nothing needs to be configured for what only seems to run.
        graph = checked(tasks, evolve(config, override=NAME))
        made = submission(graph, capture(config.allow), no_blobs)
        self._looked = False
        return self._do(Deed(Kind.submitted, start, made))

    def skip(self, what: str) -> None:
        """A write that is not done."""
        self._do(Deed(Kind.skipped, what=what))

    def store(self) -> MemoryStore:
        """The entries by now, to be read."""
        if self._looked and self._play.submissions:
            self._do(Deed(Kind.waited))
        self._looked = True
        store = MemoryStore()
        store.state = self._play.simulation.state
        return store

    @property
    def empty(self) -> bool:
        """Whether nothing was submitted yet."""
        return not self._play.submissions

    def _do(self, deed: Deed) -> list[int]:
        if os.environ.get(RECORD):
            note(deed)
        return self._play.do(deed)

    def _tell(self) -> None:
        """Print the report, where nobody else does: in the process that submitted, not in one that it forked."""
        if os.getpid() != self._process or self.empty:
            return
        from .reports.text import lines, skipped_line

        with _reader_may_leave(sys.stdout):
            for line in lines(self._play.report()):
                sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        with _reader_may_leave(sys.stderr):
            for what in self._play.skipped:
                sys.stderr.write(f"perqueue: {skipped_line(what)}\n")
            sys.stderr.flush()


@contextlib.contextmanager
def _reader_may_leave(stream: TextIO) -> Iterator[None]:
    """End quietly where whoever read our output has gone, as with ``| head``: also when Python closes the stream."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


_session: list[Session] = []


def session(config: Config, start: str) -> Session:
    """This process's session, which begins when it is first asked for.

    Raises:
        ScenarioError: The scenario that the environment names can't be used.
    """
    if not _session:
        _session.append(Session(config, start))
    return _session[0]
