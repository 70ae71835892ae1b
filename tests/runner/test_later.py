"""What a module that is only loaded to reach a function gets from ``from perqueue import ...``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from subprocess import run
from typing import Any

import pytest

from perqueue.runner import load
from perqueue.runner.later import Later, LaterFactory, later_task


@pytest.fixture
def loading() -> Iterator[None]:
    """A task's module is being loaded."""
    load.begin_loading("/scripts/submit.py")
    yield
    load.end_loading()


def imported(text: str) -> dict[str, Any]:
    """The names of a module with this text."""
    names: dict[str, Any] = {"__name__": "submit", "__file__": __file__}
    exec(text, names)
    return names


def test_names_stand_for_the_real_things(loading: None) -> None:
    """They can be called, asked, subscripted, derived from and checked against, as the real ones."""
    names = imported(
        "from perqueue import CyclicalGroup, Task, Workflow\n"
        "class Mine(Task): pass\n"
        "either = CyclicalGroup | None\n"
        "other = None | CyclicalGroup\n"
        "of = Workflow[int, str]\n"
    )
    load.end_loading()
    from perqueue import CyclicalGroup, Task, Workflow

    assert isinstance(names["Task"], Later)
    assert issubclass(names["Mine"], Task)
    assert names["either"] == names["other"] == CyclicalGroup | None
    assert names["of"] == Workflow[int, str]
    assert isinstance(Workflow.__new__(Workflow), names["Workflow"])
    assert names["Task"].__name__ == "Task"


def test_a_decorated_function_makes_tasks_if_it_is_asked_to(loading: None) -> None:
    """The function is reached at once; what makes tasks of it is made when it is called."""
    made: list[object] = []

    def real(*given: object) -> Any:
        made.append(given)
        return lambda function: lambda *args: (function.__name__, args)

    def plain(x: int) -> int:
        return 2 * x

    double = later_task(lambda: real)("local:5m", "named")(plain)
    assert isinstance(double, LaterFactory)
    assert double.function(4) == double.__wrapped__(4) == 8
    assert made == []
    assert double(3) == ("plain", (3,))
    assert made == [("local:5m", "named")]


def test_outside_of_a_task_names_are_the_things_themselves() -> None:
    """Nothing stands in between where a script submits."""
    from perqueue import Task, task
    from perqueue.api import function
    from perqueue.api import task as api_task

    assert (Task, task) == (api_task.Task, function.task)


def test_naming_them_imports_next_to_nothing() -> None:
    """A module that decorates functions and builds nothing costs its tasks neither attrs nor typing."""
    text = (
        "import sys\n"
        "from perqueue.runner import load\n"
        "load.begin_loading('x')\n"
        "from perqueue import Continue, DynamicWidthGroup, PersistentQueue, Stop, Task, task\n"
        "@task('local:5m')\n"
        "def step(x: int) -> Continue[int] | Stop[int]:\n"
        "    return Stop(x)\n"
        "print(*{'attrs', 'typing', 'perqueue.api', 'perqueue.core.tasklike'} & set(sys.modules))\n"
    )
    done = run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_time_left_is_the_real_one(loading: None) -> None:
    """A function that tasks call often, and that costs nothing to import, has no stand-in."""
    from perqueue.runner.deadline import time_left

    assert imported("from perqueue import time_left")["time_left"] is time_left
