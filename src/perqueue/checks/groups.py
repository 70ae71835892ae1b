"""Whether what comes before groups, and what ends loops, says what decides them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import assert_never

from perqueue.core.graph import Graph, JoinKind, LoopKind, Node, SwitchKind, TaskKind, WidthKind
from perqueue.core.keys import (
    CYCLICALGROUP_KEY,
    DYNAMICWIDTHGROUP_KEY,
    SWITCHGROUP_KEY,
    SWITCHGROUP_SKIP,
    VALUE_KW,
)

from .annotations import SEQUENCES
from .findings import Finding, Severity
from .flow import ANYBODY, Flow, Given, Giver
from .givers import Givers
from .names import Literal
from .places import submitted_at
from .words import advice, says_it, silence


class Groups:
    """Finds what is wrong with a graph's groups."""

    def __init__(self, graph: Graph, flow: Flow, givers: Givers, where: str) -> None:
        self._graph, self._flow, self._givers, self._where = graph, flow, givers, where

    def of(self, node: Node) -> Iterator[Finding]:
        """What is wrong with a node that is a group."""
        optional = self._flow.around[node.scope].optional
        match node.kind:
            case TaskKind() | JoinKind():
                return
            case WidthKind(width=None):
                yield from self._width(node, node.kind, optional)
            case WidthKind():
                return
            case LoopKind():
                yield from self._loop(node.kind, optional)
            case SwitchKind():
                yield from self._switch(node, node.kind, optional)
            case _:
                assert_never(node.kind)

    def _width(self, node: Node, kind: WidthKind, optional: bool) -> Iterator[Finding]:
        given = self._flow.given(node)
        if given is None:
            return
        key = DYNAMICWIDTHGROUP_KEY
        if all(self._givers.says(giver, key).never for giver in given.some):
            if not self._by_element(node, given):
                yield self._missing(given, kind.label, key, optional)
            return
        if (misfit := self._misfit(given, key, SEQUENCES)) is not None:
            yield self._unfit(misfit, kind.label, key, optional)
            return
        for giver in _sorted(given.some):
            says = self._givers.says(giver, key)
            if not says.values:
                continue
            wrong = [value for value in says.values if not _is_width(value)]
            if wrong:
                sure = says.always and len(wrong) == len(says.values) and giver in given.sure
                message = f"{kind.label}: the width {wrong[0]!r} is not a whole number from 0"
                yield self._at(giver, says.line, sure, "width", message, optional)
            elif set(says.values) == {0}:
                message = f"{kind.label}: the width is always 0, so nothing in it runs"
                yield self._at(giver, says.line, False, "width", message, optional)

    def _by_element(self, node: Node, given: Given) -> bool:
        """Whether a typed function may have given a sequence, each copy one element of it."""
        typed = [giver for giver in given.some if giver[0] in self._givers.typed]
        if not typed:
            return False
        parents = [self._graph.nodes[link.parent].kind for link in node.parents]
        simple = len(parents) == 1 and isinstance(parents[0], TaskKind)
        return not simple or any(not self._givers.says(giver, VALUE_KW).never for giver in typed)

    def _loop(self, kind: LoopKind, optional: bool) -> Iterator[Finding]:
        ends = self._flow.end_of(kind.body)
        if ends is None:
            return
        key = CYCLICALGROUP_KEY
        told = {giver: self._givers.says(giver, key) for giver in _sorted(ends.some)}
        if all(says.never for says in told.values()):
            yield self._missing(ends, kind.label, key, optional)
            return
        if (misfit := self._misfit(ends, key, frozenset())) is not None:
            yield self._unfit(misfit, kind.label, key, optional)
            return
        for giver, says in told.items():
            sure = giver in ends.sure
            if says.never:
                if sure:
                    silent = f"its last task never {says_it(key, typed=self._is_typed(giver))} here"
                    message = f"{kind.label}: {silent}, and each of them must"
                    yield self._at(giver, says.line, True, "no-key", message, optional)
            elif says.values and all(value not in (True, False) for value in says.values):
                message = f"{kind.label}: {says.values[0]!r} under {key!r} is neither True nor False"
                yield self._at(giver, says.line, sure and says.always, "toggle", message, optional)
            elif sure and ((says.values and True not in says.values) or self._givers.promised(giver).only_continues):
                ends_it = "returns a Stop" if self._is_typed(giver) else f"returns True under {key!r}"
                message = f"{kind.label}: its last task never {ends_it}, so that it never ends well"
                yield self._at(giver, says.line, False, "never-stops", message, optional)

    def _switch(self, node: Node, kind: SwitchKind, optional: bool) -> Iterator[Finding]:
        given = self._flow.given(node)
        if given is None:
            return
        key = SWITCHGROUP_KEY
        branches: list[Literal] = [branch.key for branch in kind.branches]
        told = {giver: self._givers.says(giver, key) for giver in _sorted(given.some)}
        if all(says.never for says in told.values()):
            yield self._missing(given, kind.label, key, optional, branches)
            return
        if (misfit := self._misfit(given, key, frozenset())) is not None:
            yield self._unfit(misfit, kind.label, key, optional, branches)
            return
        named: list[Literal] | None = []
        for giver, says in told.items():
            values = says.values
            if values is None:
                values = self._givers.promised(giver).choices
                named = None if named is None or values is None else [*named, *values]
            elif named is not None:
                named += values
            wrong = [value for value in values or () if not _among(value, [*branches, SWITCHGROUP_SKIP])]
            for value in dict.fromkeys(wrong):
                sure = (
                    says.always and giver in given.sure and says.values is not None and len(wrong) == len(values or ())
                )
                message = f"{kind.label}: there is no branch {value!r}, which is returned here"
                yield self._at(giver, says.line, sure, "no-branch", message, optional)
        file, line = submitted_at(self._where, self._givers.tasks[0].code)
        for branch in branches if named is not None else []:
            if not _among(branch, named or []):
                message = (
                    f"{kind.label}: nothing that comes before it ever returns {branch!r}, so this branch never runs"
                )
                yield Finding(Severity.warning, "unreachable", message, file, line, "", self._where, optional)

    def _misfit(self, given: Given, key: str, fitting: Container[str]) -> Giver | None:
        """A typed function whose annotation leaves nothing that decides the group, if nobody else says it either."""
        misfits = []
        for giver in _sorted(given.some):
            # What passes ports may get any name on the way.
            plain = self._givers.promised(giver).plain if not giver[1] else ()
            if plain and not any(name in fitting for name in plain):
                misfits.append(giver)
            elif not self._givers.says(giver, key).never:
                return None
        return misfits[0] if misfits and ANYBODY not in given.some else None

    def _unfit(self, giver: Giver, label: str, key: str, optional: bool, branches: Sequence[Literal] = ()) -> Finding:
        shown = " | ".join(self._givers.promised(giver).plain)
        func = self._givers.tasks[giver[0]].func
        message = f"{label}: {func}() is annotated to return {shown}; {advice(key, branches, typed=True)}"
        return self._at(giver, self._givers.line(giver), False, "no-key", message, optional)

    def _missing(self, given: Given, label: str, key: str, optional: bool, branches: Sequence[Literal] = ()) -> Finding:
        first = next(iter(_sorted(given.some)), None)
        typed = first is not None and first[0] in self._givers.typed
        message = f"{label}: {silence(key, typed=typed)}; {advice(key, branches, typed=typed)}"
        if first is None:
            file, line = submitted_at(self._where, self._givers.tasks[0].code)
            return Finding(Severity.error, "no-key", message, file, line, "", self._where, optional)
        return self._at(first, self._givers.line(first), True, "no-key", message, optional)

    def _is_typed(self, giver: Giver) -> bool:
        return giver[0] in self._givers.typed

    def _at(self, giver: Giver, line: int, sure: bool, code: str, message: str, optional: bool) -> Finding:
        task = self._givers.tasks[giver[0]]
        severity = Severity.error if sure else Severity.warning
        return Finding(severity, code, message, task.code, line, task.name, task.where or self._where, optional)


def _sorted(givers: Iterable[Giver]) -> list[Giver]:
    return sorted((giver for giver in givers if giver != ANYBODY), key=repr)


def _is_width(value: Literal) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _among(value: Literal, allowed: list[Literal]) -> bool:
    """Whether a value is one of these; 1 is not "1", and not True."""
    return any(value == one and type(value) is type(one) for one in allowed)
