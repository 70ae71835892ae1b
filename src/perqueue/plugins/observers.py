"""The observers that are installed; where nobody's plugin is, nothing is loaded to find that out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parts import ObserverPlugin


def observer_plugins() -> list[ObserverPlugin]:
    """All observers, by name."""
    from .points import any_installed

    if not any_installed():
        return []
    from .manager import load_plugins

    return [plugin for _, plugin in sorted(load_plugins().observers.items())]
