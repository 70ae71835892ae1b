"""What can be wrong with a configuration."""

from __future__ import annotations

from typing import Final

from perqueue.core.errors import UsageError
from perqueue.core.resources import Resources

FILE: Final = "perqueue.toml"
EXECUTOR: Final = "PERQUEUE_EXECUTOR"


class ConfigError(UsageError):
    """A configuration that can't be used: names file, key and what is allowed."""

    def __init__(self, source: str, key: str, what: str) -> None:
        super().__init__(f"{source}: {key}: {what}")


class PartitionError(UsageError):
    """Nothing configures the partition that a task asks for."""

    def __init__(self, resources: Resources) -> None:
        wanted = "no partition" if resources.partition is None else f"the partition {resources.partition!r}"
        name = resources.partition or "default"
        super().__init__(
            f"resources '{resources}' name {wanted}, which no configuration maps to an executor: "
            f'set {EXECUTOR}=local to run everything on this machine, or write in {FILE}: [partitions] {name} = "local"'
        )
