"""From the path of a script to the function to call: the seam at which other kinds of code will be added."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from perqueue.runner.errors import FunctionMissingError, ScriptUnreadableError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, Final

_MISSING: Final = object()


def load_function(code: str, func: str) -> Callable[..., Any]:
    """The function ``func`` of the script at the path ``code``, which is run once for it.

    Raises LaunchError where the script can't be read or has no such function, and whatever the script raises
    (a SyntaxError too).
    """
    try:
        with open(code, "rb") as file:
            source = file.read()
    except OSError as exc:
        raise ScriptUnreadableError(code, exc) from exc
    return run_program(code, func, compile(source, code, "exec", dont_inherit=True), module_name(code))


def run_program(code: str, func: str, program: CodeType, name: str) -> Callable[..., Any]:
    """As `load_function`, of a script that is compiled already, as the module ``name``."""
    module = ModuleType(name)
    module.__file__ = code
    # Registered before it runs, as dataclasses, pickle and typing look a class's module up there.
    sys.modules[name] = module
    exec(program, module.__dict__)
    found = getattr(module, func, _MISSING)
    if found is _MISSING:
        raise FunctionMissingError(code, func)
    if not callable(found):
        raise FunctionMissingError(code, func, found)
    return found


def module_name(code: str) -> str:
    """The name of a script's module: its stem, unless that would hide a module or can't be imported as one.

    Never ``__main__``: what a script does for the command line only must not run here.
    """
    stem = os.path.splitext(os.path.basename(code))[0]
    if stem.isidentifier() and stem not in sys.modules and stem not in sys.stdlib_module_names:
        return stem
    return f"_perqueue_task_{stem}"
