"""What a step costs: counted in statements and in steps of SQLite's machine, never in seconds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from perqueue.core.events import Admitted, Cancelled, Event, Launched, Removed, Resubmitted, Started
from perqueue.core.records import Verdict
from perqueue.core.task import Task
from perqueue.core.tasklike import Workflow
from perqueue.store.protocol import Snapshot
from perqueue.store.sqlite import SqliteStore
from perqueue.testing.contracts.store_case import do, ended, run, submission, task

pytestmark = pytest.mark.slow

SMALL, LARGE = 100, 20_000
STEPS_FOR_DEPTH = 1.25
"""A larger table's index is deeper, so a look-up may take some more steps of the machine."""


class Cost(NamedTuple):
    statements: list[str]
    steps: int

    def parts(self) -> list[tuple[str, str, str]]:
        """The nodes and scopes of graphs that were read: (table, graph, number)."""
        found = (
            re.search(r"FROM (nodes|scopes) WHERE graph = (\d+) AND \w+ = (\d+)", text) for text in self.statements
        )
        return [(match[1], match[2], match[3]) for match in found if match]


def counted(path: Path, work: Callable[[SqliteStore], object]) -> Cost:
    """What ``work`` costs on a handle of its own, with nothing cached."""
    statements: list[str] = []
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    with closing(SqliteStore(str(path))) as store:
        store._sql.set_trace_callback(statements.append)
        store._sql.set_progress_handler(step, 1)
        work(store)
        store._sql.set_trace_callback(None)
        store._sql.set_progress_handler(None, 1)
    return Cost(statements, steps)


def chain(size: int) -> list[Task]:
    """One after the other."""
    return [task(str(n)) for n in range(size)]


