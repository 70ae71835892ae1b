"""An entry as scripts see it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.api.driving import admit, end, entries, tell
from tests.api.values import VALUES, same_value
from tests.queues import script

from perqueue import PersistentQueue, StaticWidthGroup, Task
from perqueue.api.entry import Entry
from perqueue.codec import DecodeError
from perqueue.core.events import Launched
from perqueue.core.records import Verdict
from perqueue.core.resources import Resources
from perqueue.core.states import EntryState


@pytest.fixture
def entry(still: Path) -> Entry:
    """An entry that is ready to run."""
    return submitted(Task("add.py", {"x": 1}, "2:local:5m", "work", "relax"))


def submitted(tasks: Any) -> Entry:
    with PersistentQueue() as pq:
        handle = pq.submit(tasks)
    return entries()[handle.keys[-1]]


def test_a_new_entry(entry: Entry, still: Path) -> None:
    """Key, name, state and task are there from the start; all that comes of running is not."""
    assert (entry.key, entry.name, entry.state, str(entry.state)) == (1, "relax", EntryState.goahead, "goahead")
    assert (entry.data, entry.json_data, entry.encoded_data) == (None, None, None)
    assert (entry.err_txt, entry.mq_id, entry.attempt, entry.reason, entry.pq_args) == (None, None, None, "", {})
    assert (entry.task.code, entry.task.func, entry.task.name) == (str(still / "add.py"), "work", "relax")
    assert (entry.task.args, entry.task.resources) == ({"x": 1}, Resources.parse("2:local:5m"))


def test_an_entry_is_shown_shortly(entry: Entry) -> None:
    """The reprs name key, task and state."""
    assert repr(entry) == "Entry(1, 'relax', goahead)"
    assert repr(entry.task) == "EntryTask('relax', '2:local:5m')"


@pytest.mark.parametrize(
    ("job", "mq_id"), [("4711", 4711), ("4711.server", "4711.server"), ("12_3", "12_3"), ("", None)]
)
def test_the_scheduler_s_id(entry: Entry, job: str, mq_id: int | str | None) -> None:
    """``mq_id`` is a number where the scheduler's id is one, else its text, and None for local tasks."""
    admit(1)
    if job:
        tell(Launched(2.5, 1, 1, job))
    assert entries()[1].mq_id == mq_id


def test_perqueues_own_arguments(still: Path) -> None:
    """``pq_args`` has the copy numbers, inner group first, and nothing outside of groups."""
    body = StaticWidthGroup(StaticWidthGroup(Task("add.py", None, "local"), 2), 3)
    last = submitted(body)
    assert last.pq_args == {"pq_index": [1, 2]}
    last.pq_args["pq_index"].append(9)
    assert last.pq_args == {"pq_index": [1, 2]}


def test_the_error_of_a_task_that_raised(entry: Entry) -> None:
    """``err_txt`` is the traceback, whose last line is the message, said once."""
    trace = 'Traceback (most recent call last):\n  File "a.py", line 2, in main\nValueError: no luck\n'
    end(1, verdict=Verdict.failed, reason="raised", message="ValueError: no luck", traceback=trace)
    failed = entries()[1]
    assert failed.err_txt == trace.rstrip()
    assert failed.reason == "raised"


def test_the_error_that_says_more_than_the_traceback(entry: Entry) -> None:
    """A message that the traceback doesn't end with stands after it."""
    end(1, verdict=Verdict.failed, message="TypeError: more", traceback="Traceback\nTypeError: less\n")
    assert entries()[1].err_txt == "Traceback\nTypeError: less\nTypeError: more"


def test_the_error_of_a_task_without_a_traceback(entry: Entry) -> None:
    """Where nothing was raised, the message is all."""
    end(1, verdict=Verdict.timeout, message="It ran longer than its walltime.")
    assert entries()[1].err_txt == "It ran longer than its walltime."
    assert str(entries()[1].state) == "timeout"


def test_success_has_no_error(entry: Entry) -> None:
    """``err_txt`` of an entry that ran well is None."""
    end(1, {"x": 1})
    assert entries()[1].err_txt is None


def test_data_of_a_failed_entry_is_kept(entry: Entry) -> None:
    """What a task returned before something went wrong can be read."""
    end(1, {"kept": [1]}, Verdict.failed, reason="unstorable", message="a part can't be stored")
    assert entries()[1].data == {"kept": [1]}


@pytest.mark.parametrize("name", VALUES)
def test_data_of_every_kind(entry: Entry, name: str) -> None:
    """Every kind of value that the codec knows comes back as the type it was."""
    value = VALUES[name]()
    end(1, {"value": value})
    data = entries()[1].data
    assert data is not None
    same_value(data["value"], value)


def test_data_without_anybody_s_classes(entry: Entry) -> None:
    """``json_data`` shows what is kept without importing what a value needs, and ``encoded_data`` is its text."""
    end(1, {"a": (1, 2), "b": 1.5})
    found = entries()[1]
    assert found.json_data is not None
    assert found.json_data["b"] == 1.5
    assert found.json_data["a"] != (1, 2)
    assert found.encoded_data is not None
    assert '"b":1.5' in found.encoded_data


def test_data_of_a_class_that_is_gone(entry: Entry, still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only ``data`` of that entry fails, and says what is missing; the entry and its JSON can be read."""
    code = script(still, "passing.py", "import attrs\n\n@attrs.frozen\nclass Short:\n    x: int\n")
    with monkeypatch.context() as here:
        here.syspath_prepend(str(still))
        end(1, {"value": importlib.import_module("passing").Short(1)})
        del sys.modules["passing"]
        code.unlink()
        found = entries()[1]
        assert found.json_data is not None
        with pytest.raises(DecodeError, match="passing"):
            _ = found.data
    assert str(found.state) == "succeeded"


def test_values_are_decoded_once(entry: Entry) -> None:
    """Asking again gives the same objects, so that a script may work on them."""
    end(1, {"x": [1]})
    found: Any = entries()[1]
    assert found.data is found.data
    assert found.task.args is found.task.args
