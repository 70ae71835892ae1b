"""What can be wrong with the name of a plugin; whoever catches that has no plugins looked for."""

from __future__ import annotations

from collections.abc import Iterable

from perqueue.core.errors import UsageError


class UnknownPluginError(UsageError):
    """Nothing of this name is installed.

    Args:
        what: An executor or a store.
        name: The name.
        known: The names of what is installed.
        where: What asks for it: a file and a key, or a flag; empty if that is not known.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], where: str = "") -> None:
        self.what, self.name, self.known = what, name, tuple(sorted(known))
        place = f"{where}: " if where else ""
        super().__init__(f"{place}there is no {what} {name!r}; installed are: {', '.join(self.known)}")
