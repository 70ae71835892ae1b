"""A queue without files, clocks or processes: the planner over an in-memory state, driven by hand.

Tables of cases are written in two small notations. *Moves*, as in ``"a+ b,c- d[1]!"``, are played in their order, each
one a comma-separated list of task names (every copy, or one of them with its number among the copies) and a sign:

====  ==========================================  ====  =====================================================
sign  meaning                                     sign  meaning
====  ==========================================  ====  =====================================================
``>``  a tick admits it                           ``+``  it succeeds (admitted first if need be; so the next three)
``:``  the executor says that it runs             ``-``  it is discarded
``^``  a user resubmits them, in one request      ``!``  it fails
``#``  a user cancels them                        ``~``  it times out
``/``  a user removes them
====  ==========================================  ====  =====================================================

A *picture*, as in ``"a:s b:wwx"``, gives the letters of the states of each task's entries in the order of their keys.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from perqueue.core.compile import compile_graph
from perqueue.core.decision import Decision, Launch
from perqueue.core.events import Admitted, Cancelled, Ended, Event, Launched, Removed, Resubmitted, Started, Submitted
from perqueue.core.invariants import broken
from perqueue.core.merge import arguments
from perqueue.core.planner import plan
from perqueue.core.records import Entry, Frame, Outcome, StoredTask, Verdict
from perqueue.core.states import EntryState
from perqueue.core.task import Task
from perqueue.core.view import Json
from perqueue.store.memory import State

LOCAL: Final = "local"
_Row = TypeVar("_Row", Entry, Frame)
_MOVE: Final = re.compile(r"([\w\[\],]+)([>:^#/+\-!~])")
_NAME: Final = re.compile(r"(\w+)(?:\[(\d+)\])?")
_VERDICTS: Final = {"+": Verdict.succeeded, "-": Verdict.discarded, "!": Verdict.failed, "~": Verdict.timeout}


def task(name: str) -> Task:
    """A task that can be told by its name."""
    return Task(f"/scripts/{name}.py", {}, LOCAL, name=name)


def described(build: Callable[..., object]) -> object:
    """What ``build`` makes of tasks that are named like its parameters."""
    return build(*[task(name) for name in inspect.signature(build).parameters])


def stored(work: Task) -> StoredTask:
    """The task as a queue keeps it."""
    return StoredTask(work.name, work.code, work.func, "{}", work.resources, LOCAL, 1, module=work.module)


def submission(tasks: object) -> Submitted:
    """The event of submitting anything that ``submit`` takes."""
    graph = compile_graph(tasks)
    return Submitted(0.0, graph, tuple(stored(work) for work in graph.tasks))


def outcome(verdict: Verdict = Verdict.succeeded, data: Mapping[str, Json] | None = None, reason: str = "") -> Outcome:
    """An end of an attempt."""
    text = None if data is None else json.dumps(data)
    return Outcome(verdict, reason or ("returned" if verdict is Verdict.succeeded else "raised"), data=text)


class QueueInMemory:
    """Tell it events and look at the state; what must always hold is checked after each of them."""

    def __init__(self, tasks: object = None) -> None:
        self.state = State()
        self.launched: list[tuple[int, int]] = []
        self._torn: set[int] = set()
        if tasks is not None:
            self.submit(tasks)

    # telling it something

    def tell(self, *events: Event) -> Decision:
        """Plan the events as one batch and store what was decided."""
        gone = {key for event in events if isinstance(event, Removed) for key in event.keys}
        torn = {entry.graph for key, entry in self.state.entries.items() if key in gone}
        decision = plan(self.state, events)
        self.state.apply(decision, decision.heard)
        self._torn |= torn | (decision.changes.graphs.keys() if gone else set())
        self.launched += [(act.key, act.attempt) for act in decision.actions if isinstance(act, Launch)]
        assert self.broken() == []
        return decision

    def submit(self, tasks: object) -> list[int]:
        """Submit anything; the new keys."""
        return sorted(self.tell(submission(tasks)).changes.new_entries)

    def admit(self, *keys: int) -> Decision:
        """Admit these, or whatever is ready."""
        return self.tell(*[Admitted(1.0, key) for key in keys or self.ready()])

    def launch(self, key: int, job: str, attempt: int | None = None) -> Decision:
        """The executor took the attempt."""
        return self.tell(Launched(1.0, key, self._number(key, attempt), job))

    def start(self, key: int, attempt: int | None = None) -> Decision:
        """The attempt runs."""
        return self.tell(Started(2.0, key, self._number(key, attempt), "node1", 42))

    def end(
        self,
        key: int,
        verdict: Verdict = Verdict.succeeded,
        data: Mapping[str, Json] | None = None,
        attempt: int | None = None,
    ) -> Decision:
        """The attempt is over; the entry is admitted before if it has the goahead."""
        if attempt is None and self.state.entries[key].state is EntryState.goahead:
            self.admit(key)
        return self.tell(Ended(3.0, key, self._number(key, attempt), outcome(verdict, data)))

    def succeed(self, name: str, *data: Mapping[str, Json] | None) -> None:
        """Every entry of this name succeeds: with the same data, or with one after the other."""
        keys = self.keys(name)
        given = data * len(keys) if len(data) == 1 else data or (None,) * len(keys)
        for key, values in zip(keys, given, strict=True):
            self.end(key, data=values)

    def resubmit(self, *keys: int) -> Decision:
        """A user asks for another attempt."""
        return self.tell(Resubmitted(4.0, keys))

    def cancel(self, *keys: int) -> Decision:
        """A user gives these up."""
        return self.tell(Cancelled(4.0, keys))

    def remove(self, *keys: int) -> Decision:
        """A user removes these and what depends on them."""
        return self.tell(Removed(4.0, keys))

    def play(self, moves: str) -> QueueInMemory:
        """Make each of the moves; the queue itself."""
        for move in moves.split():
            found = _MOVE.fullmatch(move)
            assert found is not None, move
            keys = [key for name in found[1].split(",") for key in self.keys(name)]
            match found[2]:
                case ">":
                    self.admit(*keys)
                case ":":
                    for key in keys:
                        self.start(key)
                case "^":
                    self.resubmit(*keys)
                case "#":
                    self.cancel(*keys)
                case "/":
                    self.remove(*keys)
                case sign:
                    for key in keys:
                        self.end(key, _VERDICTS[sign], {})
        return self

    def drive(self, **data: Json) -> None:
        """Let every attempt succeed with these data, and resubmit what went wrong, until nothing is left to do."""
        bad = {EntryState.failed, EntryState.timeout, EntryState.discarded}
        for round_ in range(10 * len(self.state.entries) + 100):
            self.state.pending.clear()
            again = [entry.key for entry in self.state.entries.values() if entry.state in bad]
            if ready := self.ready():
                self.admit(*ready)
            elif active := self.state.active(LOCAL):
                self.tell(
                    *[
                        Ended(3.0, key, attempt, outcome(data={"key": key, "attempt": attempt, **data}))
                        for key, attempt in active
                    ]
                )
            elif again:
                # What decides a group together must agree: in the end all of it says the same.
                everything = [key for key, entry in self.state.entries.items() if entry.state.settled]
                old = [key for key in everything if self.state.entries[key].state is not EntryState.axed]
                self.resubmit(*(again if round_ < 30 else old))
            else:
                return
        raise AssertionError(f"it never comes to an end: {self.states()}")

    # looking at it

    def ready(self) -> list[int]:
        """What a tick would launch."""
        return self.state.ready(LOCAL, len(self.state.entries))

    def name(self, key: int) -> str:
        """The name of an entry's task."""
        return self.state.tasks[self.state.entries[key].task].name

    def keys(self, name: str) -> list[int]:
        """Entries by their task's name, ascending; ``a[1]`` is the second of them."""
        found = _NAME.fullmatch(name)
        assert found is not None, name
        keys = [key for key in sorted(self.state.entries) if self.name(key) == found[1]]
        assert keys, f"no entry is called {name}"
        return keys if found[2] is None else [keys[int(found[2])]]

    def entry(self, name: str) -> Entry:
        """The only entry of this name."""
        (key,) = self.keys(name)
        return self.state.entries[key]

    def states(self) -> str:
        """The picture of every entry's state."""
        letters: dict[str, str] = {}
        for key in sorted(self.state.entries):
            letters[self.name(key)] = letters.get(self.name(key), "") + self.state.entries[key].state.letter
        return " ".join(f"{name}:{found}" for name, found in letters.items())

    def inputs(self, which: str | int) -> dict[str, Json]:
        """What an entry (of which there is only one, if it is called by its name) is given by its parents."""
        source = (self.entry(which) if isinstance(which, str) else self.state.entries[which]).source
        if source < 0:
            found: Mapping[str, Json] = json.loads(self.state.sources[-source].data)
            return arguments(found)
        return arguments(self.state.data(source)) if source else {}

    def broken(self) -> list[str]:
        """What contradicts itself."""
        return broken(self.state, self.whole(self.state.entries.values()), self.whole(self.state.frames.values()))

    def whole(self, rows: Iterable[_Row]) -> list[_Row]:
        """Those of submissions that nothing was removed from: the counters of others still count what is gone."""
        return [row for row in rows if row.graph not in self._torn]

    def all_succeeded(self) -> bool:
        """Whether everything came to a good end."""
        return all(entry.state is EntryState.succeeded for entry in self.state.entries.values())

    def _number(self, key: int, attempt: int | None) -> int:
        return self.state.entries[key].attempt if attempt is None else attempt
