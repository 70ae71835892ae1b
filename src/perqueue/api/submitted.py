"""The handle of a submission."""

from __future__ import annotations

from collections.abc import Callable


class Submitted:
    """What ``submit`` returns: the new entries, once they are stored."""

    def __init__(self, store_now: Callable[[], None]) -> None:
        self._store_now = store_now
        self._keys: list[int] | None = None

    @property
    def keys(self) -> list[int]:
        """Keys of the new entries, ascending. Reading them makes gathered writes take effect."""
        if self._keys is None:
            self._store_now()
        return list(self._keys or ())

    def __repr__(self) -> str:
        return "Submitted(not yet stored)" if self._keys is None else f"Submitted(keys={self._keys})"
