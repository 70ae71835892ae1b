"""What can be wrong with what is asked of a dry run."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from perqueue.core.errors import StorageError, UsageError


class ScenarioError(UsageError):
    """A scenario that can't be used: names the file, the key, and what is allowed."""

    def __init__(self, source: str, key: str, what: str) -> None:
        super().__init__(f"{source}: {key}: {what}")


class UnknownKeyError(ScenarioError):
    """A key that scenarios don't have."""

    def __init__(self, source: str, key: str, allowed: Iterable[str]) -> None:
        names = list(allowed)
        near = get_close_matches(key.rpartition(".")[2], names, 1)
        meant = f"; is {near[0]!r} meant?" if near else ""
        super().__init__(source, key, f"unknown{meant} Allowed are: {', '.join(names)}")


class ScenarioUnreadableError(UsageError):
    """A scenario's file that is not there, or not TOML."""

    def __init__(self, path: str, why: object) -> None:
        super().__init__(f"the scenario {path!r} can't be read: {why}")


class UnwritableError(StorageError):
    """Something that a dry run was asked to write can't be written."""

    def __init__(self, what: str, path: str, why: object) -> None:
        super().__init__(f"{what} {path!r} can't be written: {why}")


class PictureKindError(UsageError):
    """The name of a picture doesn't say which kind it is."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r}: its ending says no kind of picture; give .png, .svg or .pdf")
