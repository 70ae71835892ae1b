"""Random campaigns: workflows, and what users and executors may say while they run, lies included."""

from __future__ import annotations

from random import Random
from typing import Final

from attrs import evolve

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
from perqueue.core.records import Outcome, Verdict
from perqueue.core.resources import Resources
from perqueue.core.tasklike import StaticWidthGroup, Task, TaskLike, Workflow
from perqueue.store.memory import State

from .store_case import stored, submission
from .whole_state import EXECUTORS

_ASKED: Final = ("local", "1:local:1:5m", "24:xeon24:10m", "s:1:sm3090:gpu=2:2h")
_DATA: Final = (None, "{}", '{"a":1}', '{"a":2}', '{"b":[1.5,null],"ü":"☃"}', '{"$dict":[[1,2],["a",3]]}')
_NAMES: Final = ("relax", "it's", "ünï ☃", "file-\udcff", "a\0b")
_VERDICTS: Final = (*[Verdict.succeeded] * 12, *Verdict)


def workflow(random: Random, depth: int = 4) -> TaskLike:
    """A workflow of chains, fans, width groups and ports, nested at most so deep."""
    choice = random.random()
    if depth == 0 or (choice < 0.3 and depth < 4):
        return _task(random)
    if choice < 0.5:
        return workflow(random, depth - 1) >> workflow(random, depth - 1)
    if choice < 0.7:
        return workflow(random, depth - 1) | workflow(random, depth - 1)
    if choice < 0.8:
        first, second, third = (_task(random) for _ in range(3))
        renamed = {first: {"a": "x", None: "y"}}
        return Workflow({second: renamed, third: {first: {"a": "z"}, second: {"b": "b"}}})
    return StaticWidthGroup(workflow(random, depth - 1), random.choice([0, 1, 2, 3]))


def _task(random: Random) -> Task:
    name = f"{random.choice(_NAMES)} {random.randrange(1000)}"
    return Task(f"/scripts/{name}.py", {}, Resources.parse(random.choice(_ASKED)), name=name)


def submitted(random: Random, at: float = 1.0) -> Event:
    """A submission whose tasks go to different executors."""
    event = submission(workflow(random), at)
    return evolve(event, tasks=tuple(evolve(task, executor=random.choice(EXECUTORS)) for task in event.tasks))


def batch(random: Random, state: State) -> list[Event]:
    """A few events that go into one transaction: likely ones, and late, doubled and contradictory ones."""
    return [event for _ in range(random.choice([1, 1, 1, 2, 4])) for event in _events(random, state)]


def _events(random: Random, state: State) -> list[Event]:
    at = random.random() * 1e9
    keys = sorted(state.entries)
    choice = random.random()
    if not keys or (choice < 0.06 and len(keys) < 40):
        events = [submitted(random, at)]
        if random.random() < 0.2:
            # Keys are given in order, so a user's script may name them before anything is stored.
            events += [Admitted(at, state.given.entry + 1), Removed(at, (state.given.entry + 1,))]
        return events
    key = random.choice(keys)
    entry = state.entries[key]
    some = tuple(random.sample(keys, min(len(keys), random.choice([1, 1, 2, 3]))))
    attempt = random.choice([entry.attempt] * 6 + [entry.attempt - 1, entry.attempt + 1])
    if choice < 0.36:
        return [Admitted(at, key) for executor in EXECUTORS for key in state.ready(executor, 5)]
    if choice < 0.4:
        return [Launched(at, key, attempt, f"job {random.randrange(9)}")]
    if choice < 0.45:
        return [Started(at, key, attempt, "hö\udcffst", random.choice([None, 1, 2**40]))]
    if choice < 0.74:
        under_way = [at_ for executor in EXECUTORS for at_ in state.active(executor)]
        return [_ended(random, at, *at_) for at_ in random.sample(under_way, (len(under_way) + 1) * 2 // 3)]
    if choice < 0.8:
        return [_ended(random, at, key, attempt)]
    if choice < 0.88:
        return [Resubmitted(at, some)]
    if choice < 0.92:
        return [Cancelled(at, some)]
    if choice < 0.97:
        changed = evolve(stored(_task(random)), executor=random.choice(EXECUTORS), args='{"n":"ü"}')
        return [Edited(at, some, changed, everywhere=random.random() < 0.5)]
    return [Removed(at, (key,))]


def _ended(random: Random, at: float, key: int, attempt: int) -> Ended:
    outcome = Outcome(
        random.choice(_VERDICTS),
        "returned",
        random.choice(_NAMES),
        "Traceback\n" * random.randrange(3),
        random.choice(_DATA),
        random.choice([None, at - 1]),
        random.choice([None, at]),
        random.choice(["", "host"]),
        random.choice([None, 17]),
        random.choice([None, 2**33]),
        random.choice([None, 0.25]),
    )
    return Ended(at, key, attempt, outcome)
