"""Laws of groups: a group of one copy, one iteration or one branch is its body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.queue_in_memory import LOCAL, QueueInMemory, outcome, task
from tests.core.workflows import GOOD, campaigns

from perqueue.core.compile import compile_graph
from perqueue.core.events import Ended
from perqueue.core.graph import TaskKind
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.records import Entry, Verdict
from perqueue.core.tasklike import TaskLike
from perqueue.core.view import Json

Place: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Which task, and its copy and iteration inside the body."""

FIRST, LAST = task("first"), task("last")

Wrap: TypeAlias = Callable[[TaskLike], TaskLike]

WRAPS: Final[dict[str, tuple[Wrap, int, int]]] = {
    "a static group of one copy": (lambda body: StaticWidthGroup(body, 1), 1, 0),
    "a dynamic group of one copy": (DynamicWidthGroup, 1, 0),
    "a loop that stops at once": (CyclicalGroup, 0, 1),
    "a loop with one try": (lambda body: CyclicalGroup(body, max_tries=1), 0, 1),
    "a switch": (lambda body: SwitchGroup({"a": body, "b": task("never")}), 0, 0),
    "all of them": (lambda body: StaticWidthGroup(SwitchGroup({"a": CyclicalGroup(body)}), 1), 1, 1),
}


class _Run:
    """A workflow between two tasks, run to its end with verdicts that depend on the place in the body only."""

    def __init__(self, body: TaskLike, wrap: Wrap, verdicts: list[Verdict], copies: int, iterations: int) -> None:
        self._numbers = {id(work): number for number, work in enumerate(compile_graph(FIRST >> body >> LAST).tasks)}
        self._copies, self._iterations = copies, iterations
        self.queue = QueueInMemory(FIRST >> wrap(body) >> LAST)
        for _ in range(500):
            self.queue.admit(*self.queue.ready())
            active = self.queue.state.active(LOCAL)
            if not active:
                break
            for key, attempt in active:
                where = self.place(self.queue.state.entries[key])
                verdict = (
                    verdicts[hash(where) % len(verdicts)] if self.queue.name(key) != "first" else Verdict.succeeded
                )
                self.queue.tell(Ended(2.0, key, attempt, outcome(verdict, {**GOOD, "pq_dwg_width": 1, "x": key})))

    def place(self, entry: Entry) -> Place:
        """The place of an entry inside the body: the same in every wrapping."""
        graph = self.queue.state.graphs[entry.graph]
        kind = graph.nodes[entry.node].kind
        assert isinstance(kind, TaskKind)
        number = self._numbers[id(graph.tasks[kind.task])]
        index = entry.index[: len(entry.index) - self._copies]
        return (number, index, entry.iteration[self._iterations :])

    def end(self) -> dict[Place, tuple[str, str, object]]:
        """State, reason and inputs of each entry at the end."""
        entries = self.queue.state.entries
        return {
            self.place(entry): (str(entry.state), entry.reason, self._told(self.queue.inputs(key)))
            for key, entry in entries.items()
        }

    def _told(self, values: Mapping[str, Json]) -> object:
        """The inputs, with places for keys."""
        return {name: self._one(value) for name, value in values.items()}

    def _one(self, value: Json) -> object:
        if isinstance(value, dict):
            pairs: Any = value["$dict"]
            return {self.place(self.queue.state.entries[key]): self._one(one) for key, one in pairs}
        # Each task returns its key.
        known = isinstance(value, int) and not isinstance(value, bool) and value in self.queue.state.entries
        return self.place(self.queue.state.entries[value]) if known and isinstance(value, int) else value


_VERDICTS: Final = st.sampled_from([*Verdict, *[Verdict.succeeded] * 8])


@pytest.mark.parametrize("name", list(WRAPS))
@given(
    body=campaigns(5, functions=False),
    verdicts=st.lists(st.sampled_from([*Verdict] + [Verdict.succeeded] * 8), min_size=1),
)
def test_a_group_of_one_is_its_body(name: str, body: TaskLike, verdicts: list[Verdict]) -> None:
    """Law: every entry of the body ends in the same state with the same inputs, and so does what follows."""
    wrap, copies, iterations = WRAPS[name]
    plain = _Run(body, lambda same: same, verdicts, 0, 0)
    assert _Run(body, wrap, verdicts, copies, iterations).end() == plain.end()
