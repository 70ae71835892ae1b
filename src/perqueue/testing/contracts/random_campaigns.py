"""Random campaigns: workflows, and what users and executors may say while they run, lies included."""

from __future__ import annotations

import json
from collections.abc import Collection
from random import Random
from typing import Any, Final

from attrs import evolve

from perqueue.core.errors import UndecidedGroupError
from perqueue.core.events import (
    Admitted,
    Cancelled,
    Edited,
    Ended,
    Event,
    Launched,
    Removed,
    Resubmitted,
    Started,
)
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup, SwitchGroup
from perqueue.core.policy import OnDiscard
from perqueue.core.records import Outcome, Verdict
from perqueue.core.resources import Resources
from perqueue.core.states import ACTIVE, SETTLED, EntryState
from perqueue.core.task import Task
from perqueue.core.tasklike import TaskLike, Workflow
from perqueue.store.memory import State

from .store_case import stored, submission
from .whole_state import EXECUTORS

_ASKED: Final = ("local", "1:local:1:5m", "24:xeon24:10m", "s:1:sm3090:gpu=2:2h")
_DATA: Final = (None, "{}", '{"$dict":[[1,2],["a",3]]}')
_TYPED: Final = ('{"pq_value":[1,[2]]}', '{"pq_value":{"$tuple":[1,"ü",null]}}', '{"pq_value":[]}', '{"pq_value":5}')
_VALUES: Final[tuple[dict[str, Any], ...]] = ({}, {"a": 1}, {"a": 2}, {"b": [1.5, None], "ü": "☃ \udcff"})
_CONTROLS: Final[dict[str, tuple[Any, ...]]] = {
    "pq_dwg_width": (2, 2, 2, 2, 3, 3, 1, 1, 0, -1, "two"),
    "pq_toggle_key": (True, True, True, True, False, False, False, None),
    "pq_switch_key": ("a", "a", "a", "a", 1, 1, "none", "pq_skip_route", "unknown"),
    "pq_max_tries": (4, 4, 1, 0),
}
"""What tasks return to decide groups: mostly something to go on with, sometimes nonsense."""

_SAID: Final = {"pq_dwg_width": 0.95, "pq_toggle_key": 0.95, "pq_switch_key": 0.95, "pq_max_tries": 0.1}
"""How often a task that returns controls returns each of them."""

_NAMES: Final = ("relax", "it's", "ünï ☃", "file-\udcff", "a\0b")
_VERDICTS: Final = (*[Verdict.succeeded] * 12, *Verdict)


def workflow(random: Random, depth: int = 4) -> TaskLike[Any, Any]:
    """A workflow of chains, fans, ports and groups of every kind, nested at most so deep."""
    choice = random.random()
    if depth == 0 or (choice < 0.3 and depth < 4):
        return _task(random)
    if choice < 0.45:
        return workflow(random, depth - 1) >> workflow(random, depth - 1)
    if choice < 0.6:
        return workflow(random, depth - 1) | workflow(random, depth - 1)
    if choice < 0.65:
        first, second, third = (_task(random) for _ in range(3))
        renamed = {first: {"a": "x", None: "y"}}
        return Workflow({second: renamed, third: {first: {"a": "z"}, second: {"b": "b"}}})
    group = _group(random, depth)
    return _task(random, typed=random.choice([0.2, 1.0])) >> group if random.random() < 0.5 else group


def _group(random: Random, depth: int) -> TaskLike[Any, Any]:
    body = workflow(random, depth - 1)
    policy: Any = {"on_discard": random.choice(list(OnDiscard)), "tolerate": random.choice([0, 0, 1, 2])}
    choice = random.random()
    if choice < 0.2:
        return StaticWidthGroup(body, random.choice([0, 1, 2, 3]), **policy)
    if choice < 0.55:
        return DynamicWidthGroup(body, **policy)
    if choice < 0.8:
        return CyclicalGroup(body, random.choice([1, 2, 3]))
    return SwitchGroup({"a": body, 1: workflow(random, depth - 1), "none": None})


def _task(random: Random, typed: float = 0.2) -> Task[Any, Any]:
    name = f"{random.choice(_NAMES)} {random.randrange(1000)}"
    module = "functions" if random.random() < typed else ""
    return Task(f"/scripts/{name}.py", {}, Resources.parse(random.choice(_ASKED)), name=name, module=module)


