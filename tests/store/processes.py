"""Real processes on one store of any durable kind: how they are started, heard and killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

from attrs import frozen

from perqueue.store.jsonl.store import JsonStore
from perqueue.store.protocol import Store
from perqueue.store.sqlite import SqliteStore

PATIENCE: Final = 60.0
"""Seconds after which a test gives up; none is expected to come near it."""

Start = Callable[[str], "subprocess.Popen[str]"]


@frozen
class Kind:
    """A kind of store.

    Args:
        name: As tests are called.
        path: Name of its file or folder.
        make: Makes an empty one at a path.
        open: Opens it.
        head: The same as source, for another process: ``make``, ``open_store`` and what they need.
    """

    name: str
    path: str
    make: Callable[[str], None]
    open: Callable[[str], Store]
    head: str


SQLITE_HEAD: Final = """
from perqueue.store.sqlite import SqliteStore, store as sqlite_store
make = SqliteStore.create
open_store = SqliteStore
"""
JSON_HEAD: Final = """
from perqueue.store.jsonl import compaction
from perqueue.store.jsonl.store import JsonStore
make = JsonStore.create
open_store = JsonStore
"""

KINDS: Final = (
    Kind("wal", "queue.db", SqliteStore.create, SqliteStore, SQLITE_HEAD),
    Kind(
        "rollback", "queue.db", SqliteStore.create, SqliteStore,
        SQLITE_HEAD + "sqlite_store.is_shared = lambda folder: True\n",
    ),
    Kind("json", "store", JsonStore.create, JsonStore, JSON_HEAD),
    Kind("eager-json", "store", JsonStore.create, JsonStore, JSON_HEAD + "compaction.LEAST = compaction.FACTOR = 0\n"),
)  # fmt: skip

_HEAD: Final = """
import sys
from perqueue.testing.contracts.store_case import do, submission, task
from perqueue.core.planner import plan
from perqueue.store.protocol import Lease
path = sys.argv[1]

def say(word):
    print(word, flush=True)
"""


def starter(kind: Kind, path: str) -> Iterator[Start]:
    """Starts scripts with the store's path; whatever still runs at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def popen(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _HEAD + kind.head + dedent(script), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield popen
    for process in begun:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> str:
    """The next word that a process says."""
    assert process.stdout is not None
    word = process.stdout.readline().strip()
    if not word:
        raise AssertionError(f"it ended: {process.communicate(timeout=PATIENCE)[1]}")
    return word


def go(process: subprocess.Popen[str]) -> None:
    """Let a process that reads a line go on."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def kill(process: subprocess.Popen[str]) -> None:
    """End a process as kill -9 does."""
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL


def path_in(folder: Path, kind: Kind) -> str:
    """An empty store of this kind in a folder; its path."""
    found = str(folder / kind.path)
    kind.make(found)
    return found
