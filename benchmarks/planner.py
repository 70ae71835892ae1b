"""What one event costs the planner, and what one waiting entry costs its process, in graphs of growing size.

    python benchmarks/planner.py [--small 1000] [--large 100000] [--repeat 3] [--store memory|sqlite]

For each shape, a campaign of about ``small`` and of about ``large`` entries is planned to its end: every entry is
admitted and succeeds, one event at a time, over the store. Prints, each the median over the repeats:

- per event, in microseconds, at both sizes and their ratio (to be at most 1.3);
- by how much a planning process grows at its peak, for each entry that has yet to run, at the large size (to be
  below 1,024 bytes): the queue is in SQLite, and what is held is the decision of one event.

Each measurement runs in a process of its own, so that one does not warm the next.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from perqueue.core.compile import compile_graph
from perqueue.core.events import Admitted, Ended, Submitted
from perqueue.core.groups import CyclicalGroup, DynamicWidthGroup, StaticWidthGroup
from perqueue.core.planner import plan
from perqueue.core.records import Context, Outcome, StoredTask, Verdict
from perqueue.core.task import Task
from perqueue.core.tasklike import TaskLike, Workflow
from perqueue.store.memory import MemoryStore
from perqueue.store.protocol import Store
from perqueue.store.sqlite import SqliteStore

TRIES = 1000


def _task(name: str) -> Task:
    return Task(f"/scripts/{name}.py", {}, "local", name=name)


def _parallel(name: str, width: int) -> Workflow:
    steps: dict[Any, list[Any]] = {_task(f"{name}{i}"): [] for i in range(width)}
    return Workflow(steps)


def fan_out(size: int) -> TaskLike:
    """One task, then many."""
    return _task("first") >> StaticWidthGroup(_task("copy"), size)


def fan_in(size: int) -> TaskLike:
    """Many tasks, then one."""
    return StaticWidthGroup(_task("copy"), size) >> _task("last")


def dynamic(_size: int) -> TaskLike:
    """A dynamic group between two tasks."""
    return _task("first") >> DynamicWidthGroup(_task("copy")) >> _task("last")


def layers(size: int) -> TaskLike:
    """Four layers of distinct tasks, all joined to all."""
    width = size // 4
    whole = _parallel("a", width)
    for name in "bcd":
        whole = whole >> _parallel(name, width)
    return whole


def loops(size: int) -> TaskLike:
    """Loops of a thousand iterations, side by side."""
    return StaticWidthGroup(CyclicalGroup(_task("again"), max_tries=TRIES), max(1, size // TRIES))


def nested(size: int) -> TaskLike:
    """Groups in groups: copies that each have a dynamic group, a loop and copies of their own."""
    inner = DynamicWidthGroup(_task("leaf"))
    body = _task("head") >> CyclicalGroup(_task("step"), 4) >> inner >> StaticWidthGroup(_task("tail"), 2)
    return _task("first") >> StaticWidthGroup(body, size // 9) >> _task("last")


SHAPES: dict[str, Callable[[int], TaskLike]] = {
    function.__name__: function for function in (fan_out, fan_in, dynamic, layers, loops, nested)
}


def _data(name: str, iteration: tuple[int, ...], size: int) -> str:
    last = TRIES if name == "again" else 4
    return json.dumps(
        {
            "x": 1.5,
            "pq_dwg_width": size if name == "first" else 2,
            "pq_toggle_key": not iteration or iteration[-1] + 1 == last,
        }
    )


def _peak() -> int:
    """Most resident memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _submit(store: Store, work: TaskLike) -> None:
    graph = compile_graph(work)
    with store.transaction() as state:
        number = state.add_context(Context("/usr/bin/python3", "/", ()))
        tasks = tuple(
            StoredTask(task.name, task.code, task.func, "{}", task.resources, "local", number) for task in graph.tasks
        )
        event = Submitted(0.0, graph, tasks)
        state.apply(plan(state, [event]), [event])


def _open(kind: str, folder: str) -> Store:
    if kind == "memory":
        return MemoryStore()
    path = os.path.join(folder, "queue.db")
    if not os.path.exists(path):
        SqliteStore.create(path)
    return SqliteStore(path)


def measure_events(shape: str, size: int, kind: str) -> Iterator[float]:
    """Seconds for each event of a campaign, from its submission to its end."""
    with tempfile.TemporaryDirectory() as folder:
        store = _open(kind, folder)
        _submit(store, SHAPES[shape](size))
        with store.transaction() as state:
            while keys := state.ready("local", 1000):
                for key in keys:
                    entry = state.entry(key)
                    assert entry is not None
                    data = _data(state.task(entry.task).name, entry.iteration, size)
                    outcome = Outcome(Verdict.succeeded, "returned", data=data)
                    for event in (Admitted(1.0, key), Ended(2.0, key, entry.attempt + 1, outcome)):
                        begin = time.perf_counter()
                        decision = plan(state, [event])
                        yield time.perf_counter() - begin
                        state.apply(decision, decision.heard)
        store.close()


def measure_memory(shape: str, size: int) -> float:
    """Bytes by which planning a few events makes a process grow at its peak, for each entry that has yet to run.

    One of the events opens the widest group there is, if the shape has one.
    """
    for _ in measure_events(shape, 10, "sqlite"):
        pass  # whatever is imported and cached by now is no part of the growth
    with tempfile.TemporaryDirectory() as folder:
        # Made by another process, as a submission is.
        _child("submit", shape, size, folder)
        store = _open("sqlite", folder)
        with store.transaction() as state:
            before = _peak()
            for key in state.ready("local", 100)[:100]:
                entry = state.entry(key)
                assert entry is not None
                outcome = Outcome(
                    Verdict.succeeded, "returned", data=_data(state.task(entry.task).name, entry.iteration, size)
                )
                for event in (Admitted(1.0, key), Ended(2.0, key, 1, outcome)):
                    decision = plan(state, [event])
                    state.apply(decision, decision.heard)
            grown = _peak() - before
            waiting = sum(count for found, count in state.counts().items() if not found.settled)
        store.close()
    return grown / max(1, waiting)


def _child(*arguments: object) -> float:
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout or 0)


def _as_child(what: str, shape: str, size: str, more: str) -> float:
    if what == "events":
        # The collector would walk all of the in-memory store each time, which is no part of planning.
        gc.disable()
        # Opening or closing a wide group is one event that changes as much as it is wide: the mean is what counts.
        return statistics.fmean(measure_events(shape, int(size), more))
    if what == "memory":
        return measure_memory(shape, int(size))
    _submit(_open("sqlite", more), SHAPES[shape](int(size)))
    return 0.0


def main() -> None:
    """Measure every shape and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--store", choices=["memory", "sqlite"], default="memory")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(_as_child(*given.child))
        return
    print(f"{'shape':10} {'small, µs':>10} {'large, µs':>10} {'ratio':>6} {'bytes per waiting entry':>25}")
    for shape in SHAPES:
        pairs = [
            (_child("events", shape, given.small, given.store), _child("events", shape, given.large, given.store))
            for _ in range(given.repeat)
        ]
        small, large = (statistics.median(column) * 1e6 for column in zip(*pairs, strict=True))
        ratio = statistics.median(big / little for little, big in pairs)
        memory = statistics.median(_child("memory", shape, given.large, "-") for _ in range(given.repeat))
        print(f"{shape:10} {small:10.1f} {large:10.1f} {ratio:6.2f} {memory:25.0f}")


if __name__ == "__main__":
    main()
