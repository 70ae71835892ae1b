"""Functions that make tasks: what a task of one holds, what is bound, what is refused and how it is told."""

from __future__ import annotations

import inspect
import math
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from perqueue import Task, task
from perqueue.api.function import BoundArgumentsError, NotAFunctionForTasksError, TaskFactory
from perqueue.core import task as core_task
from perqueue.core.errors import DescriptionError, ResourcesError, UsageError
from perqueue.core.resources import Resources


@task("local:5m")
def relax(structure: str, fmax: float = 0.05, *, steps: int = 10) -> str:
    """Relax it."""
    return f"{structure} {fmax} {steps}"


@task("local:5m", name="named", folder="work/{key}")
def configured(structure: str) -> str:
    return structure


@task("local")
def take_nothing() -> int:
    return 1


@task("local")
def only_named(*, n: int, pq_index: list[int] | None = None) -> int:
    return n


@task("local")
def lists(value: int, /, pq_index: list[int], factor: int, *, pq_iteration: list[int]) -> int:
    return value * factor


@task("local")
def anything_named(value: int, /, **more: int) -> int:
    return value + sum(more.values())


@task("local")
def mutable(value: int, table: dict[str, list[int]]) -> int:
    return value


def plain(value: int) -> int:
    return value


def doubled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator of a user's own."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return 2 * function(*args, **kwargs)

    return inner


@task("local")
@doubled
def decorated(value: int, by: int) -> int:
    return value * by


class Steps:
    """A place for functions."""

    @staticmethod
    @task("local")
    def inside(value: int, by: int = 2) -> int:
        return value * by

    def needs_self(self, value: int) -> int:
        return value

    @classmethod
    def needs_class(cls, value: int) -> int:
        return value

    @staticmethod
    def bare(value: int) -> int:
        return value


async def waits(value: int) -> int:
    return value


async def waits_and_yields(value: int) -> Any:
    yield value


def yields(value: int) -> Iterator[int]:
    yield value


def stars(value: int, *more: int) -> int:
    return value


def only_stars(*values: int) -> int:
    return len(values)


def positional(value: int, other: int, /) -> int:
    return value


def test_a_task_says_where_its_function_is() -> None:
    """Module, qualified name and absolute path lead a task's process back to the function."""
    made = relax(0.01)
    assert isinstance(made, Task)
    assert isinstance(made, core_task.Task)
    assert (made.module, made.func, made.code) == (__name__, "relax", os.path.abspath(__file__))
    assert (made.name, made.folder, made.resources) == ("relax", None, Resources.parse("local:5m"))
    assert repr(made) == "Task('relax', '1:local:5m')"


def test_name_and_folder() -> None:
    """A function's tasks may have a name and a folder of their own."""
    made = configured()
    assert (made.name, made.folder) == ("named", "work/{key}")


def test_tasks_of_one_function_are_two() -> None:
    """Each call makes another piece of work, that may be weakly referenced, and does not change."""
    one, other = take_nothing(), take_nothing()
    assert one != other
    assert weakref.ref(one)() is one
    with pytest.raises(AttributeError):
        one.name = "other"  # type: ignore[misc]


BOUND: list[tuple[str, Callable[[], Task], dict[str, object]]] = [
    ("by position", lambda: relax(0.01), {"fmax": 0.01}),
    ("by name", lambda: relax(fmax=0.01, steps=3), {"fmax": 0.01, "steps": 3}),
    ("none", lambda: relax(), {}),
    ("keywords only", lambda: only_named(n=3), {"n": 3}),
    ("perqueue's own are not asked for", lambda: lists(factor=3), {"factor": 3}),  # type: ignore[call-arg]
    ("any name", lambda: anything_named(a=1, b=2), {"a": 1, "b": 2}),
    ("behind another decorator", lambda: decorated(by=3), {"by": 3}),
    ("in a class", lambda: Steps.inside(3), {"by": 3}),
]


