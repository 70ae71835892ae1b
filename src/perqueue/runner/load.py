"""From the path of a script to the function to call, and what must not happen meanwhile."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from perqueue.runner.errors import FunctionMissingError, ScriptUnreadableError, SubmissionRefusedError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Final

MAIN: Final = "__main__"
"""The module of functions that the submission script itself defines."""
_MISSING: Final = object()
_UNDER_WAY: Final[list[str]] = []


def begin_loading(code: str) -> None:
    """From now on, until `end_loading`, the user's code runs only to reach the function that ``code`` defines."""
    _UNDER_WAY[:] = (code,)


def end_loading() -> None:
    """What the user's code does from now on is the task's work."""
    _UNDER_WAY.clear()


def loading() -> bool:
    """Whether the user's code runs only to reach a function."""
    return bool(_UNDER_WAY)


def refuse_submission() -> None:
    """Asked by whatever submits: raises SubmissionRefusedError between `begin_loading` and `end_loading`.

    A script that submitted itself whenever one of its tasks loads it would never come to an end.
    """
    if _UNDER_WAY:
        raise SubmissionRefusedError(_UNDER_WAY[0])


def compiled(code: str) -> CodeType:
    """The script at the path ``code``, compiled. Raises LaunchError where it can't be read, and SyntaxError."""
    try:
        with open(code, "rb") as file:
            source = file.read()
    except OSError as exc:
        raise ScriptUnreadableError(code, exc) from exc
    program: CodeType = compile(source, code, "exec", dont_inherit=True)
    return program


def run_program(code: str, program: CodeType, name: str) -> ModuleType:
    """The script at the path ``code``, compiled already, run as the module ``name``.

    Raises whatever the script raises.
    """
    module = ModuleType(name)
    module.__file__ = code
    # Registered before it runs, as dataclasses, pickle and typing look a class's module up there.
    sys.modules[name] = module
    exec(program, module.__dict__)
    return module


def function_of(module: ModuleType, code: str, func: str) -> Callable[..., Any]:
    """The function ``func`` of a script that has run as this module. Raises LaunchError where it has none."""
    found = getattr(module, func, _MISSING)
    if found is _MISSING:
        raise FunctionMissingError(code, func)
    if not callable(found):
        raise FunctionMissingError(code, func, found)
    function: Callable[..., Any] = found
    return function


def run_as_main(code: str, program: CodeType, name: str, marks: dict[str, str]) -> ModuleType:
    """The submission script, run as the module ``name`` with some ``marks`` in it, in the place of the main module.

    So what it does for the command line only does not run, and yet what was stored or pickled under the name
    ``__main__`` in the submission is found in it: :mod:`multiprocessing` does the same for its children.
    """
    module = ModuleType(name)
    module.__file__ = code
    module.__dict__.update(marks)
    sys.modules[name] = sys.modules[MAIN] = module
    exec(program, module.__dict__)
    return module


def module_name(code: str) -> str:
    """The name of a script's module: its stem, unless that would hide a module or can't be imported as one.

    Never ``__main__``: what a script does for the command line only must not run here.
    """
    stem = os.path.splitext(os.path.basename(code))[0]
    if stem.isidentifier() and stem not in sys.modules and stem not in sys.stdlib_module_names:
        return stem
    return f"_perqueue_task_{stem}"
