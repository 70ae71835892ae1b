"""Order one scope topologically, put joins where parents are shared, and refuse circles.

Cost: the number of nodes plus the sizes of the distinct sets of parents; never nodes times parents.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TypeAlias

from attrs import Factory, define, field, frozen

from .errors import CycleError
from .graph import Link
from .groups import Group
from .task import Task
from .tasklike import Ports, label

Item: TypeAlias = Task | Group
"""What becomes one node of a scope."""


@define
class Plan:
    """One node of a scope while it is being built: the item, and what was connected to it."""

    item: Item
    feeds: list[tuple[tuple[int, ...], Ports | None]] = field(factory=list)
    """Last nodes of what it depends on, and the ports in between, in the order of the description."""

    @property
    def ported(self) -> bool:
        """Whether some of its values pass through ports."""
        return any(ports is not None for _, ports in self.feeds)

    def parents(self) -> dict[int, None]:
        """Numbers of the plans that this one depends on, in the order of the description."""
        return dict.fromkeys(parent for lasts, _ in self.feeds for parent in lasts)


@frozen
class Placed:
    """A node at its place in topological order; ``plan`` is None for a join. Links count places, not plans."""

    plan: int | None
    links: tuple[Link, ...]
    children: tuple[int, ...]


@define
class _Meeting:
    """Distinct parents, in one order, and the nodes that have exactly these: typed functions get them in that order."""

    members: tuple[int, ...]
    missing: int
    readers: list[int] = Factory(list)
    plain: int = 0

    @property
    def joined(self) -> bool:
        return len(self.members) > 1 and self.plain > 1


@define
class _Place:
    plan: int | None
    links: list[Link]
    children: list[int] = Factory(list)


def lay_out(plans: list[Plan]) -> list[Placed]:
    """The nodes and joins of a scope in topological order, otherwise in the order in which they were met.

    Raises:
        CycleError: A node depends on itself.
    """
    meetings, ready = _meetings(plans)
    member_of: dict[int, list[_Meeting]] = {}
    for meeting in meetings:
        for member in meeting.members:
            member_of.setdefault(member, []).append(meeting)
    places: list[_Place] = []
    place_of: dict[int, int] = {}
    source = {reader: meeting for meeting in meetings for reader in meeting.readers}
    join_of: dict[int, int] = {}
    while ready:
        number = heappop(ready)
        place_of[number] = here = len(places)
        met = source.get(number)
        links = [] if met is None else _links(plans[number], met, join_of, place_of)
        places.append(_Place(number, links))
        for link in links:
            places[link.parent].children.append(here)
        for waiting in member_of.get(number, ()):
            waiting.missing -= 1
            if waiting.missing == 0:
                if waiting.joined:
                    join_of[id(waiting)] = _put_join(places, [place_of[member] for member in waiting.members])
                for reader in waiting.readers:
                    heappush(ready, reader)
    if len(place_of) < len(plans):
        raise CycleError(_circle(plans, place_of))
    return [Placed(place.plan, tuple(place.links), tuple(place.children)) for place in places]


def _meetings(plans: list[Plan]) -> tuple[list[_Meeting], list[int]]:
    """The distinct parents of nodes, and (as a heap) the nodes without any."""
    unions: dict[tuple[int, ...], tuple[int, ...]] = {}
    by_members: dict[tuple[int, ...], _Meeting] = {}
    ready: list[int] = []
    for number, plan in enumerate(plans):
        if not plan.feeds:
            ready.append(number)
            continue
        members = _union(plan, unions)
        meeting = by_members.get(members)
        if meeting is None:
            meeting = by_members[members] = _Meeting(members, len(members))
        meeting.readers.append(number)
        meeting.plain += not plan.ported
    return list(by_members.values()), ready


def _union(plan: Plan, unions: dict[tuple[int, ...], tuple[int, ...]]) -> tuple[int, ...]:
    if plan.ported:
        return tuple(plan.parents())
    # Nodes fed by the same parts share the tuple objects, so a wide layer is united once.
    key = tuple(dict.fromkeys(id(lasts) for lasts, _ in plan.feeds))
    found = unions.get(key)
    if found is None:
        found = unions[key] = tuple(plan.parents())
    return found


def _links(plan: Plan, meeting: _Meeting, join_of: dict[int, int], place_of: dict[int, int]) -> list[Link]:
    if meeting.joined and not plan.ported:
        return [Link(join_of[id(meeting)])]
    ports: dict[int, Ports] = {}
    for lasts, pairs in plan.feeds:
        if pairs is not None:
            ports |= {parent: (*ports.get(parent, ()), *pairs) for parent in lasts}
    return [Link(place_of[member], ports.get(member)) for member in meeting.members]


def _put_join(places: list[_Place], parents: list[int]) -> int:
    here = len(places)
    places.append(_Place(None, [Link(parent) for parent in parents]))
    for parent in parents:
        places[parent].children.append(here)
    return here


def _circle(plans: list[Plan], placed: dict[int, int]) -> list[str]:
    """The names along one circle among the nodes that could not be placed."""
    trail: dict[int, None] = {}
    at = next(number for number in range(len(plans)) if number not in placed)
    while at not in trail:
        trail[at] = None
        at = min(parent for parent in plans[at].parents() if parent not in placed)
    passed = list(trail)
    circle = [*passed[passed.index(at) :], at]
    return [label(plans[number].item) for number in reversed(circle)]
