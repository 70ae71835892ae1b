"""What can be wrong with a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from perqueue.core.errors import UsageError
from perqueue.core.resources import Resources

FILE: Final = "perqueue.toml"
EXECUTOR: Final = "PERQUEUE_EXECUTOR"
_SHOWN: Final = 20


class ConfigError(UsageError):
    """A configuration that can't be used: names file, key and what is allowed."""

    def __init__(self, source: str, key: str, what: str) -> None:
        super().__init__(f"{source}: {key}: {what}")


class PartitionError(UsageError):
    """Nothing configures the partition that a task asks for.

    Args:
        resources: What it asks for.
        configured: The partitions that are configured.
    """

    def __init__(self, resources: Resources, configured: Iterable[str] = ()) -> None:
        wanted = "no partition" if resources.partition is None else f"the partition {resources.partition!r}"
        name = resources.partition or "default"
        others = sorted(configured)
        more = ", ..." if len(others) > _SHOWN else ""
        known = f" (configured are: {', '.join(others[:_SHOWN])}{more})" if others else ""
        super().__init__(
            f"resources '{resources}' name {wanted}, which no configuration maps to an executor{known}: "
            f'set {EXECUTOR}=local to run everything on this machine, or write in {FILE}: [partitions] {name} = "local"'
            ", or the executor of your cluster, such as slurm"
        )


class NoExecutorError(PartitionError):
    """A partition has settings for a scheduler, and nothing says which: its tasks must not run here for that.

    Args:
        name: The partition.
        setting: One of those settings, with where it came from.
    """

    def __init__(self, name: str, setting: str) -> None:
        # By its name, as the message of the class above is made of something else.
        UsageError.__init__(
            self,
            f"{setting} is for a scheduler, but nothing says which executor the partition {name!r} has: "
            f"""write executor = "slurm", or what your cluster has, under [partitions.{name}] in {FILE}""",
        )
