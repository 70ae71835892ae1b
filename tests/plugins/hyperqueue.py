"""HyperQueue servers and workers for tests, each in a process of its own, ended with the test that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.queues import PATIENCE

_SERVER: Final = """
import sys, time
from hyperqueue import LocalCluster
cluster = LocalCluster(sys.argv[1])
print("ready", file=sys.stderr, flush=True)
sys.stdin.read()
"""
_WORKER: Final = """
import shutil, sys
from hyperqueue import LocalCluster
from hyperqueue.cluster import WorkerConfig
# The package starts workers only of its own server: this one is made to join another, with that one's address.
cluster = LocalCluster(sys.argv[1])
shutil.copy(sys.argv[2] + "/hq-current/access.json", sys.argv[1] + "/hq-current/access.json")
cluster.start_worker(WorkerConfig(cores=int(sys.argv[3])))
print("ready", file=sys.stderr, flush=True)
sys.stdin.read()
"""


class Cluster:
    """A server and its workers, in folders of their own.

    Args:
        folder: Where they keep what they need.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._processes: list[subprocess.Popen[str]] = []
        self.server_dir = str(folder / "server")
        self.server = self.start_server()
        self.worker = self.start_worker()

    def start_server(self) -> subprocess.Popen[str]:
        """A server; the one before it must be dead."""
        os.makedirs(self.server_dir, exist_ok=True)
        self.server = self._start(_SERVER, self.server_dir)
        return self.server

    def start_worker(self, cores: int = 2) -> subprocess.Popen[str]:
        """A worker of the server."""
        self._number += 1
        own = self._folder / f"worker{self._number}"
        own.mkdir()
        self.worker = self._start(_WORKER, str(own), self.server_dir, str(cores))
        return self.worker

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill one as the out-of-memory killer would."""
        process.kill()
        process.wait()

    def close(self) -> None:
        """End everything."""
        for process in reversed(self._processes):
            self.kill(process)
            for pipe in (process.stdin, process.stderr):
                if pipe is not None:
                    pipe.close()

    def _start(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        self._processes.append(process)
        assert process.stderr is not None
        deadline = time.monotonic() + PATIENCE
        said = []
        while time.monotonic() < deadline:
            line = process.stderr.readline()
            if line == "ready\n":
                return process
            if not line:
                break
            said.append(line)
        raise AssertionError(f"HyperQueue does not start: {''.join(said)}")
