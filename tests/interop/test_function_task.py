"""The task script that calls a plain function."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.definitions import FUNCTIONS, importable
from tests.queues import script

from perqueue.interop.calls import CALL, SCRIPT
from perqueue.interop.scripts.pwd_function import main


@pytest.fixture(autouse=True)
def functions(tmp_path: Path) -> Iterator[None]:
    """The module ``workflow``."""
    script(tmp_path, "workflow.py", FUNCTIONS)
    with importable(tmp_path):
        yield


def call(name: str, takes: str = "", reads: tuple[str | None, ...] = (), **given: Any) -> Any:
    told = {"function": name, "takes": takes.split(), "reads": list(reads), "modules": None}
    succeeded, data = main(**{CALL: told}, **given)
    assert succeeded is True
    return data


def test_a_dict_is_the_data() -> None:
    """As it is, with everything in it."""
    assert call("workflow.get_prod_and_div", "x y", x=6, y=3) == {"prod": 18, "div": 2.0}
    assert call("workflow.get_prod_and_div", "x y", ("div",), x=6, y=3) == {"prod": 18, "div": 2.0}


def test_anything_else_stands_under_a_name() -> None:
    """The one that typed functions use too."""
    assert call("workflow.get_sum", "x y", x=1, y=2) == {"pq_value": 3}
    assert call("workflow.get_sum", "x y", (None,), x=[1], y=[2]) == {"pq_value": [1, 2]}


def test_a_dict_that_is_read_whole_comes_first() -> None:
    """So that the first value is all of it; after it what is read by name."""
    data = call("workflow.get_prod_and_div", "x y", ("div", None), x=6, y=3)
    assert list(data.items()) == [("pq_value", {"prod": 18, "div": 2.0}), ("div", 2.0)]


def test_the_order_of_arguments_is_that_of_the_definition() -> None:
    """A function of ``**values`` may mind it; perqueue's own arguments are no part of it."""
    data = call("workflow.listed", "c a b", a=1, b=2, c=3, d=4, pq_index=[0], pq_iteration=[1])
    assert data == {"pq_value": [("c", 3), ("a", 1), ("b", 2), ("d", 4)]}


def test_perqueue_s_own_arguments_are_there_for_who_asks() -> None:
    """A definition that names one gets it."""
    assert call("workflow.listed", "pq_index", pq_index=[2]) == {"pq_value": [("pq_index", [2])]}


def test_an_item_that_is_not_there() -> None:
    """The task that should have returned it fails, and says what it returned."""
    with pytest.raises(LookupError, match=r"get_prod_and_div returned a dict with 'prod', 'div', .* reads 'mod' of it"):
        call("workflow.get_prod_and_div", "x y", ("mod",), x=6, y=3)
    with pytest.raises(LookupError, match="get_sum returned a int, and the workflow reads 'a' of it"):
        call("workflow.get_sum", "x y", ("a",), x=6, y=3)


def test_a_function_that_is_not_there() -> None:
    """The error names the module's file, for there may be another of that name."""
    with pytest.raises(AttributeError, match=r"'workflow' \(.*workflow\.py\) has no function 'gone'"):
        call("workflow.gone")
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        call("nowhere.f")


def test_what_a_function_raises_is_raised() -> None:
    """As it is."""
    with pytest.raises(ValueError, match="no luck"):
        call("workflow.refuses")


def test_the_folder_of_the_modules_comes_first(tmp_path: Path) -> None:
    """Of two modules of one name, that beside the definition is meant."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "workflow.py").write_text("def which(): return 'other'\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    code += "from perqueue.interop.scripts.pwd_function import main\n"
    told = {"function": "workflow.which", "takes": [], "reads": [], "modules": str(tmp_path / "other")}
    code += f"print(main(**{{{CALL!r}: {told!r}}})[1]['pq_value'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "other\n"


def test_it_imports_next_to_nothing() -> None:
    """Neither attrs nor the front, for it is loaded where tasks run; nothing else stands in its folder."""
    code = "import sys; import perqueue.interop.scripts.pwd_function; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert not {"attrs", "attr", "perqueue.api", "perqueue.codec", "numpy", "json"} & found
    assert {path.name for path in Path(SCRIPT).parent.iterdir()} <= {"__init__.py", "pwd_function.py", "__pycache__"}
