"""The public Task: paths are resolved and checked here, so that the core never looks at a disk."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

from attrs import frozen

from perqueue.core import task as core_task
from perqueue.core.errors import DescriptionError, UsageError
from perqueue.core.resources import Resources
from perqueue.core.retry import Retry
from perqueue.core.tasklike import In_contra, Out_co

_PACKAGE: Final = __name__.partition(".")[0]


class ScriptMissingError(UsageError, FileNotFoundError):
    """A task's script is not there."""

    def __init__(self, asked: str, path: str) -> None:
        super().__init__(f"{asked}: there is no file {path}")


@frozen(eq=False, init=False, repr=False)
class Task(core_task.Task[In_contra, Out_co]):
    """One piece of work: a Python script with a ``main()``, its arguments and what it needs of the machine.

    That of a script takes and gives anything. For work that type checkers understand see :func:`perqueue.task`, which
    makes a ``Task[In, Out]`` of a function.

    Args:
        code: Path of the script, relative to the current folder; it must exist.
        args: Arguments by name, or None. They are copied: changing the dict afterwards changes nothing.
        resources: Such as ``"24:xeon24:10m"`` or ``"local:5m"`` (see :class:`~perqueue.core.resources.Resources`).
        func: Name of the function to call.
        name: For listings and selections; the script's file name by default.
        folder: Working folder, relative to the current folder, made when missing; may hold ``{key}``, ``{name}``,
            ``{index}``, ``{iteration}`` and ``{attempt}``. The current folder by default.
        retry: How often it is tried again by itself, and after which ends; by default as its partition has it, which
            is never by default.

    Raises:
        FileNotFoundError: There is no such script.
        ResourcesError: ``resources`` is not in the grammar.
        DescriptionError: ``args`` is not a mapping from names, or ``func`` or ``folder`` can't be used.
    """

    def __init__(
        self: Task[Any, Any],
        code: str | os.PathLike[str],
        args: Mapping[str, Any] | None,
        resources: str | Resources,
        func: str = "main",
        name: str | None = None,
        *,
        folder: str | os.PathLike[str] | None = None,
        retry: Retry | None = None,
    ) -> None:
        path = os.path.abspath(os.fspath(code))
        if not os.path.isfile(path):
            from perqueue.checks.recording import only_checking

            # Where a script is only checked, this is found with everything else that is wrong.
            if not only_checking():
                raise ScriptMissingError(f"Task({os.fspath(code)!r})", path)
        shown = os.path.basename(path) if name is None else str(name)
        self.__attrs_init__(
            path,
            copied(shown, args),
            resources,
            _identifier(shown, func),
            shown,
            folder_pattern(shown, folder),
            where=place_of_caller(),
            retry=retry,
        )


def copied(name: str, args: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A task's arguments as they are now, however they change later.

    Raises:
        DescriptionError: They are not a mapping from names.
    """
    if args is None:
        return {}
    if not isinstance(args, Mapping) or not all(isinstance(key, str) for key in args):
        raise DescriptionError(f"Task {name!r}: args {args!r} is not a dict from argument names to values")
    try:
        return copy.deepcopy(dict(args))
    except Exception:  # whatever a user's object raises; what can't be copied deeply is at least kept apart
        return dict(args)


def _identifier(name: str, func: str) -> str:
    if not isinstance(func, str) or not func.isidentifier():
        raise DescriptionError(f"Task {name!r}: func {func!r} is not the name of a function")
    return func


def folder_pattern(name: str, folder: str | os.PathLike[str] | None) -> str | None:
    """A task's working folder.

    Raises:
        DescriptionError: It can't be filled in for an entry.
    """
    if folder is None:
        return None
    pattern = os.path.expanduser(os.fspath(folder))
    if "\0" in pattern:
        raise DescriptionError(f"Task {name!r}: folder {pattern!r} can't be a path, as it holds a null character")
    try:
        pattern.format(key=1, name=name, index="0", iteration="0", attempt=1)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise DescriptionError(
            f"Task {name!r}: folder {pattern!r} can't be filled in ({error}); "
            "it may hold {key}, {name}, {index}, {iteration} and {attempt}"
        ) from error
    return pattern


def place_of_caller() -> str:
    """The line of the user's that is being run, as ``path:line``; empty where there is none in a file."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename.startswith("<"):
        return ""
    return f"{os.path.abspath(frame.f_code.co_filename)}:{frame.f_lineno}"
