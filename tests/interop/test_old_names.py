"""Every name that PerQueue's scripts import leads to ours."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import perqueue

GROUPS = {
    "workflow": "Workflow",
    "static_width_group": "StaticWidthGroup",
    "dynamic_width_group": "DynamicWidthGroup",
    "cyclical_group": "CyclicalGroup",
    "switch_group": "SwitchGroup",
}
PUBLIC = [
    ("perqueue.queue", "PersistentQueue"),
    ("perqueue.selection", "Selection"),
    ("perqueue.task_classes.task", "Task"),
    *((f"perqueue.{where}", name) for name in ("Task", *GROUPS.values()) for where in ("task_classes",)),
    *(("perqueue.task_classes.task_groups", name) for name in GROUPS.values()),
    *((f"perqueue.task_classes.task_groups.{module}", name) for module, name in GROUPS.items()),
]
INNER = [
    ("perqueue.task_classes.entry", "Entry", "perqueue.api.entry"),
    ("perqueue.task_classes", "Entry", "perqueue.api.entry"),
    *(
        (where, name, home)
        for where in ("perqueue.task_classes", "perqueue.task_classes.util_classes", "perqueue.util_classes")
        for name, home in (("Resources", "perqueue.core.resources"), ("EntryState", "perqueue.core.states"))
    ),
    ("perqueue.external.python_workflow_definition", "read_PWD", "perqueue.interop.reading"),
    ("perqueue.external.python_workflow_definition", "write_PWD", "perqueue.interop.writing"),
]


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_names(module: str, name: str) -> None:
    """The old place holds the same object as the package itself, and lists it."""
    found = import_module(module)
    assert getattr(found, name) is getattr(perqueue, name)
    assert name in found.__all__
    assert name in dir(found)


@pytest.mark.parametrize(("module", "name", "home"), INNER)
def test_inner_names(module: str, name: str, home: str) -> None:
    """The old place holds the same object as the one that it is told of."""
    assert getattr(import_module(module), name) is getattr(import_module(home), name)


def test_constants() -> None:
    """The names that scripts share with the queue have the values that scripts write out."""
    from perqueue import constants

    assert {name: getattr(constants, name) for name in constants.__all__} == {
        "ITER_KW": "pq_iteration",
        "INDEX_KW": "pq_index",
        "MAXTRIES_KW": "pq_max_tries",
        "CYCLICALGROUP_KEY": "pq_toggle_key",
        "DYNAMICWIDTHGROUP_KEY": "pq_dwg_width",
        "SWITCHGROUP_KEY": "pq_switch_key",
        "SWITCHGROUP_SKIP": "pq_skip_route",
    }


def test_a_name_that_is_not_there() -> None:
    """A wrong name is an ImportError, as everywhere."""
    with pytest.raises(ImportError, match="Taks"):
        from perqueue.task_classes import Taks  # noqa: F401


def test_task_classes_cost_nothing_before_they_are_used() -> None:
    """Importing the package imports neither the front nor the core."""
    code = "import sys, perqueue; n = set(sys.modules); import perqueue.task_classes; print(*set(sys.modules) - n)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["perqueue.task_classes"]
