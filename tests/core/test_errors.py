"""Errors say what was asked, what is true and what to do, and tell users' mistakes from others."""

from __future__ import annotations

import pytest

from perqueue.core import errors as e

MESSAGES: list[tuple[e.PerQueueError, str, bool]] = [
    (e.ResourcesError("x", "it is odd"), "resources 'x': it is odd. Write cores[:partition]", True),
    (e.NotATaskError(3, "submit"), "submit: 3 is a int, not a Task, group or Workflow. Pass a Task", True),
    (
        e.AmbiguousListError("a", "[b, c]", ["b", "c"], list_on_left=False),
        "a >> [b, c] can be read in two ways: write a >> b >> c (one after the other) or a >> (b | c) (side by side)",
        True,
    ),
    (
        e.AmbiguousListError("[a, b]", "c", ["a", "b"], list_on_left=True),
        "[a, b] >> c can be read in two ways: write a >> b >> c (one after the other) or (a | b) >> c (side by side)",
        True,
    ),
    (e.CycleError(["a", "b", "a"]), "these depend on each other in a circle: a -> b -> a. Break the circle", True),
    (e.EmptyGroupError("Workflow"), "Workflow has no tasks: put at least one Task in it", True),
    (e.WidthError("StaticWidthGroup", -1), "StaticWidthGroup: width -1 is not a whole number from 0", True),
    (e.LimitError(0), "CyclicalGroup: max_tries 0 is not a whole number from 1", True),
    (e.PolicyError("X", "tolerate", -1, "a number"), "X: tolerate -1 is not a number", True),
    (e.RetryError("times", -1, "is not a whole number"), "Retry: times -1 is not a whole number", True),
    (e.BranchError("the key 1.5 is a float"), "SwitchGroup: the key 1.5 is a float. Write {key: tasks} with", True),
    (
        e.UndecidedGroupError("SwitchGroup(x)", "pq_switch_key"),
        "SwitchGroup(x) stands where nothing comes before it, so nothing can return 'pq_switch_key': put a task",
        True,
    ),
    (e.RefusedGroupError("CyclicalGroup(x): no"), "CyclicalGroup(x): no", True),
    (e.PortError("b", "a", 3), "b takes from a the ports 3: write {output_name: input_name} with strings", True),
    (e.UnknownEntryError(7), "there is no entry 7 in this queue: `pq ls` shows the keys", True),
    (e.StateError(7, "axed", "cancel", "do that"), "can't cancel entry 7: it is axed; do that", True),
    (e.SelectionError("ids", "x", "give numbers"), "ids 'x' can't be read: give numbers", True),
    (e.BrokenInvariantError("1 is 2"), "the queue's state contradicts itself: 1 is 2. Please report this", False),
    (e.StorageError("the disk is full"), "the disk is full", False),
]


@pytest.mark.parametrize(("error", "message", "users"), MESSAGES, ids=[type(row[0]).__name__ for row in MESSAGES])
def test_message(error: e.PerQueueError, message: str, users: bool) -> None:
    """Each error composes its message, and is the user's mistake or not."""
    assert str(error).startswith(message)
    assert isinstance(error, e.UsageError) is users


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (e.ResourcesError, ValueError),
        (e.NotATaskError, TypeError),
        (e.AmbiguousListError, TypeError),
        (e.WidthError, ValueError),
        (e.LimitError, ValueError),
        (e.PolicyError, ValueError),
        (e.RetryError, ValueError),
        (e.BranchError, TypeError),
        (e.UnknownEntryError, KeyError),
        (e.SelectionError, ValueError),
    ],
)
def test_builtin_bases(error: type[e.PerQueueError], base: type[Exception]) -> None:
    """Scripts that catch the built-in error for such a mistake catch ours."""
    assert issubclass(error, base)


def test_every_error_is_in_the_table() -> None:
    """No error of the module is left without its message here."""
    bases = {e.PerQueueError, e.UsageError, e.DescriptionError}
    found = {value for value in vars(e).values() if isinstance(value, type) and issubclass(value, e.PerQueueError)}
    assert found - bases == {type(error) for error, _, _ in MESSAGES}
