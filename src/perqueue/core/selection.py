"""Which entries are meant: by state, key, scheduler id and name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Final, Protocol, TypeAlias, TypeVar

from .errors import SelectionError
from .states import BY_LETTER, EntryState

Ids: TypeAlias = "str | int | range | Iterable[int | str | range]"


_MOST: Final = 1_000_000
"""Numbers in one range; more than any queue holds is a slip of the fingers."""


class Selectable(Protocol):
    """What a selection looks at."""

    @property
    def key(self) -> int:
        """Key of the entry."""
        ...

    @property
    def name(self) -> str:
        """Name of its task."""
        ...

    @property
    def state(self) -> EntryState:
        """Its state."""
        ...

    @property
    def mq_id(self) -> int | str | None:
        """The scheduler's id of its job."""
        ...


_E = TypeVar("_E", bound=Selectable)


class Selection:
    """A choice of entries; every criterion that is given must fit.

    Args:
        states: Letters of states, such as ``"sf"``, or their names.
        ids: Keys: a number, ``"1,3-5"``, a list, or a range (its end included).
        mq_ids: The scheduler's ids of their jobs, in the same forms.
        names: Names, as a comma-separated list of globs or regular expressions, or a list of them.

    Raises:
        SelectionError: A criterion can't be read.
    """

    def __init__(
        self,
        states: str | Iterable[EntryState] | None = None,
        ids: Ids | None = None,
        mq_ids: Ids | None = None,
        names: str | Iterable[str] | None = None,
    ) -> None:
        self.states = None if states is None else _states(states)
        self.ids = None if ids is None else _numbers("ids", ids)
        self.mq_ids = None if mq_ids is None else frozenset(map(str, _numbers("mq_ids", mq_ids)))
        self._names = None if names is None else _patterns(names)

    @property
    def empty(self) -> bool:
        """Whether no criterion was given: then it fits every entry."""
        return self.states is None and self.ids is None and self.mq_ids is None and self._names is None

    def fits(self, entry: Selectable) -> bool:
        """Whether the entry is meant."""
        return (
            (self.states is None or entry.state in self.states)
            and (self.ids is None or entry.key in self.ids)
            and (self.mq_ids is None or str(entry.mq_id) in self.mq_ids)
            and (self._names is None or any(name(entry.name) for name in self._names))
        )

    def filter(self, entries: Iterable[_E]) -> list[_E]:
        """The entries that are meant, in their order."""
        return [entry for entry in entries if self.fits(entry)]


def _states(states: str | Iterable[EntryState]) -> frozenset[EntryState]:
    expected = "give letters of " + ", ".join(f"{letter} ({state})" for letter, state in BY_LETTER.items())
    if isinstance(states, str):
        if states in EntryState.__members__:
            return frozenset({EntryState[states]})
        unknown = [letter for letter in states if letter not in BY_LETTER]
        if unknown or not states:
            raise SelectionError("states", states, expected)
        return frozenset(BY_LETTER[letter] for letter in states)
    try:
        return frozenset(EntryState(state) for state in states)
    except ValueError:
        raise SelectionError("states", states, expected) from None


def _numbers(what: str, given: Ids) -> frozenset[int]:
    found: set[int] = set()
    parts = given.split(",") if isinstance(given, str) else [given] if isinstance(given, int | range) else given
    for part in parts:
        if isinstance(part, range):
            found.update(range(part.start, part.stop + (1 if part.step > 0 else -1), part.step))
            continue
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", str(part))
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise SelectionError(what, given, "give numbers and ranges such as 1,3-5")
        span = range(int(match[1]), int(match[2] or match[1]) + 1)
        if span.stop - span.start > _MOST:
            raise SelectionError(
                what, given, f"a range of more than {_MOST:,} numbers; leave the option out to mean all"
            )
        found.update(span)
    if not found:
        raise SelectionError(what, given, "give at least one number")
    return frozenset(found)


def _patterns(names: str | Iterable[str]) -> list[Callable[[str], bool]]:
    parts = names.split(",") if isinstance(names, str) else list(names)
    parts = [part.strip() for part in parts if part.strip()]
    if not parts:
        raise SelectionError("names", names, "give at least one name, glob or regular expression")
    return [_pattern(part) for part in parts]


def _pattern(text: str) -> Callable[[str], bool]:
    try:
        expression = re.compile(text)
    except re.error:  # "*.py" is a glob and no regular expression
        return lambda name: fnmatchcase(name, text)
    return lambda name: fnmatchcase(name, text) or expression.fullmatch(name) is not None