def submitted(random: Random, at: float = 1.0) -> Event:
    """A submission whose tasks go to different executors."""
    work = workflow(random)
    try:
        event = submission(work, at)
    except UndecidedGroupError:
        event = submission(_task(random) >> work, at)
    return evolve(event, tasks=tuple(evolve(task, executor=random.choice(EXECUTORS)) for task in event.tasks))


def batch(random: Random, state: State) -> list[Event]:
    """A few events that go into one transaction: likely ones, and late, doubled and contradictory ones."""
    return [event for _ in range(random.choice([1, 1, 1, 2, 4])) for event in _events(random, state)]


def _events(random: Random, state: State) -> list[Event]:
    at = random.random() * 1e9
    keys = sorted(state.entries)
    choice = random.random()
    if not keys or (choice < (0.04 if len(keys) > 15 else 0.15) and len(keys) < 40):
        events = [submitted(random, at)]
        if random.random() < 0.2:
            # Keys are given in order, so a user's script may name them before anything is stored.
            events += [Admitted(at, state.given.entry + 1), Removed(at, (state.given.entry + 1,))]
        return events
    key = random.choice(keys)
    entry = state.entries[key]
    attempt = random.choice([entry.attempt] * 6 + [entry.attempt - 1, entry.attempt + 1])
    under_way = [at_ for executor in EXECUTORS for at_ in state.active(executor)]
    if choice < 0.25:
        return [Admitted(at, key) for executor in EXECUTORS for key in state.ready(executor, 5)]
    if choice < 0.35 and under_way and random.random() < 0.8:
        key, attempt = random.choice(under_way)
    if choice < 0.3:
        return [Launched(at, key, attempt, f"job {random.randrange(9)} \udcff")]
    if choice < 0.35:
        return [Started(at, key, attempt, "hö\udcffst", random.choice([None, 1, 2**40]))]
    if choice < 0.58:
        return [_ended(random, state, at, *at_) for at_ in random.sample(under_way, (len(under_way) + 1) * 2 // 3)]
    if choice < 0.72:
        ready = [key for executor in EXECUTORS for key in state.ready(executor, 5)]
        ends = (_ended(random, state, at, key, state.entries[key].attempt + 1) for key in ready)
        return [*(Admitted(at, key) for key in ready), *ends]
    if choice < 0.77:
        return [_ended(random, state, at, key, attempt)]
    if choice < 0.9:
        return [Resubmitted(at, _some(random, state, SETTLED - {EntryState.axed}))]
    if choice < 0.93:
        return [Cancelled(at, _some(random, state, frozenset(EntryState) - SETTLED))]
    if choice < 0.98:
        changed = evolve(stored(_task(random)), executor=random.choice(EXECUTORS), args='{"n":"ü"}')
        some = _some(random, state, frozenset(EntryState) - ACTIVE)
        return [Edited(at, some, changed, everywhere=random.random() < 0.5)]
    return [Removed(at, (key,))]


def _some(random: Random, state: State, states: Collection[EntryState]) -> tuple[int, ...]:
    """Keys to name in one request, some of them twice; mostly of entries in such a state that it is granted."""
    keys = sorted(state.entries)
    likely = [key for key in keys if state.entries[key].state in states]
    if likely and random.random() < 0.9:
        keys = likely
    return tuple(random.choice(keys) for _ in range(random.choice([1, 1, 1, 2, 3])))


def _ended(random: Random, state: State, at: float, key: int, attempt: int) -> Ended:
    entry = state.entries.get(key)
    typed = entry is not None and bool(state.tasks[entry.task].module)
    outcome = Outcome(
        random.choice(_VERDICTS),
        "returned",
        random.choice(_NAMES),
        "Traceback\n" * random.randrange(3),
        _result(random, typed=typed),
        random.choice([None, at - 1]),
        random.choice([None, at]),
        random.choice(["", "host"]),
        random.choice([None, 17]),
        random.choice([None, 2**33]),
        random.choice([None, 0.25]),
    )
    return Ended(at, key, attempt, outcome)


def _result(random: Random, *, typed: bool) -> str | None:
    """A result in its encoded form; typed functions return other values than dicts, too."""
    if typed and random.random() < 0.7:
        return random.choice(_TYPED)
    if random.random() < 0.15:
        return random.choice(_DATA)
    said = {name: random.choice(values) for name, values in _CONTROLS.items() if random.random() < _SAID[name]}
    return json.dumps({**random.choice(_VALUES), **said}, ensure_ascii=False)
