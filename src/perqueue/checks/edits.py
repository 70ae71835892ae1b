"""Whether a stored task's function can be called with other arguments."""

from __future__ import annotations

from collections.abc import Iterable

from perqueue.core.compile import compile_graph
from perqueue.core.records import Entry, StoredTask
from perqueue.core.task import Task

from .calls import Calls
from .findings import Finding, Severity
from .flow import Around, Given
from .givers import Givers

_ABOUT_ARGUMENTS = frozenset({"missing", "unexpected"})


def check_arguments(task: StoredTask, entry: Entry, names: Iterable[str], *, alone: bool) -> list[Finding]:
    """What fails whenever an entry runs with arguments of these names, as far as its script can tell.

    Args:
        task: What the entry runs.
        entry: The entry.
        names: The names of its new arguments.
        alone: Whether nothing before it gives it anything; otherwise that may be whatever is missing.
    """
    given = dict.fromkeys(names)
    described = Task(task.code, given, task.resources, task.func, task.name, task.folder, task.module)
    calls = Calls(Givers(compile_graph(described)), "")
    around = Around(indexed=bool(entry.index), repeated=bool(entry.iteration))
    found = calls.of(0, described, Given() if alone else None, around)
    return [one for one in found if one.severity is Severity.error and one.code in _ABOUT_ARGUMENTS]
