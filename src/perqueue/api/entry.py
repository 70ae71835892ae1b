"""An entry as scripts see it: values decoded, when they are asked for."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from perqueue.codec import BlobFolder, decode_mapping
from perqueue.core.keys import INDEX_KW, ITER_KW
from perqueue.core.records import Attempt, StoredTask
from perqueue.core.resources import Resources
from perqueue.core.states import EntryState
from perqueue.store.protocol import Row


class EntryTask:
    """What an entry runs: ``code``, ``args``, ``resources``, ``func`` and ``name``."""

    def __init__(self, stored: StoredTask, blobs: BlobFolder) -> None:
        self._stored, self._blobs = stored, blobs

    @property
    def name(self) -> str:
        """The task's name."""
        return self._stored.name

    @property
    def code(self) -> str:
        """Absolute path of the script."""
        return self._stored.code

    @property
    def func(self) -> str:
        """Name of the function."""
        return self._stored.func

    @property
    def resources(self) -> Resources:
        """What it asks of the machine."""
        return self._stored.resources

    @cached_property
    def args(self) -> dict[str, Any]:
        """The task's own arguments.

        Raises:
            DecodeError: A value's class can't be imported here.
        """
        return decode_mapping(self._stored.args, self._blobs)

    def __repr__(self) -> str:
        return f"EntryTask({self.name!r}, {str(self.resources)!r})"


class Entry:
    """A task in the queue, as it was when it was read.

    ``key``, ``name`` and ``state`` as in listings; ``mq_id`` is the scheduler's job id, if a scheduler runs it;
    ``data`` is what it returned; ``err_txt`` why it failed; ``pq_args`` perqueue's own arguments.
    """

    def __init__(self, row: Row, blobs: BlobFolder) -> None:
        self._row, self._blobs = row, blobs
        self._outcome = None if row.result is None else row.result.outcome
        self.task = EntryTask(row.task, blobs)

    @property
    def key(self) -> int:
        """Its number in the queue."""
        return self._row.entry.key

    @property
    def name(self) -> str:
        """Its task's name."""
        return self._row.task.name

    @property
    def state(self) -> EntryState:
        """Its state; ``str(entry.state)`` is the name of it."""
        return self._row.entry.state

    @property
    def reason(self) -> str:
        """Why it is in this state, in a word, where the state alone doesn't say."""
        return self._row.entry.reason

    @property
    def attempt(self) -> Attempt | None:
        """Its newest attempt."""
        return self._row.attempt

    @property
    def mq_id(self) -> int | str | None:
        """The scheduler's job id: a number where it is one; None for local tasks."""
        job = "" if self._row.attempt is None else self._row.attempt.job
        return int(job) if job.isdecimal() else job or None

    @property
    def pq_args(self) -> dict[str, list[int]]:
        """``pq_index`` and ``pq_iteration``, as far as it has them."""
        entry = self._row.entry
        found = {INDEX_KW: list(entry.index), ITER_KW: list(entry.iteration)}
        return {name: numbers for name, numbers in found.items() if numbers}

    @property
    def err_txt(self) -> str | None:
        """The message, and the task's traceback if it raised; None if nothing went wrong."""
        if self._outcome is None or not self._outcome.message:
            return None
        message, trace = self._outcome.message, self._outcome.traceback.rstrip()
        # A traceback ends with the message, unless that was replaced by one that says more.
        return trace if trace.endswith(message) else f"{trace}\n{message}".lstrip()

    @cached_property
    def data(self) -> Any:
        """What it returned: a dict, or None if nothing. Typed loosely, for scripts know what their tasks return.

        Raises:
            DecodeError: A value's class can't be imported here.
        """
        text = self.encoded_data
        return None if text is None else decode_mapping(text, self._blobs)

    @property
    def encoded_data(self) -> str | None:
        """What it returned, as the JSON text in which it is kept."""
        return None if self._outcome is None else self._outcome.data

    @property
    def json_data(self) -> dict[str, Any] | None:
        """What it returned, as it is kept: no class of the user's is imported."""
        text = self.encoded_data
        return None if text is None else json.loads(text)

    def __repr__(self) -> str:
        return f"Entry({self.key}, {self.name!r}, {self.state})"


__all__ = ["Entry", "EntryTask"]
