"""Which entries are meant: by state, key, scheduler id and name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from operator import index
from typing import Any, Final, Protocol, SupportsIndex, TypeAlias, TypeVar

from .errors import SelectionError
from .states import BY_LETTER, EntryState

Ids: TypeAlias = "str | SupportsIndex | range | Iterable[str | SupportsIndex | range]"

_RANGE: Final = re.compile(r"\s*([0-9]{1,18})\s*(?:-\s*([0-9]{1,18})\s*)?")
_JOB: Final = re.compile(r"\s*([0-9]{1,18})(\S*)\s*")
"""A scheduler's id: a number, and what some of them put after it: ``4711_3``, ``4711[3].server``, ``4711+1``."""
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

_IDS_WANTED: Final = "give numbers and ranges such as 1,3-5"
_STATES_WANTED: Final = "give letters of " + ", ".join(f"{letter} ({state})" for letter, state in BY_LETTER.items())


class Selection:
    """A choice of entries; every criterion that is given must fit.

    Args:
        states: Letters of states, such as ``"sf"``, names of states, ``EntryState``, or a list of any of these.
        ids: Keys: a number, ``"1,3-5"``, a list of these, or a range (its end included).
        mq_ids: The scheduler's ids of their jobs, in the same forms, or as the scheduler writes them (``"4711_3"``).
            A number also means all elements of the array job that has it.
        names: Names, as a comma-separated list of globs or regular expressions, or a list of them.

    Raises:
        SelectionError: A criterion can't be read.
    """

    def __init__(
        self,
        states: str | Iterable[str | EntryState] | None = None,
        ids: Ids | None = None,
        mq_ids: Ids | None = None,
        names: str | Iterable[str] | None = None,
    ) -> None:
        given = {"states": states, "ids": ids, "mq_ids": mq_ids, "names": names}
        self._given = {name: value for name, value in given.items() if value is not None}
        self.states = None if states is None else _states(states)
        self.ids = None if ids is None else _numbers("ids", ids)
        self.mq_ids = None if mq_ids is None else _jobs(mq_ids)
        self._names = None if names is None else _patterns(names)

    def __repr__(self) -> str:
        return f"Selection({', '.join(f'{name}={value!r}' for name, value in self._given.items())})"

    @property
    def empty(self) -> bool:
        """Whether no criterion was given: then it fits every entry."""
        return self.states is None and self.ids is None and self.mq_ids is None and self._names is None

    def fits(self, entry: Selectable) -> bool:
        """Whether the entry is meant."""
        return (
            (self.states is None or entry.state in self.states)
            and (self.ids is None or entry.key in self.ids)
            and (self.mq_ids is None or not self.mq_ids.isdisjoint(_job_names(entry.mq_id)))
            and (self._names is None or any(name(entry.name) for name in self._names))
        )

    def filter(self, entries: Iterable[_E]) -> list[_E]:
        """The entries that are meant, in their order."""
        return [entry for entry in entries if self.fits(entry)]


def _states(states: str | Iterable[str | EntryState]) -> frozenset[EntryState]:
    parts = [states] if isinstance(states, str) else _listed("states", states, _STATES_WANTED)
    found: set[EntryState] = set()
    for part in parts:
        if not isinstance(part, str) or not part:
            raise SelectionError("states", states, _STATES_WANTED)
        for word in part.split(","):
            found.update(_states_of(word.strip(), states))
    return frozenset(found)


def _states_of(word: str, given: object) -> Iterable[EntryState]:
    """The states that a name or letters say."""
    if word in EntryState.__members__:
        return [EntryState[word]]
    if not word or any(letter not in BY_LETTER for letter in word):
        raise SelectionError("states", given, _STATES_WANTED)
    return [BY_LETTER[letter] for letter in word]


def _numbers(what: str, given: Ids) -> frozenset[int]:
    found: set[int] = set()
    for part in _parts(what, given):
        found.update(_span(what, given, part))
    if not found:
        raise SelectionError(what, given, "give at least one number")
    return frozenset(found)


def _jobs(given: Ids) -> frozenset[str]:
    found: set[str] = set()
    for part in _parts("mq_ids", given):
        match = _JOB.fullmatch(part) if isinstance(part, str) else None
        if isinstance(part, str) and match is not None and match[2] and _RANGE.fullmatch(part) is None:
            found.add(part.strip())
        else:
            found.update(map(str, _span("mq_ids", given, part)))
    if not found:
        raise SelectionError("mq_ids", given, "give at least one id")
    return frozenset(found)


def _job_names(job: int | str | None) -> tuple[str, ...]:
    """What a job may be called: its whole id, and the number that it begins with."""
    if job is None:
        return ()
    match = _JOB.fullmatch(str(job))
    return (str(job),) if match is None else (str(job), match[1])


def _parts(what: str, given: Ids) -> list[object]:
    """The numbers, ranges and pieces of strings that were given."""
    alone = isinstance(given, str | range) or _number(given) is not None
    found: list[object] = []
    for part in [given] if alone else _listed(what, given, _IDS_WANTED):
        found.extend(part.split(",") if isinstance(part, str) else [part])
    return found


def _span(what: str, given: Ids, part: object) -> range:
    """The keys of one number, range, or string of either."""
    if isinstance(part, range):
        numbers = range(part.start, part.stop + (1 if part.step > 0 else -1), part.step)
    else:
        match = _RANGE.fullmatch(part if isinstance(part, str) else str(_number(part)))
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise SelectionError(what, given, _IDS_WANTED)
        numbers = range(int(match[1]), int(match[2] or match[1]) + 1)
    # Its length may be more than len() can say.
    if (numbers.stop - numbers.start) // numbers.step > _MOST:
        raise SelectionError(what, given, f"a range of more than {_MOST:,} numbers; leave the option out to mean all")
    return numbers


def _number(value: object) -> int | None:
    """The value as a whole number, of numpy's too; None if it is none, as True and False are."""
    try:
        return None if isinstance(value, bool) else index(value)  # type: ignore[arg-type]  # what it is, it says itself
    except TypeError:
        return None


def _listed(what: str, given: object, expected: str) -> list[Any]:
    try:
        return list(given)  # type: ignore[call-overload, no-any-return]  # it may be anything, and says so itself
    except TypeError:
        raise SelectionError(what, given, expected) from None


def _patterns(names: str | Iterable[str]) -> list[Callable[[str], bool]]:
    wanted = "give at least one name, glob or regular expression"
    parts = names.split(",") if isinstance(names, str) else _listed("names", names, wanted)
    if not all(isinstance(part, str) for part in parts):
        raise SelectionError("names", names, wanted)
    parts = [part.strip() for part in parts if part.strip()]
    if not parts:
        raise SelectionError("names", names, wanted)
    return [_pattern(part) for part in parts]


def _pattern(text: str) -> Callable[[str], bool]:
    try:
        expression = re.compile(text)
    except re.error:  # "*.py" is a glob and no regular expression
        return lambda name: fnmatchcase(name, text)
    return lambda name: fnmatchcase(name, text) or expression.fullmatch(name) is not None
