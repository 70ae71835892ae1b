"""The public Task: paths are resolved and checked, arguments copied, everything else refused with a reason."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from perqueue import Task
from perqueue.core import task as core_task
from perqueue.core.errors import DescriptionError, ResourcesError
from perqueue.core.resources import Resources


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a script in it and one below it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    for name in ("a.py", "code/b.py"):
        (tmp_path / name).write_text("def main(**_):\n    return True, None\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("code", ["code/b.py", Path("code/b.py"), "./code/../code/b.py"])
def test_the_script_is_found_from_the_current_folder(here: Path, code: str | Path) -> None:
    """A relative path is made absolute when the task is made, be it a string or a Path."""
    assert Task(code, None, "local").code == str(here / "code" / "b.py")


def test_changing_the_folder_later_changes_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path is kept as it was when the task was made."""
    task = Task("a.py", None, "local")
    monkeypatch.chdir(here / "code")
    assert task.code == str(here / "a.py")


@pytest.mark.parametrize("code", ["missing.py", "code", "no/such/folder.py"])
def test_a_script_that_is_not_there_is_refused(here: Path, code: str) -> None:
    """FileNotFoundError names what was asked for and where it was looked for, also where it is a folder."""
    with pytest.raises(FileNotFoundError) as caught:
        Task(code, None, "local")
    assert repr(code) in str(caught.value)
    assert str(here / code) in str(caught.value)


def test_arguments_are_copied_deeply() -> None:
    """Changing the caller's dict, or a list in it, doesn't change the task."""
    given: dict[str, Any] = {"x": [1, 2]}
    task = Task("a.py", given, "local")
    given["x"].append(3)
    given["y"] = 4
    assert task.args == {"x": [1, 2]}


def test_what_can_not_be_copied_is_kept() -> None:
    """An argument that refuses to be copied is the caller's own object in a dict of the task's own."""
    lock = threading.Lock()
    given = {"lock": lock}
    task = Task("a.py", given, "local")
    given.clear()
    assert task.args == {"lock": lock}


def test_no_arguments_are_an_empty_dict() -> None:
    """None stands for no arguments."""
    assert Task("a.py", None, "local").args == {}


@pytest.mark.parametrize("args", [[1], "x", {1: 2}, {"a": 1, None: 2}])
def test_arguments_without_names_are_refused(args: Any) -> None:
    """The message shows what was given instead of a dict from names."""
    with pytest.raises(DescriptionError, match="is not a dict from argument names") as caught:
        Task("a.py", args, "local", name="relax")
    assert "'relax'" in str(caught.value)
    assert repr(args) in str(caught.value)


def test_the_name_is_the_file_s_by_default() -> None:
    """The name is that of the script's file, with its suffix and without its folder."""
    assert Task("code/b.py", None, "local").name == "b.py"
    assert Task("code/b.py", None, "local", name="relax").name == "relax"


def test_the_function_is_main_by_default() -> None:
    """``func`` stands after the resources, as in PerQueue, and is ``main`` if not given."""
    assert Task("a.py", None, "local").func == "main"
    assert Task("a.py", None, "local", "other", "name").func == "other"


@pytest.mark.parametrize("func", ["", "not a name", "a.b", 3])
def test_what_names_no_function_is_refused(func: Any) -> None:
    """``func`` has to be an identifier."""
    with pytest.raises(DescriptionError, match="is not the name of a function"):
        Task("a.py", None, "local", func)


def test_resources_are_a_string_or_an_object() -> None:
    """A string is read, and ``Resources`` are taken as they are."""
    asked = Resources(cores=24, partition="xeon24", seconds=600)
    assert Task("a.py", None, "24:xeon24:10m").resources == asked
    assert Task("a.py", None, asked).resources is asked


@pytest.mark.parametrize("resources", ["localhost:5m", "local:2h30m", "", None, 3])
def test_resources_that_can_not_be_read_are_refused(resources: Any) -> None:
    """The error shows what was given and the grammar."""
    with pytest.raises(ResourcesError, match="cores\\[:partition") as caught:
        Task("a.py", None, resources)
    assert repr(resources) in str(caught.value)


@pytest.mark.parametrize("field", ["code", "args", "resources", "func", "name", "folder"])
def test_a_task_is_frozen(field: str) -> None:
    """No field can be set once the task is made."""
    with pytest.raises(FrozenInstanceError):
        setattr(Task("a.py", None, "local"), field, "other")


def test_tasks_with_equal_fields_are_two() -> None:
    """Tasks compare by identity: equal fields make two nodes."""
    one, other = Task("a.py", {"x": 1}, "local"), Task("a.py", {"x": 1}, "local")
    assert one != other
    assert len({one, other}) == 2


def test_a_task_is_shown_by_name_and_resources() -> None:
    """The repr tells tasks apart, and is that of the core's own tasks, which it is one of."""
    task = Task("a.py", {"x": 1}, "24:xeon24:10m", name="relax")
    assert isinstance(task, core_task.Task)
    assert repr(task) == "Task('relax', '24:xeon24:10m')"


@pytest.mark.parametrize("folder", ["runs/{key}", "{name}-{index}/{iteration}.{attempt}", "plain", Path("a") / "{key}"])
def test_a_working_folder_may_be_a_pattern(folder: str | Path) -> None:
    """A folder pattern is kept as text; without one the task works in the submission's folder."""
    assert Task("a.py", None, "local", folder=folder).folder == str(folder)
    assert Task("a.py", None, "local").folder is None


def test_a_working_folder_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is one's home, and never a folder of that name."""
    monkeypatch.setenv("HOME", "/home/me")
    assert Task("a.py", None, "local", folder="~/runs/{key}").folder == "/home/me/runs/{key}"


def test_a_working_folder_that_no_path_can_name() -> None:
    """It is refused where it is written, not where the task runs."""
    with pytest.raises(DescriptionError, match="null character"):
        Task("a.py", None, "local", folder="a\0b")


@pytest.mark.parametrize("folder", ["{kee}", "{", "{0}", "{}", "{key.real.x}", "{key[a]}", "{name:d}"])
def test_a_pattern_that_can_not_be_filled_in_is_refused(folder: str) -> None:
    """The message shows the pattern and what one may hold."""
    with pytest.raises(DescriptionError) as caught:
        Task("a.py", None, "local", folder=folder)
    assert "it may hold {key}, {name}, {index}, {iteration} and {attempt}" in str(caught.value)
    assert repr(folder) in str(caught.value)