@pytest.mark.parametrize(("make", "args"), [row[1:] for row in BOUND], ids=[row[0] for row in BOUND])
def test_bound_arguments(make: Callable[[], Task], args: dict[str, object]) -> None:
    """What is bound is kept by name, and defaults are left to the function."""
    assert make().args == args


def test_arguments_are_copied() -> None:
    """Changing an argument afterwards changes nothing."""
    table = {"a": [1]}
    made = mutable(table)
    table["a"].append(2)
    assert made.args == {"table": {"a": [1]}}


REFUSED_CALLS: list[tuple[str, Callable[[Any], object], str]] = [
    ("missing", lambda t: t.mutable(), "mutable(): missing a required argument: 'table'. The function is "),
    ("unknown", lambda t: t.relax(colour="red"), "relax(colour='red'): got an unexpected keyword argument 'colour'"),
    ("too many", lambda t: t.relax(1, 2), "relax(1, 2): too many positional arguments"),
    ("twice", lambda t: t.relax(1, fmax=2), "relax(1, fmax=2): multiple values for argument 'fmax'"),
    ("the upstream value", lambda t: t.relax(structure="x"), "; its 'structure' is what comes before it"),
    ("to what takes nothing", lambda t: t.take_nothing(1), "The function is take_nothing() -> int"),
    (
        "the signature as it is written",
        lambda t: t.relax(x=1),
        "The function is relax(structure: str, fmax: float = 0.05, *, steps: int = 10) -> str; its",
    ),
]


@pytest.mark.parametrize(("call", "told"), [row[1:] for row in REFUSED_CALLS], ids=[row[0] for row in REFUSED_CALLS])
def test_arguments_that_do_not_fit(call: Callable[[Any], object], told: str) -> None:
    """Arguments that the function does not take are refused at the call, in one line that shows the signature."""
    with pytest.raises(BoundArgumentsError) as caught:
        call(sys.modules[__name__])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, TypeError)


def test_big_arguments_are_shortened_in_messages() -> None:
    """A message stays one line of sensible length, whatever it tells about."""
    with pytest.raises(BoundArgumentsError) as caught:
        take_nothing(["long\n" * 100] * 100)  # type: ignore[call-arg]
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


REFUSED_FUNCTIONS: list[tuple[str, Callable[[], Any], str]] = [
    ("a lambda", lambda: lambda x: x, "a lambda: no name leads to it"),
    ("of a function", lambda: made_inside(), "made_inside.<locals>.inner: it is made anew inside a function"),
    ("async", lambda: waits, "waits: it is async"),
    ("an async generator", lambda: waits_and_yields, "waits_and_yields: it is async"),
    ("a generator", lambda: yields, "yields: it yields"),
    ("of an object", lambda: Steps().needs_self, "Steps.needs_self: it is a method that needs its object"),
    ("of any object", lambda: Steps.needs_self, "Steps.needs_self: it is a method that needs its object"),
    ("a class method", lambda: vars(Steps)["needs_class"], "write @task below it"),
    ("a static method", lambda: vars(Steps)["bare"], "the staticmethod Steps.bare: write @task below it"),
    ("built in", lambda: math.sqrt, "sqrt: it is a builtin_function_or_method"),
    ("a class", lambda: Steps, "Steps: it is a type"),
    ("a value", lambda: 3, "3: it is a int"),
    ("a factory", lambda: relax, "relax: it makes tasks already"),
    ("stars", lambda: stars, "stars(value: int, *more: int) -> int: but for the first, arguments are passed by name"),
    ("only stars", lambda: only_stars, "*values has none"),
    ("by position only", lambda: positional, "and other has none"),
]


