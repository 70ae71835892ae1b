"""Writing to the queue: what is gathered, when it takes effect, and when it doesn't."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from tests.api.driving import entries, states
from tests.queues import processes_of

from perqueue import PersistentQueue, Selection, StaticWidthGroup, Task, Workflow
from perqueue.api.queue import NotContextManagedError
from perqueue.config import PartitionError
from perqueue.core.errors import CycleError, StateError, StorageError, UnknownEntryError
from perqueue.engine.folder import NoQueueError, find_folder
from perqueue.engine.receipts import RUN, read_receipts
from perqueue.engine.requests import ArgumentsError


def add(**options: Any) -> Task:
    return Task("add.py", None, "local", **options)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("submit", lambda pq: pq.submit(add())),
        ("resubmit", lambda pq: pq.resubmit(1)),
        ("cancel", lambda pq: pq.cancel(1)),
        ("remove", lambda pq: pq.remove(1)),
        ("save_args", lambda pq: pq.save_args(1, {})),
        ("save_resources", lambda pq: pq.save_resources(1, "local")),
        ("save_code", lambda pq: pq.save_code(1, "add.py")),
    ],
)
def test_writes_belong_inside_with(still: Path, name: str, write: Callable[[PersistentQueue], object]) -> None:
    """Every write outside ``with`` is refused, before the block and after it, and tells how to do it."""
    pq = PersistentQueue()
    with pytest.raises(NotContextManagedError, match=rf"^{name}\(\) writes .*with PersistentQueue\(\) as pq:"):
        write(pq)
    with pq:
        pass
    with pytest.raises(NotContextManagedError):
        write(pq)
    assert entries() == {}


def test_writes_take_effect_when_the_block_ends(still: Path) -> None:
    """Others see nothing of what was submitted before the block ends, and then all of it."""
    with PersistentQueue() as pq:
        pq.submit(add())
        pq.submit(add())
        assert entries() == {}
    assert sorted(entries()) == [1, 2]


@pytest.mark.parametrize(
    "read",
    [
        lambda pq: pq.get_entries(),
        lambda pq: pq.get_entry(1),
        lambda pq: pq.get_args(1),
        lambda pq: pq.get_code(1),
        lambda pq: pq.get_data(1),
        lambda pq: pq.get_parent_data(1),
        lambda pq: pq.get_special_args(1),
        lambda pq: pq.get_dependency_graph(1),
    ],
)
def test_reading_makes_writes_take_effect(still: Path, read: Callable[[PersistentQueue], object]) -> None:
    """Whatever is read through the queue, what was gathered is stored first."""
    with PersistentQueue() as pq:
        pq.submit(add())
        read(pq)
        assert sorted(entries()) == [1]


def test_asking_for_the_keys_makes_writes_take_effect(still: Path) -> None:
    """A handle has its keys as soon as somebody asks for them."""
    with PersistentQueue() as pq:
        first, second = pq.submit(add() >> add()), pq.submit(add())
        assert "not yet stored" in repr(second)
        assert second.keys == [3]
        assert sorted(entries()) == [1, 2, 3]
    assert first.keys == [1, 2]
    assert repr(first) == "Submitted(keys=[1, 2])"


def test_the_keys_of_a_handle_are_the_caller_s(still: Path) -> None:
    """Changing the list that a handle gave doesn't change the handle."""
    with PersistentQueue() as pq:
        handle = pq.submit(add())
    handle.keys.clear()
    assert handle.keys == [1]


