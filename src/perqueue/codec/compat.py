"""The dict that comes back for a dict with keys that are not strings.

Existing scripts were written for a queue that turned every key into a string: they look up ``merged["7"]``
where the key is the integer 7. A :class:`LooseDict` has its keys as they were, and answers both. It is the
one exception to the codec's promise that a value comes back with the type it went in with; it is stored again
as the plain dict it equals.
"""

from __future__ import annotations

import copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LooseDict(dict):  # type: ignore[type-arg]  # dict[Any, Any] would need the subscript at run time
    """A dict in which looking up a string that is no key finds the first key whose ``str()`` is that string.

    This holds for ``d[text]``, ``d.get(text)`` and ``text in d``. Iteration, equality and all writing are
    those of a dict: ``d["7"] = x`` adds the key ``"7"``, which then goes before the integer.
    """

    __slots__ = ("_spelled",)

    _spelled: dict[str, Any]

    def _key(self, text: str) -> tuple[Any] | None:
        """The key that ``text`` spells, in a tuple (the key itself may be None), or None where there is none."""
        try:
            spelled = self._spelled
        except AttributeError:
            spelled = {}
        # Looked up again after a miss, and checked on a hit, because the dict may have been written to since.
        if text not in spelled or not dict.__contains__(self, spelled[text]):
            spelled = {}
            for key in self:
                spelled.setdefault(str(key), key)
            self._spelled = spelled
        return (spelled[text],) if text in spelled else None

    def __missing__(self, key: object) -> Any:
        found = self._key(key) if isinstance(key, str) else None
        if found is None:
            raise KeyError(key)
        return dict.__getitem__(self, found[0])

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or (isinstance(key, str) and self._key(key) is not None)

    def get(self, key: object, default: Any = None) -> Any:
        """The value of ``key`` (or of the key that this string spells), else ``default``."""
        try:
            return self[key]
        except KeyError:
            return default

    def copy(self) -> LooseDict:
        """A shallow copy that looks up in the same way."""
        return LooseDict(self)

    def __copy__(self) -> LooseDict:
        return LooseDict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> LooseDict:
        twin = LooseDict()
        memo[id(self)] = twin
        for key, value in self.items():
            dict.__setitem__(twin, copy.deepcopy(key, memo), copy.deepcopy(value, memo))
        return twin

    def __reduce__(self) -> tuple[type[LooseDict], tuple[dict[Any, Any]]]:
        return LooseDict, (dict(self),)
