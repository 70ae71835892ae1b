"""Every hook is documented, and has a test that is named after it."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from tests.docs.markdown import ROOT, section
from tests.plugins import test_plugins

from perqueue.plugins import builtin, spec

PAGE = ROOT / "docs" / "plugins.md"
HOOKS: dict[str, Callable[..., object]] = {
    name: hook for name, hook in vars(spec).items() if hasattr(hook, f"{spec.NAME}_spec")
}


def test_there_are_hooks() -> None:
    """The table that the other tests read is not empty, and all hooks have perqueue's name in front."""
    assert HOOKS
    assert all(name.startswith("perqueue_") for name in HOOKS)
    public = {name for name, value in vars(spec).items() if inspect.isfunction(value) and name.startswith("perqueue")}
    assert public == set(HOOKS), "a function that is not marked as a hook"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented(name: str) -> None:
    """It has a docstring and says what it returns."""
    assert inspect.getdoc(HOOKS[name])
    assert "return" in inspect.get_annotations(HOOKS[name])


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_test(name: str) -> None:
    """A test of this folder has the hook's name, and a docstring."""
    test = getattr(test_plugins, f"test_{name}")
    assert inspect.getdoc(test)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_complete_example_in_the_documentation(name: str) -> None:
    """The page on plugins has a heading for the hook, and below it a plugin that implements it."""
    examples = section(PAGE, f"## {name}")
    assert any(f"@hookimpl\ndef {name}()" in block.text for block in examples if block.language == "python")


@pytest.mark.parametrize("name", sorted(set(HOOKS) - {"perqueue_commands", "perqueue_observers"}))
def test_a_hook_is_used_by_perqueue_itself(name: str) -> None:
    """What perqueue brings goes the way of everybody's plugins; only its commands are found without a search."""
    assert hasattr(getattr(builtin, name), f"{spec.NAME}_impl")


@pytest.mark.parametrize("name", HOOKS)
def test_the_specification_itself_is_never_called(name: str) -> None:
    """Calling it instead of the plugins is a mistake that shows."""
    with pytest.raises(AssertionError):
        HOOKS[name]()