@pytest.mark.parametrize(
    ("make", "told"), [row[1:] for row in REFUSED_FUNCTIONS], ids=[r[0] for r in REFUSED_FUNCTIONS]
)
def test_functions_that_no_task_can_run(make: Callable[[], Any], told: str) -> None:
    """What the process of a task could not find, or not call, is refused where it is decorated, with the reason."""
    with pytest.raises(NotAFunctionForTasksError) as caught:
        task("local")(make())
    assert str(caught.value).startswith("@task can't take ")
    assert told in str(caught.value)


def made_inside() -> Callable[[int], int]:
    """A function that is made anew at each call."""

    def inner(x: int) -> int:
        return x

    return inner


def test_a_module_without_a_file() -> None:
    """A function that was typed in, or came over stdin, is in no file that a task could load."""
    code = "from perqueue import task\n@task('local')\ndef f(x): return x"
    for arguments, given in ((["-c", code], ""), (["-"], code)):
        done = subprocess.run([sys.executable, *arguments], input=given, capture_output=True, text=True)
        assert done.returncode != 0
        assert "@task can't take f: its module '__main__' is in no file" in done.stderr


def test_a_module_that_its_name_does_not_lead_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that was loaded under a name that can't be that of its file is refused."""
    path = tmp_path / "file.py"
    path.write_text("def f(x):\n    return x\n")
    space: dict[str, Any] = {"__name__": "other", "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), space)
    with pytest.raises(NotAFunctionForTasksError, match="importing its module 'other' by name would not lead to"):
        task("local")(space["f"])


def test_a_name_that_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function whose name now means something else is refused when it is called."""
    factory = task("local")(plain)
    assert factory().func == "plain"
    monkeypatch.setattr(sys.modules[__name__], "plain", relax)
    with pytest.raises(NotAFunctionForTasksError, match="that name leads to something else there"):
        factory()


def test_resources_and_folders_are_checked_at_once() -> None:
    """What is wrong in the decorator itself is told where it stands."""
    with pytest.raises(ResourcesError, match="localhost"):
        task("localhost:5m")
    with pytest.raises(DescriptionError, match="nonsense"):
        task("local", folder="{nonsense}")(plain)


def test_using() -> None:
    """One call may ask for other resources, another name and another folder; the function's own stay."""
    made = relax.using("24:xeon24:10m", name="big", folder="big/{index}")(0.01)
    assert (made.resources, made.name, made.folder) == (Resources.parse("24:xeon24:10m"), "big", "big/{index}")
    assert (made.func, made.args) == ("relax", {"fmax": 0.01})
    assert relax.using(name="other")().resources == relax().resources == Resources.parse("local:5m")
    assert configured.using("local:1h")().folder == "work/{key}"
    assert relax().name == "relax"
    with pytest.raises(DescriptionError, match="nonsense"):
        relax.using(folder="{nonsense}")


def test_the_function_itself() -> None:
    """Tests call the function as it is; tools find its name, signature and description."""
    assert relax.function("H2", fmax=1) == "H2 1 10"
    assert decorated.function(2, by=3) == 12
    assert isinstance(relax, TaskFactory)
    assert inspect.unwrap(relax) is relax.function
    assert (relax.__doc__, vars(relax)["__name__"]) == ("Relax it.", "relax")
    assert list(inspect.signature(relax).parameters) == ["structure", "fmax", "steps"]
    assert repr(relax) == f"<task function relax of {__name__!r}, '1:local:5m'>"


def test_each_task_knows_the_line_that_made_it(tmp_path: Path) -> None:
    """Scripts' and functions' tasks say which line of the user's they come from."""
    (tmp_path / "a.py").touch()
    line = inspect.currentframe().f_lineno  # type: ignore[union-attr]
    made = [relax(), relax.using(name="x")(), Task(tmp_path / "a.py", None, "local")]
    assert [one.where for one in made] == [f"{os.path.abspath(__file__)}:{line + 1}"] * 3
    typed_in: dict[str, Any] = {"__name__": "typed_in", "relax": relax}
    exec("made = relax()", typed_in)
    assert typed_in["made"].where == ""
