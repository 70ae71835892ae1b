"""Noticing that the configuration was changed while the supervisor lives."""

from __future__ import annotations

import os

from perqueue.config import Config, ConfigError, config_files, load_config
from perqueue.engine.folder import QueueFolder


class ConfigWatch:
    """The files that configure a queue, as they were when they were last read."""

    def __init__(self, folder: QueueFolder) -> None:
        self._folder = folder.folder
        self._seen = self._stamps()

    @property
    def changed(self) -> bool:
        """Whether they have changed since."""
        return self._stamps() != self._seen

    def changed_to(self) -> Config | None:
        """The new configuration, once for each change; None if there is none, or none that can be used."""
        now = self._stamps()
        if now == self._seen:
            return None
        self._seen = now
        try:
            return load_config(self._folder)
        except ConfigError:
            return None  # whoever reads it next is told; what is under way goes on as before

    def _stamps(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for path in config_files(self._folder, os.environ):
            try:
                stat = os.stat(path)
            except OSError:
                continue
            found.append((path, stat.st_mtime_ns, stat.st_size))
        return tuple(found)
