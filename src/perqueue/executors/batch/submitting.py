"""Attempts on their way to the scheduler: submitted in batches of equal ones, held back where it refuses them.

Theory of operation
===================

An attempt is *loose* until it is its turn. Then the folder of a batch is made, and the batch is *sent*, one at a time.
A refusal is no failure: the attempts are loose again, behind others, and all that ask for the same of the same
partition wait, twice as long each time; what was too much for the scheduler is cut in half. What asks for something
else goes on: it may be refused for a reason of its own, or not at all. Where there may be no nodes because some are
to be avoided that failed, attempts are submitted again at once, for any node. A submission whose answer was lost is
*unclear*: its tag is looked for in the queue before its attempts are loose again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

from attrs import define, field

from perqueue.config import Config
from perqueue.core.resources import Resources

from ..protocol import Assignment
from .batches import Kind, alike, batch_of, kind_of
from .clocks import Clocks
from .commands import Commands, Errand
from .dialect import Answer, Dialect, Refused, Taken, Unclear
from .folders import BatchFolders, Found
from .surroundings import job_env

FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0
"""Seconds for which a partition waits after a refusal: the first one, and after many."""
LATE: Final = 20.0
"""Seconds within which a submission whose answer was lost may still arrive."""
USUAL_ARRAY: Final = 1000

At: TypeAlias = tuple[int, int]
Asks: TypeAlias = tuple[str, Resources | None]
"""A partition, and what is asked of it; None where that is not known any more."""


@define
class Held:
    """A batch that the scheduler was given, as far as is known.

    Args:
        tag: Its tag.
        asks: What its attempts ask for, and of which partition.
        size: How many elements it has.
        elements: The attempts by their place in it; those that nobody waits for any more may be left out.
        assignments: What it takes to submit them again; those that are only to be stopped have none.
        since: Since when it may have been taken without our knowing, by the steady clock in seconds.
        not_in: The clusters that it is not in, and can't get into any more.
    """

    tag: str
    asks: Asks
    size: int
    elements: dict[int, At] = field(factory=dict)
    assignments: dict[At, Assignment] = field(factory=dict)
    since: float = 0.0
    not_in: set[str] = field(factory=set)


@define
class _Lane:
    """How submissions of one kind to a partition go. Times are those of the steady clock, in seconds."""

    at_once: int
    why: str = ""
    """Why the last one failed; empty if it did not."""
    wait: float = FIRST_WAIT
    until: float = 0.0


class Owner(Protocol):
    """Who is told what becomes of attempts."""

    def taken(self, held: Held, job: str) -> None:
        """The scheduler has this batch, under this id."""
        ...

    def wanted(self, at: At) -> bool:
        """Whether an attempt that the scheduler doesn't have is to be submitted again."""
        ...


