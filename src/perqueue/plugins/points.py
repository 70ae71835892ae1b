"""The entry points of plugins, read without importing any of them: all that most processes need to know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from typing import Final

GROUP: Final = "perqueue"


def installed() -> list[EntryPoint]:
    """The entry points of all plugins, by the names of package and plugin."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group=GROUP), key=_place)


def any_installed() -> bool:
    """Whether there are any."""
    return bool(installed())


def _place(point: EntryPoint) -> tuple[str, str]:
    return ("" if point.dist is None else point.dist.name.lower(), point.name)
