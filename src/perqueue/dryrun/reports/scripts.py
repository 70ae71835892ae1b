"""The batch scripts that executors would submit, as files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from attrs import evolve

from perqueue.config import Config
from perqueue.core.errors import UsageError
from perqueue.engine.folder import NAME as FOLDER
from perqueue.engine.folder import QueueFolder, find_folder
from perqueue.engine.launches import Assignments
from perqueue.executors.protocol import Site
from perqueue.plugins.executors import executor_plugin

from ..errors import UnwritableError
from ..mode import NAME
from ..playing.simulation import Batch, Simulation

_NO_QUEUE: Final = "0" * 32
"""The id of a queue that is not made yet."""


class _Unwritten(Assignments):
    """Assignments whose large inputs are not written anywhere."""

    def _shared(self, text: str) -> str:
        return f"{self._folder.root}/spool/inputs/{len(text)}.json"


class Scripts:
    """Writes what would be submitted.

    Args:
        simulation: What came to its end.
        config: The configuration.
        start: The folder that was submitted from.
    """

    def __init__(self, simulation: Simulation, config: Config, start: str) -> None:
        self._simulation = simulation
        self._config = evolve(config, override=None if config.override == NAME else config.override)
        found = find_folder(start)
        self._folder = found or QueueFolder(os.path.join(os.path.abspath(start), FOLDER), _NO_QUEUE, "", "memory")
        self._assignments = _Unwritten(self._folder, self._config)
        self.remarks: dict[str, None] = {}

    def write(self, folder: str) -> int:
        """Write every script as a file of its own, in the order of submission; how many there are.

        The folder is made for the first one: where there is none, nothing is made.

        Raises:
            UnwritableError: One can't be written.
        """
        number = 0
        try:
            for batch in self._simulation.batches:
                for text in self._texts(batch):
                    number += 1
                    os.makedirs(folder, exist_ok=True)
                    with open(os.path.join(folder, f"{number:04}-{self._title(batch)}.sh"), "w") as file:
                        file.write(text)
        except OSError as error:
            raise UnwritableError("the scripts in", folder, error) from error
        return number

    def _texts(self, batch: Batch) -> Iterator[str]:
        name = batch.place.executor
        if not batch.place.origin:
            partition = batch.place.size.name
            self.remarks[f"nothing configures the partition {partition!r}, so there are no scripts for it"] = None
            return
        try:
            plugin = executor_plugin(name)
        except UsageError as error:
            self.remarks[str(error)] = None
            return
        if plugin.scripts is None:
            self.remarks[f"the executor {name!r} submits no scripts"] = None
            return
        state = self._simulation.state
        there = [(key, attempt) for key, attempt in batch.attempts if key in state.entries]
        assignments = [self._assignments.prepare(state, key, attempt) for key, attempt in there]
        yield from plugin.scripts(Site(self._folder.root, self._folder.id), self._config, assignments)

    def _title(self, batch: Batch) -> str:
        state = self._simulation.state
        key = batch.attempts[0][0]
        name = state.task(state.entries[key].task).name if key in state.entries else "task"
        return re.sub(r"[^\w.-]+", "_", f"{batch.place.size.name}-{os.path.splitext(name)[0]}")
