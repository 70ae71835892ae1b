"""Runs a scheduler's commands one after another without waiting for them: a controller that is down takes its time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import IO, Final

from attrs import frozen

from .dialect import NOT_THERE, SEARCH, Answer, Command

LONGEST: Final = 60.0
"""Seconds after which a command is given up."""
_SHORTEST, _LONGER = 0.005, 0.25
_NOT_STARTED: Final = 126
_HEAD: Final = 4096
"""Bytes of its complaints that a command is interrupted for."""


@frozen
class Errand:
    """A command to run, with whom to tell what it answered."""

    command: Command
    heard: Callable[[Answer], None]
    env: Mapping[str, str]
    folder: str = "/"


class Commands:
    """A line of commands, one of which runs at a time.

    Args:
        bin: Folder of the commands; None: they are on the search path.
    """

    def __init__(self, bin: str | None) -> None:  # noqa: A002  # the configuration's word
        self._bin = bin
        self._waiting: deque[Errand] = deque()
        self._running: _Running | None = None

    @property
    def busy(self) -> bool:
        """Whether a command runs or waits."""
        return self._running is not None or bool(self._waiting)

    def send(self, errand: Errand) -> None:
        """Run a command after those that wait."""
        self._waiting.append(errand)

    def go_on(self) -> None:
        """Hand over the answers that are there, and start what is next."""
        while True:
            if self._running is not None:
                answer = self._running.answer()
                if answer is None:
                    return
                errand, self._running = self._running.errand, None
                errand.heard(answer)
            if not self._waiting:
                return
            errand = self._waiting.popleft()
            _, program, _ = prepared = self._prepared(errand)
            try:
                self._running = _Running(*prepared)
            except OSError as error:
                errand.heard(_not_run(errand.command.words[0], program, error))

    def patience(self) -> float:
        """Seconds until it is worth looking for an answer."""
        if self._running is None:
            return _SHORTEST if self._waiting else 3600.0
        # A quick answer is looked for at once, a slow one now and then.
        return min(_LONGER, max(_SHORTEST, self._running.age / 4))

    def _prepared(self, errand: Errand) -> tuple[Errand, str, Mapping[str, str]]:
        """An errand with its program and environment."""
        name = errand.command.words[0]
        path = self._bin or os.pathsep.join(filter(None, (os.environ.get("PATH"), errand.env.get("PATH"))))
        if os.path.isabs(name):
            return errand, name, {**errand.env, SEARCH: path}
        program = os.path.join(self._bin, name) if self._bin else shutil.which(name, path=path) or name
        return errand, program, errand.env

    def close(self) -> None:
        """Forget what waits. What runs is let finish: a submission may be under way."""
        self._waiting.clear()


class _Running:
    """A command under way."""

    def __init__(self, errand: Errand, program: str, env: Mapping[str, str]) -> None:
        self.errand = errand
        self._since = time.monotonic()
        self._given_up = False
        with ExitStack() as stack:  # read at the end, closed here if it can't be started
            self._out = stack.enter_context(_scratch())
            self._err = stack.enter_context(_scratch())
            self._start(errand, program, env)
            stack.pop_all()

    def _start(self, errand: Errand, program: str, env: Mapping[str, str]) -> None:
        with _scratch() as given:
            given.write(errand.command.stdin.encode("utf-8", "surrogateescape"))
            given.seek(0)
            self._process = subprocess.Popen(
                [program, *errand.command.words[1:]],
                stdin=given,
                stdout=self._out,
                stderr=self._err,
                env=dict(env),
                cwd=errand.folder,
                start_new_session=True,
            )

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._since

    def answer(self) -> Answer | None:
        """What it answered, or None as long as it runs."""
        status = self._process.poll()
        if status is None:
            if (self.age > LONGEST or self._has_said_enough()) and not self._given_up:
                self._given_up = True
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)  # also what it has started
            return None
        out, err = _text(self._out), _text(self._err)
        return Answer(None if self._given_up else status, out, err)

    def _has_said_enough(self) -> bool:
        enough = self.errand.command.enough
        # The command writes at the end that its own descriptor has, which is shared with ours: it is not to be moved.
        return bool(enough) and enough.encode() in os.pread(self._err.fileno(), _HEAD, 0)


def _scratch() -> IO[bytes]:
    """A file without a name, in no folder: the one for temporary files may be gone, with whoever's session this process
    was started from."""
    if hasattr(os, "memfd_create"):
        with suppress(OSError):  # refused to processes in some containers
            return open(os.memfd_create("perqueue"), "w+b")
    try:
        return tempfile.TemporaryFile()
    except FileNotFoundError:
        return tempfile.TemporaryFile(dir="/tmp")


def _not_run(name: str, program: str, error: OSError) -> Answer:
    """The answer of a command that wasn't started, with the status of a shell: 127 if it isn't there, else 126."""
    why = error.strerror or str(error)
    if isinstance(error, FileNotFoundError) and error.filename == program:
        return Answer(NOT_THERE, "", f"{name} can't be run: {why}")
    return Answer(_NOT_STARTED, "", f"perqueue could not start {name}: {why}")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    with file:
        return file.read().decode("utf-8", "replace")