class Submitting:
    """What is to be submitted, and what is known of why it is not yet.

    Args:
        dialect: How to say it.
        config: What partitions are.
        folders: Where job files lie.
        commands: What runs them.
        prefix: What the tags of this queue's batches start with.
        owner: Told what becomes of attempts.
        clocks: The time; arguments called ``now`` and ``asked`` are by the steady one.
    """

    def __init__(
        self,
        dialect: Dialect,
        config: Config,
        folders: BatchFolders,
        commands: Commands,
        prefix: str,
        owner: Owner,
        clocks: Clocks,
    ) -> None:
        self._dialect, self._config, self._folders, self._commands = dialect, config, folders, commands
        self.prefix, self._owner, self._clocks = prefix, owner, clocks
        self._loose: dict[Kind, list[Assignment]] = {}
        self._sending: Held | None = None
        self._unclear: dict[str, Held] = {}
        self._lanes: dict[Asks, _Lane] = {}
        self._most = config.options(dialect.name).max_array or USUAL_ARRAY
        self.knows_most = True
        """Whether it is known how many elements an array may have; nothing is submitted before."""
        self._next_try = 0.0

    def limit(self, most: int | None) -> None:
        """The scheduler says how many elements an array may have."""
        self.knows_most = True
        if most is not None:
            self._most = max(1, most)

    def add(self, assignments: Sequence[Assignment]) -> None:
        """Submit these as soon as may be, in batches as large as the scheduler takes them."""
        for equal in alike(assignments):
            self._loose.setdefault(kind_of(equal[0]), []).extend(equal)
        self._next_try = 0.0

    # what is known

    @property
    def unclear(self) -> Sequence[Held]:
        """The batches that may have been taken."""
        return tuple(self._unclear.values()) if self._unclear else ()

    @property
    def tags(self) -> set[str]:
        """The tags of batches that are on their way."""
        return {*self._unclear, *(() if self._sending is None else (self._sending.tag,))}

    @property
    def reasons(self) -> dict[At, str]:
        """Why attempts are held back, for those that are."""
        refused = {asks: lane.why for asks, lane in self._lanes.items() if lane.why}
        if not refused:
            return {}
        found = {
            one.at: refused[kind[:2]] for kind, loose in self._loose.items() if kind[:2] in refused for one in loose
        }
        for held in self._held:
            found.update(dict.fromkeys(held.elements.values(), refused.get(held.asks, "")))
        return {at: why for at, why in found.items() if why}

    def held_back(self, partition: str) -> int:
        """How many attempts for a partition the scheduler refused, or left unclear whether it took them."""
        if not any(lane.why for lane in self._lanes.values()):
            return 0
        kinds = ((kind[:2], len(loose)) for kind, loose in self._loose.items())
        held = ((one.asks, len(one.elements)) for one in self._held)
        return sum(n for asks, n in (*kinds, *held) if asks[0] == partition and self._lane(asks).why)

    def patience(self, now: float) -> float:
        """Seconds until the next batch may be submitted."""
        if self._sending is not None or not self._loose or not self.knows_most:
            return 3600.0
        return max(0.0, self._next_try - now)

    @property
    def _held(self) -> list[Held]:
        return [held for held in (self._sending, *self._unclear.values()) if held is not None]

    def _waits(self, asks: Asks) -> bool:
        return any(kind[:2] == asks for kind in self._loose) or any(one.asks == asks for one in self._held)

    def _lane(self, asks: Asks) -> _Lane:
        return self._lanes.setdefault(asks, _Lane(self._most))

    # what may have been taken

    def hold_unclear(self, place: Found, at: At, partition: str, assignment: Assignment | None) -> None:
        """An earlier owner was about to submit the batch of this attempt, and nobody knows whether it did."""
        held = self._unclear.get(place.tag)
        if held is None:
            resources = None if assignment is None else assignment.resources
            held = self._unclear[place.tag] = Held(place.tag, (partition, resources), place.size)
            held.since = self._clocks.steady() - self._clocks.age(place.made)
        held.elements[place.index] = at
        if assignment is not None:
            held.assignments[at] = assignment

    def sure_in(self, now: float) -> float:
        """Seconds until the oldest of them can't arrive any more."""
        return min((held.since for held in self._unclear.values()), default=now) + LATE - now

    def found(self, tag: str, job: str) -> None:
        """A batch that may have been taken was."""
        held = self._unclear.pop(tag, None)
        if held is not None:
            self._accept(held, job)

    def clusters(self, held: Held) -> Sequence[str]:
        """The clusters that a batch may be in."""
        partition, resources = held.asks
        return self._dialect.clusters(self._config.known(partition), resources)

    def not_found(self, cluster: str, asked: float) -> None:
        """A cluster's queue was looked through, asked at this time: what is in none, and can't be any more, is loose
        again.

        Should such a batch come after all, it finds that its folder is gone.
        """
        for held in [held for held in self._unclear.values() if asked - held.since >= LATE]:
            held.not_in.add(cluster)
            if held.not_in.issuperset(self.clusters(held)):
                del self._unclear[held.tag]
                self._give_back(held)

    # submitting

    def drop(self, at: At) -> bool:
        """Take an attempt out of what is loose. False if it isn't there: it was or may have been submitted."""
        for kind, equal in self._loose.items():
            left = [assignment for assignment in equal if assignment.at != at]
            if len(left) < len(equal):
                self._put(kind, left)
                self._let_go(kind[:2])
                return True
        return False

    def go_on(self, now: float) -> None:
        """Submit the next batch, if it is time to."""
        if self._sending is not None or not self._loose or not self.knows_most:
            return
        if now < self._next_try:
            return
        kind = next((kind for kind in self._loose if now >= self._lane(kind[:2]).until), None)
        if kind is None:
            self._next_try = min(self._lane(kind[:2]).until for kind in self._loose)
            return
        asks, equal = kind[:2], self._loose[kind]
        part = equal[: min(self._most, self._lane(asks).at_once)]
        first = part[0].job
        tag = f"{self.prefix}{first.key}.{first.attempt}-{os.urandom(3).hex()}"
        try:
            self._folders.make(tag, part)
        except OSError as error:
            self._hold_back(asks, f"job files can't be written: {error.strerror or error}")
            return
        self._put(kind, equal[len(part) :])
        elements = {index: assignment.at for index, assignment in enumerate(part)}
        self._sending = Held(tag, asks, len(part), elements, {one.at: one for one in part})
        batch = batch_of(tag, part, self._config, self._folders)
        env = job_env(dict(part[0].context.env), os.environ)
        self._commands.send(Errand(self._dialect.submit(batch), self._answered, env))

    def _answered(self, answer: Answer) -> None:
        held, self._sending = self._sending, None
        assert held is not None  # one at a time
        lane = self._lane(held.asks)
        match self._dialect.submitted(answer):
            case Taken(job):
                lane.at_once = min(self._most, 2 * lane.at_once)
                self._accept(held, job)
            case Refused(nodes=True) if self._let_anywhere(held):
                self._give_back(held)
            case Refused(why):
                if held.size > 1:
                    lane.at_once = max(1, held.size // 2)
                self._hold_back(held.asks, why)
                self._give_back(held)
            case Unclear(why):
                self._hold_back(held.asks, why)
                held.since = self._clocks.steady()
                self._unclear[held.tag] = held

    def _let_anywhere(self, held: Held) -> bool:
        """Leave out no host any more only because it failed: it may be the only one. Whether that changes anything."""
        eased = {at: new for at, one in held.assignments.items() if (new := one.anywhere) is not one}
        held.assignments |= eased
        return bool(eased)

    def _accept(self, held: Held, job: str) -> None:
        lane = self._lane(held.asks)
        lane.why, lane.wait, lane.until = "", FIRST_WAIT, 0.0
        self._next_try = 0.0
        with suppress(OSError):  # on a full disk: who comes next finds the job by its tag
            self._folders.taken(held.tag, job)
        self._owner.taken(held, job)

    def _give_back(self, held: Held) -> None:
        """The scheduler doesn't have it: those that are still wanted are loose again, and others may go first."""
        self._folders.forget(held.tag)
        wanted = [at for at in held.elements.values() if self._owner.wanted(at)]
        again = [held.assignments[at] for at in wanted if at in held.assignments]
        for equal in alike(again):
            kind = kind_of(equal[0])
            self._put(kind, equal + self._loose.pop(kind, []))
        self._next_try = 0.0
        self._let_go(held.asks)

    def _let_go(self, asks: Asks) -> None:
        """Where nothing waits any more, what comes next may be better luck."""
        if not self._waits(asks):
            self._lanes.pop(asks, None)

    def _put(self, kind: Kind, equal: list[Assignment]) -> None:
        if equal:
            self._loose[kind] = equal
        else:
            self._loose.pop(kind, None)

    def _hold_back(self, asks: Asks, why: str) -> None:
        lane = self._lane(asks)
        lane.why, lane.until = why, self._clocks.steady() + lane.wait
        lane.wait = min(LONGEST_WAIT, 2 * lane.wait)