def test_an_exception_in_the_block_submits_nothing(still: Path) -> None:
    """What was gathered when the block raised is forgotten, and so it stays in the next block."""
    pq = PersistentQueue()
    handles = []

    def block() -> None:
        with pq:
            handles.append(pq.submit(add()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    with pq:
        pass
    assert entries() == {}
    assert handles[0].keys == []


def test_what_was_read_before_an_exception_stays(still: Path) -> None:
    """An exception undoes only what had not taken effect."""

    def block() -> None:
        with PersistentQueue() as pq:
            pq.submit(add())
            pq.get_entries()
            pq.submit(add())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert sorted(entries()) == [1]


def test_writes_take_effect_together_or_not_at_all(still: Path) -> None:
    """One write that can't be done leaves the others of the same transaction undone."""

    def block() -> None:
        with PersistentQueue() as pq:
            pq.submit(add())
            pq.remove(77)

    with pytest.raises(UnknownEntryError, match="no entry 77"):
        block()
    assert entries() == {}


def test_a_queue_goes_on_after_a_write_that_could_not_be_done(still: Path) -> None:
    """Who catches the error of a write finds the block in order, without what failed."""
    with PersistentQueue() as pq:
        pq.submit(add())
        pq.resubmit(1)
        with pytest.raises(StateError, match="entry 1"):
            pq.get_entries()
        handle = pq.submit(add())
    assert handle.keys == [1]
    assert sorted(entries()) == [1]


def forms() -> dict[str, Any]:
    """A chain of a and b in every form that ``submit`` takes."""
    a, b = add(name="a"), add(name="b")
    graph: nx.DiGraph[Task] = nx.DiGraph([(b, a)])
    return {
        "list": [a, b],
        "operator": a >> b,
        "workflow": Workflow([a, b]),
        "dict": {b: [a]},
        "full dict": {a: [], b: [a]},
        "digraph": graph,
        "ports": {b: {a: {"x": "x"}}},
        "nested": [Workflow(a), Workflow([b])],
        "width": [a, StaticWidthGroup(b, 1)],
    }


@pytest.mark.parametrize(
    "form", ["list", "operator", "workflow", "dict", "full dict", "digraph", "ports", "nested", "width"]
)
def test_submit_takes_every_form(still: Path, form: str) -> None:
    """A chain is the same entries in whatever form it is described."""
    with PersistentQueue() as pq:
        handle = pq.submit(forms()[form])
        graph = pq.get_dependency_graph(1)
    found = entries()
    assert [found[key].name for key in handle.keys] == ["a", "b"]
    assert states() == {1: "goahead", 2: "waiting"}
    assert list(graph.edges) == [(2, 1)]


def test_a_single_task_is_a_submission(still: Path) -> None:
    """``submit`` takes a bare task, and the same object again is another entry."""
    task = add()
    with PersistentQueue() as pq:
        handles = [pq.submit(task), pq.submit(task)]
    assert [handle.keys for handle in handles] == [[1], [2]]


def test_a_submission_that_can_not_be_compiled_is_refused_at_once(still: Path) -> None:
    """The error comes from ``submit`` itself, where the script's own traceback points at it."""
    a, b = add(name="a"), add(name="b")
    with PersistentQueue() as pq:
        with pytest.raises(CycleError, match=r"a -> b -> a|b -> a -> b"):
            pq.submit({a: [b], b: [a]})
        pq.submit(a)
    assert sorted(entries()) == [1]


def test_an_argument_that_can_not_be_stored_is_refused_at_once(still: Path) -> None:
    """The error names the task, the argument and the type."""
    task = Task("add.py", {"fine": 1, "handle": object()}, "local", name="relax")
    with PersistentQueue() as pq, pytest.raises(ArgumentsError, match=r"'relax'.*handle.*object"):
        pq.submit(task)
    assert entries() == {}


def test_a_partition_that_nothing_configures_is_refused_at_once(still: Path) -> None:
    """The error names the partition, and both ways out."""
    with PersistentQueue() as pq, pytest.raises(PartitionError, match=r"'xeon24'.*PERQUEUE_EXECUTOR=local.*xeon24 ="):
        pq.submit(Task("add.py", None, "24:xeon24:10m"))


HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_entering_takes_no_lock(still: Path) -> None:
    """While another process holds a write transaction, a block is entered, read in and left."""
    with PersistentQueue() as pq:
        pq.submit(add())
    command = [sys.executable, "-c", HOLD, str(still / ".perqueue" / "queue.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            with PersistentQueue() as pq:
                assert len(pq.get_entries()) == 1
                assert pq.get_entries(selection=Selection(states="s")) == []
        finally:
            other.kill()
    assert sorted(entries()) == [1]


def test_entering_needs_no_queue(queue_folder: Path) -> None:
    """A block that does nothing makes nothing."""
    with PersistentQueue():
        pass
    assert find_folder() is None
    assert processes_of(queue_folder) == []


@pytest.mark.parametrize("write", ["resubmit", "cancel", "remove"])
def test_changing_needs_a_queue(queue_folder: Path, write: str) -> None:
    """Only ``submit`` makes a queue; the others say that there is none."""
    with pytest.raises(NoQueueError, match="there is no queue in"), PersistentQueue() as pq:
        getattr(pq, write)(1)
    assert find_folder() is None


def test_a_queue_of_another_host_takes_submissions(still: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are stored, no process is started, and one line says where to have them driven."""
    with PersistentQueue() as pq:
        pq.submit(add())
    assert capsys.readouterr().err == (
        "perqueue: stored; the queue's home is elsewhere: run `pq tick` on elsewhere to have it driven\n"
    )
    assert processes_of(still) == []


def test_who_started_the_script_is_told_the_keys(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each submission that took effect is noted in the file that the environment names."""
    notes = still / "notes"
    notes.touch()
    monkeypatch.setenv(RUN, str(notes))
    with PersistentQueue() as pq:
        pq.submit(add() >> add())
        pq.submit(add())
        pq.get_entries()
        pq.submit(add())
        pq.remove(99)
        with pytest.raises(UnknownEntryError):
            pq.get_entries()
    assert read_receipts(str(notes)) == {str(still / ".perqueue"): [1, 2, 3]}


def test_a_note_that_can_not_be_written_stops_nothing(
    still: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The entries are stored and their queue is driven all the same; the error says so."""
    monkeypatch.setenv(RUN, str(still))
    with pytest.raises(StorageError, match="the entries are stored"), PersistentQueue() as pq:
        handle = pq.submit(add())
    assert handle.keys == [1]
    assert "pq tick" in capsys.readouterr().err
