"""The executor's end of the bridge: one request at a time, and never a wait for the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any, Final

from .options import Options

_PATIENCE: Final = 60.0
"""Seconds for an answer; then the bridge hangs."""


class Talk:
    """A bridge process, started when it is needed.

    Args:
        options: Which server, and whether it may be started.
        log: The file for what the bridge has to say.
    """

    def __init__(self, options: Options, log: str) -> None:
        self._options, self._log = options, log
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: float | None = None
        self._read = b""

    @property
    def waiting(self) -> bool:
        """Whether an answer is to come."""
        return self._asked is not None

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request; it must be shorter than a pipe is long. An answer comes in any case."""
        self._asked = time.monotonic()
        try:
            stdin = self._started().stdin
            assert stdin is not None  # it is a pipe
            os.write(stdin.fileno(), json.dumps(request).encode() + b"\n")
        except OSError:
            self._end()  # what is wrong with it shows as an answer that never comes

    def answer(self) -> dict[str, Any] | None:
        """The answer, once it is there; ``error`` is in it where there is none to be had."""
        if self._asked is None:
            return None
        if self._process is None:
            return self._over("the process that talks to HyperQueue can't be started")
        stdout = self._process.stdout
        assert stdout is not None  # it is a pipe
        try:
            part = os.read(stdout.fileno(), 1 << 20)
        except BlockingIOError:
            if time.monotonic() - self._asked > _PATIENCE:
                return self._over(f"HyperQueue's server did not answer within {_PATIENCE:g} s")
            return None
        if not part:
            return self._over("the process that talks to HyperQueue has died")
        self._read += part
        if not self._read.endswith(b"\n"):
            return None
        line, self._read, self._asked = self._read, b"", None
        told: dict[str, Any] = json.loads(line)
        return told

    def descriptors(self) -> list[int]:
        """What becomes readable when an answer comes."""
        if self._asked is None or self._process is None or self._process.stdout is None:
            return []
        return [self._process.stdout.fileno()]

    def close(self) -> None:
        """End the bridge."""
        self._asked = None
        self._end()

    def _over(self, why: str) -> dict[str, Any]:
        self._asked = None
        self._end()
        return {"error": f"{why} (see {self._log})"}

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            options = self._options
            auto = [str(options.cores), str(options.linger)] if options.autostart else []
            with open(self._log, "ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "perqueue_hyperqueue.bridge", options.server_dir, *auto],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                )
            assert self._process.stdout is not None  # it is a pipe
            os.set_blocking(self._process.stdout.fileno(), False)
        return self._process

    def _end(self) -> None:
        process, self._process, self._read = self._process, None, b""
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        # It has nothing to lose.
        process.kill()
        process.wait()