def layers(size: int) -> Workflow:
    """Two wide layers, joined all to all."""
    first, second = (Workflow({task(str(n)): [] for n in range(size // 2)}) for _ in range(2))
    return first >> second


SHAPES = {"chain": chain, "layers": layers}


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """A queue of each shape and size, with the first entry done and the second one running."""
    found = {}
    for name, shape in SHAPES.items():
        for size in (SMALL, LARGE):
            path = found[name, size] = tmp_path_factory.mktemp(name) / "queue.db"
            SqliteStore.create(str(path))
            with closing(SqliteStore(str(path))) as store:
                do(store, submission(shape(size)))
                run(store, 1)
                do(store, Admitted(2.0, 2))
    return found


@pytest.fixture
def copies(queues: dict[tuple[str, int], Path], tmp_path: Path) -> Callable[[str, int], Path]:
    """Copies of the queues, for tests that change them."""

    def copy(name: str, size: int) -> Path:
        path = tmp_path / f"{name}{size}.db"
        path.write_bytes(queues[name, size].read_bytes())
        return path

    return copy


EVENTS: dict[str, Event] = {
    "launched": Launched(3.0, 2, 1, "job"),
    "started": Started(3.0, 2, 1, "host", 1),
    "succeeded": ended(2, data='{"x":1}'),
    "failed": ended(2, verdict=Verdict.failed),
    "cancelled": Cancelled(3.0, (2,)),
    "stale": ended(2, 9),
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_event_costs_the_same_in_a_queue_of_any_size(
    copies: Callable[[str, int], Path], shape: str, event: Event
) -> None:
    """Planning and keeping one event takes as many statements among 20,000 nodes as among 100."""
    small, large = (counted(copies(shape, size), lambda store: do(store, event)) for size in (SMALL, LARGE))
    assert len(small.statements) == len(large.statements)
    assert large.steps <= small.steps * STEPS_FOR_DEPTH


def test_only_nodes_that_are_touched_are_read(copies: Callable[[str, int], Path]) -> None:
    """The end of one entry of a chain reads its own node and the next, and of a wide layer not even the join."""
    cost = counted(copies("chain", LARGE), lambda store: do(store, EVENTS["succeeded"]))
    assert sorted(set(cost.parts())) == [("nodes", "1", "1"), ("nodes", "1", "2")]
    cost = counted(copies("layers", LARGE), lambda store: do(store, EVENTS["succeeded"]))
    assert cost.parts() == [("nodes", "1", "1")]


def test_a_node_is_read_once(copies: Callable[[str, int], Path]) -> None:
    """A handle that has read a node asks for it no more, in later transactions either."""

    def work(store: SqliteStore) -> None:
        do(store, EVENTS["succeeded"])
        do(store, Admitted(4.0, 3))
        do(store, ended(3))

    parts = counted(copies("chain", LARGE), work).parts()
    assert len(parts) == len(set(parts))


def test_removal_costs_what_it_removes(copies: Callable[[str, int], Path]) -> None:
    """Removing the end of a chain takes as many statements among 20,000 nodes as among 100."""
    small, large = (
        counted(copies("chain", size), lambda store, key=size: do(store, Removed(3.0, (key,))))  # type: ignore[misc]
        for size in (SMALL, LARGE)
    )
    assert len(small.statements) == len(large.statements)
    assert large.steps <= small.steps * STEPS_FOR_DEPTH


QUESTIONS: dict[str, Callable[[Snapshot], object]] = {
    "ready": lambda shown: shown.ready("local", 10),
    "ready elsewhere": lambda shown: shown.ready("slurm", 10),
    "active": lambda shown: shown.active("local"),
    "busy": lambda shown: shown.busy(),
    "stops": lambda shown: shown.stops(),
    "entry": lambda shown: shown.entry(50),
    "at": lambda shown: shown.at(1, 0, 1),
    "data": lambda shown: shown.data(1),
    "attempts": lambda shown: shown.attempts(1),
    "place": lambda shown: shown.place_of(50),
    "rows of some": lambda shown: list(shown.rows([1, 2, 50])),
    "log of one": lambda shown: shown.log(2),
    "new in the log": lambda shown: shown.log(after=3),
    "lease": lambda shown: shown.lease(),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_question_costs_the_same_in_a_queue_of_any_size(
    queues: dict[tuple[str, int], Path], shape: str, question: Callable[[Snapshot], object]
) -> None:
    """What ticks ask, and what is asked of one entry, walks over no table."""

    def ask(store: SqliteStore) -> None:
        with store.snapshot() as shown:
            question(shown)

    small, large = (counted(queues[shape, size], ask) for size in (SMALL, LARGE))
    assert len(small.statements) == len(large.statements)
    assert large.steps <= small.steps * STEPS_FOR_DEPTH


# what the log takes


def test_the_log_of_a_submission_does_not_grow_with_it(queues: dict[tuple[str, int], Path]) -> None:
    """A submission's record names its graph and its tasks in a few letters, however many tasks there are."""
    sizes = []
    for size in (SMALL, LARGE):
        with closing(SqliteStore(str(queues["chain", size]))) as store, store.snapshot() as shown:
            sizes.append(len(json.dumps(shown.log()[0].body)))
    assert sizes[1] <= sizes[0] + len(str(LARGE)) - len(str(SMALL))


def test_a_result_is_stored_once(tmp_path: Path) -> None:
    """The log, and whatever reads a result where it is, hold no copy of it, also when its entry runs again or goes."""
    path = tmp_path / "queue.db"
    SqliteStore.create(str(path))
    with closing(SqliteStore(str(path))) as store:
        do(store, submission(task("a") >> task("b")))
        run(store, 1, data='{"x":"a large result"}')
        run(store, 2)
        do(store, Resubmitted(4.0, (1,)))
        do(store, Removed(5.0, (1,)))
        assert sum(line.count("a large result") for line in store._sql.iterdump()) == 1


@pytest.mark.parametrize(
    "event",
    [Admitted(3.0, 3), *EVENTS.values(), Resubmitted(3.0, (1,)), Removed(3.0, (3,))],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_one_short_record(copies: Callable[[str, int], Path], event: Event) -> None:
    """What is logged of an event is no more than what it says beside its result: at most a hundred letters."""
    with closing(SqliteStore(str(copies("layers", SMALL)))) as store:
        with store.snapshot() as shown:
            before = len(shown.log())
        heard = do(store, event).heard
        bodies = [text for (text,) in store._sql.execute("SELECT body FROM events WHERE seq > ?", (before,))]
    assert len(bodies) == len(heard)
    assert sum(map(len, bodies)) <= 100


def test_requests_about_many_take_a_few_letters_more(copies: Callable[[str, int], Path]) -> None:
    """A request about several entries says once how many they are, and each record only its key."""
    with closing(SqliteStore(str(copies("layers", SMALL)))) as store:
        do(store, Cancelled(3.0, tuple(range(2, 50))))
        bodies = [text for (text,) in store._sql.execute("SELECT body FROM events WHERE kind = 'cancelled'")]
    assert bodies == ['{"entries":48}', *["{}"] * 47]
