"""What the parts of the store contract share: how a store is made, opened again, driven and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

from perqueue.core.compile import compile_graph
from perqueue.core.decision import Changes, Counters, Decision
from perqueue.core.events import Admitted, Ended, Event, Submitted
from perqueue.core.planner import plan
from perqueue.core.records import Entry, Outcome, StoredTask, Verdict
from perqueue.core.resources import Resources
from perqueue.core.task import Task
from perqueue.store.protocol import Store

from .missing import MissingPartError

_E = TypeVar("_E", bound=BaseException)


class Abandoned(BaseException):
    """Raised inside a transaction to give it up; no ``Exception``, as an interrupt is none."""


class StoreCase:
    """How to make the store under test; see :class:`~perqueue.testing.contracts.stores.StoreContract`."""

    lasting: ClassVar[bool] = True
    """Whether the state outlives the handle. If not, what needs a second handle is skipped."""

    walks: ClassVar[int] = 8
    """How many random campaigns the store is led through, side by side with the plain one."""

    def make_store(self, folder: Path) -> Store:  # noqa: ARG002  # what a subclass is given
        """A new, empty store that keeps its files in ``folder``."""
        raise MissingPartError(
            self,
            "make_store(self, folder)",
            "returns a new, empty store that keeps its files in the pathlib.Path `folder`",
            'return MyStore.create(folder / "queue")',
        )

    def reopen_store(self, folder: Path) -> Store:  # noqa: ARG002  # what a subclass is given
        """Another handle on the store that was made in ``folder``."""
        raise MissingPartError(
            self,
            "reopen_store(self, folder)",
            "returns another handle on the store that make_store() made in `folder` (or set lasting = False where "
            "there can't be one)",
            'return MyStore(folder / "queue")',
        )

    @contextmanager
    def made(self, folder: Path) -> Iterator[Store]:
        """A new store, closed at the end."""
        folder.mkdir(exist_ok=True)
        with closing(self.make_store(folder)) as store:
            yield store

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Store]:
        """A second handle, closed at the end; skips the test if the store can't have one."""
        if not self.lasting:
            import pytest

            pytest.skip("this store has a single handle")
        with closing(self.reopen_store(folder)) as store:
            yield store


def give_up() -> None:
    """Raise :class:`Abandoned`."""
    raise Abandoned


def same(found: object, expected: object, what: str) -> None:
    """Assert equality, with a message of its own: assertions in a package are not rewritten."""
    assert found == expected, f"{what}:\n   found {found!r}\nexpected {expected!r}"


@contextmanager
def refused(kind: type[_E]) -> Iterator[list[_E]]:
    """Assert that the block raises this; the list holds the error afterwards."""
    caught: list[_E] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
    assert caught, f"{kind.__name__} was not raised"


def stored(task: Task, executor: str = "local") -> StoredTask:
    """A task as a store keeps it."""
    return StoredTask(task.name, task.code, task.func, "{}", task.resources, executor, 1, task.folder, task.module)


def submission(tasks: object, at: float = 1.0) -> Submitted:
    """The event of submitting anything that ``submit`` takes."""
    graph = compile_graph(tasks)
    return Submitted(at, graph, tuple(stored(task) for task in graph.tasks))


def task(name: str = "t") -> Task:
    """A task; each is a node of its own."""
    return Task(f"/scripts/{name}.py", {}, Resources.parse("local"), name=name)


def do(store: Store, *events: Event) -> Decision:
    """Plan events and keep what follows, in one transaction."""
    with store.transaction() as transaction:
        decision = plan(transaction, events)
        transaction.apply(decision, decision.heard)
    return decision


def ended(key: int, attempt: int = 1, verdict: Verdict = Verdict.succeeded, data: str | None = "{}") -> Ended:
    """The report of an attempt's end."""
    return Ended(3.0, key, attempt, Outcome(verdict, "returned", data=data))


def run(store: Store, *keys: int, data: str | None = "{}") -> None:
    """Admit entries and report that their first attempts succeeded."""
    do(store, *(Admitted(2.0, key) for key in keys))
    do(store, *(ended(key, data=data) for key in keys))


def keep(store: Store, changes: Changes, counters: Counters | None = None) -> None:
    """Keep rows as they are, without a planner."""
    with store.transaction() as transaction:
        transaction.apply(Decision(changes, (), counters or Counters(), ()), ())


def keys_of(entries: Iterable[Entry | None]) -> list[int]:
    """The keys of entries that are there."""
    return [entry.key for entry in entries if entry is not None]
