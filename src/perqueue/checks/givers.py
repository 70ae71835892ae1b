"""What the functions of a graph give to those that follow, after the ports on the way."""

from __future__ import annotations

from typing import Final, NamedTuple

from perqueue.core.graph import Graph
from perqueue.core.keys import MAXTRIES_KW
from perqueue.core.task import Task
from perqueue.core.tasklike import Ports

from .annotations import Promised
from .dicts import ANYTHING, Shape
from .flow import ANYBODY, Given, Giver
from .names import Values
from .scripts import Found, Function, find_function


class Says(NamedTuple):
    """What a giver says under one key.

    Args:
        never: Whether it surely doesn't say it.
        always: Whether it does in every way in which it may return.
        values: What it may say; None if that is unknown.
        line: Where it returns.
    """

    never: bool
    always: bool
    values: Values
    line: int


class Keys(NamedTuple):
    """The names that a place is given: those that may be among them, by who gives them, and those that surely are."""

    may: dict[str, Giver]
    sure: frozenset[str]
    open: bool


class Givers:
    """The different functions of a graph's tasks, each looked up once."""

    def __init__(self, graph: Graph) -> None:
        numbers: dict[tuple[str, str, bool], int] = {}
        self.tasks: list[Task] = []
        """A task of each function."""
        self.numbers: list[int] = []
        """The number of each task's function."""
        for task in graph.tasks:
            number = numbers.setdefault((task.code, task.func, bool(task.module)), len(numbers))
            if number == len(self.tasks):
                self.tasks.append(task)
            self.numbers.append(number)
        self.found: list[Found] = [find_function(task.code, task.func, typed=bool(task.module)) for task in self.tasks]
        self._keys: dict[Given, Keys] = {}

    @property
    def typed(self) -> frozenset[int]:
        """The numbers of typed functions."""
        return frozenset(number for number, task in enumerate(self.tasks) if task.module)

    def function(self, giver: Giver) -> Function | None:
        """A giver's function, if that is known."""
        found = None if giver == ANYBODY else self.found[giver[0]]
        return found if isinstance(found, Function) else None

    def place(self, giver: Giver, line: int) -> tuple[str, int]:
        """The file of a giver, and the line."""
        return self.tasks[giver[0]].code, line

    def promised(self, giver: Giver) -> Promised:
        """What a typed giver's annotation says."""
        function = self.function(giver)
        if function is None or function.returned is None or giver[0] not in self.typed:
            return Promised()
        return function.returned.promised

    def says(self, giver: Giver, key: str) -> Says:
        """What it says under a key that decides a group: as it passes the ports, or else as it was returned."""
        told = [_said(shape, _passed(shape, giver[1]), key) for shape in self._shapes(giver)]
        never = all(one == () for one, _ in told)
        always = all(surely for _, surely in told)
        values: Values = ()
        for one, _ in told:
            values = None if values is None or one is None else values + one
        return Says(never, always, values, self.line(giver, key))

    def line(self, giver: Giver, key: str = "") -> int:
        """Where it returns the key, or else returns first."""
        shapes = self._shapes(giver)
        return next((shape.line for shape in shapes if key in shape.keys), shapes[0].line) or 1

    def keys(self, given: Given) -> Keys:
        """The names that these give."""
        known = self._keys.get(given)
        if known is None:
            known = self._keys[given] = self._worked_out(given)
        return known

    def _worked_out(self, given: Given) -> Keys:
        may: dict[str, Giver] = {}
        sure: set[str] = set()
        free = False
        for giver in sorted(given.some, key=repr):
            shapes = [_passed(shape, giver[1]) for shape in self._shapes(giver)]
            free = free or any(shape.open for shape in shapes)
            for shape in shapes:
                may.update({key: giver for key in shape.keys if key not in may})
            if giver in given.sure:
                sure |= frozenset.intersection(*(shape.sure for shape in shapes))
        may.pop(MAXTRIES_KW, None)
        return Keys(may, frozenset(sure - {MAXTRIES_KW}), free)

    def _shapes(self, giver: Giver) -> tuple[Shape, ...]:
        function = self.function(giver)
        return _UNKNOWN if function is None or function.returned is None else function.returned.shapes


_UNKNOWN: Final = (ANYTHING,)


def _said(whole: Shape, passed: Shape, key: str) -> tuple[Values, bool]:
    """What a shape says under a key (None: anything), and whether it surely says something."""
    surely = key in passed.sure or key in whole.sure
    if whole.open and key not in whole.sure and key not in passed.sure:
        return None, False
    if key in passed.keys:
        values = passed.keys[key]
        return (None if key not in passed.sure and key in whole.keys else values), surely
    return whole.keys.get(key, ()), surely


def _passed(shape: Shape, way: tuple[Ports, ...]) -> Shape:
    for ports in way:
        shape = _through(shape, ports)
    return shape


def _through(shape: Shape, ports: Ports) -> Shape:
    keys: dict[str, Values] = {}
    sure: set[str] = set()
    for old, new in ports:
        if old is None:
            if shape.keys or shape.open:
                keys[new] = None
            if shape.sure:
                sure.add(new)
        elif old in shape.keys:
            keys[new] = None if new in keys else shape.keys[old]
            if old in shape.sure:
                sure.add(new)
        elif shape.open:
            keys[new] = None
    return Shape(keys, frozenset(sure), False, shape.line)
