"""Which entries a command is about, from its options."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from perqueue.core.errors import UnknownEntryError, UsageError
from perqueue.core.selection import Selection
from perqueue.core.states import EntryState
from perqueue.store.protocol import Row, Snapshot


class NothingChosenError(UsageError):
    """A command that changes entries, without saying which."""

    def __init__(self, verb: str, everything: str = "", *, only_keys: bool = False) -> None:
        ways = "-i KEYS" if only_keys else "-i KEYS, -n NAMES, -s STATES or -m JOB IDS"
        super().__init__(f"say what to {verb}: {ways}{everything}")


@frozen
class Listed:
    """A row as selections look at it."""

    row: Row

    @property
    def key(self) -> int:
        """Key of the entry."""
        return self.row.entry.key

    @property
    def name(self) -> str:
        """Name of its task."""
        return self.row.task.name

    @property
    def state(self) -> EntryState:
        """Its state."""
        return self.row.entry.state

    @property
    def mq_id(self) -> int | str | None:
        """The scheduler's id of its job; None for local ones."""
        job = "" if self.row.attempt is None else self.row.attempt.job
        return int(job) if job.isdecimal() else job or None


@frozen
class Damaged:
    """An entry that is there but can't be read."""

    key: int
    why: str


@frozen
class Choice:
    """What a user chose; everything that is given must fit.

    Args:
        keys: Keys that were named, or None.
        rest: The other criteria.
    """

    keys: frozenset[int] | None
    rest: Selection

    @property
    def empty(self) -> bool:
        """Whether nothing was said, which means every entry."""
        return self.keys is None and self.rest.empty


def chosen(ids: str | None, jobs: str | None, names: str | None, states: str | None) -> Choice:
    """The choice that options make.

    Raises:
        SelectionError: One of them can't be read.
    """
    keys = None if ids is None else Selection(ids=ids).ids
    return Choice(keys, Selection(states=states, mq_ids=jobs, names=names))


def choose(state: Snapshot, choice: Choice, *, dependents: bool = False) -> Iterator[Listed | Damaged]:
    """The entries that are meant, ascending; ``dependents``: with keys, also what depends on those entries.

    Entries that can't be read are given as such, if they may be meant.
    """
    keys = choice.keys
    if keys is not None and dependents:
        from perqueue.core.planner import depending  # only who asks for keys pays for the planner

        keys = frozenset(depending(state, [key for key in keys if state.entry(key) is not None]))
    for item in read_rows(state, None if keys is None else sorted(keys)):
        if isinstance(item, Damaged) or choice.rest.fits(item):
            yield item


def read_rows(state: Snapshot, keys: list[int] | None = None) -> Iterator[Listed | Damaged]:
    """All entries, or those with these keys; one that can't be read doesn't hide the others."""
    done = 0
    rows = state.rows(keys)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception:  # whatever a damaged field makes the reader raise
            break
        yield Listed(row)
        done = row.entry.key
    for key in state.keys() if keys is None else keys:
        if key > done:
            try:
                found: list[Listed | Damaged] = [Listed(row) for row in state.rows([key])]
            except Exception as error:
                found = [Damaged(key, f"{type(error).__name__}: {error}")]
            yield from found


def keys_to_change(state: Snapshot, choice: Choice, can: Callable[[EntryState], bool]) -> tuple[list[int], list[int]]:
    """The keys that are meant, and those that were left out because their state doesn't allow the change.

    Entries that were named by their keys are never left out: the change itself refuses, and says why.

    Raises:
        UnknownEntryError: A key was named that no entry has.
    """
    keys: list[int] = []
    left_out: list[int] = []
    found = list(choose(state, choice))
    if choice.keys is not None and choice.rest.empty:
        missing = choice.keys.difference(item.key for item in found)
        if missing:
            raise UnknownEntryError(min(missing))
    for item in found:
        allowed = choice.keys is not None or isinstance(item, Damaged) or can(item.state)
        (keys if allowed else left_out).append(item.key)
    return keys, left_out
