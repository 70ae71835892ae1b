"""A HyperQueue server with one worker on this machine, for laptops and tests: ``python -m perqueue_hyperqueue.server``.

It leaves when nobody has asked for it for a while and nothing runs. Its port asks for no key, which is how HyperQueue's
Python package starts servers: whoever reaches the port can run programs in your name. On a machine that you share,
start ``hq server start`` and ``hq worker start`` yourself instead, which use keys.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import Final

WANTED: Final = "wanted"
"""The file in the server's folder whose time says when somebody last asked for the server."""
_LOOK: Final = 1.0


def start(server_dir: str, cores: int, linger: float) -> None:
    """Start a server that outlives this process. Where one is being started already, nothing happens."""
    os.makedirs(server_dir, mode=0o700, exist_ok=True)
    want(server_dir)
    with open(f"{server_dir}/server.log", "ab") as log:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "perqueue_hyperqueue.server", server_dir, str(cores), str(linger)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def want(server_dir: str) -> None:
    """Say that the server is still wanted."""
    with suppress(OSError), open(f"{server_dir}/{WANTED}", "ab"):
        os.utime(f"{server_dir}/{WANTED}")


def serve(server_dir: str, cores: int, linger: float) -> int:
    """Be the server, until nobody wants it; the exit status."""
    lock = os.open(f"{server_dir}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    from hyperqueue import LocalCluster
    from hyperqueue.cluster import WorkerConfig

    cluster = LocalCluster(server_dir, WorkerConfig(cores=cores))
    while _wanted(server_dir, linger) or _busy():
        time.sleep(_LOOK)
    cluster.stop()
    return 0


def _wanted(server_dir: str, linger: float) -> bool:
    try:
        return time.time() - os.stat(f"{server_dir}/{WANTED}").st_mtime < linger
    except OSError:
        return False


def _busy() -> bool:
    """Whether the worker runs anything: its tasks are children of this process."""
    try:
        return any(_children(thread) for thread in os.listdir("/proc/self/task"))
    except OSError:  # no /proc: it can't be seen
        return False


def _children(thread: str) -> bool:
    with suppress(OSError), open(f"/proc/self/task/{thread}/children", encoding="utf-8") as file:
        return bool(file.read().strip())
    return False


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
