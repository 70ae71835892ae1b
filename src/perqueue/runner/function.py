"""Typed functions: how one is reached by the names that it is stored under, and what it is called with."""

from __future__ import annotations

import os
import sys
from types import FunctionType

from perqueue.runner.control import CONTROL_KEYS, VALUE_KW
from perqueue.runner.errors import ModuleMissingError, NotThatFunctionError, OtherModuleError
from perqueue.runner.failures import standard
from perqueue.runner.load import MAIN, compiled, module_name, run_as_main
from perqueue.runner.named import NamedTuple

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, ModuleType
    from typing import Any, Final

_OURS: Final = "perqueue."
_STAR_ARGS: Final = 4  # inspect.CO_VARARGS


def reach(module: str, func: str, code: str, program: CodeType | None = None, name: str = "") -> Callable[..., Any]:
    """The function of the qualified name ``func`` in a module, which is imported, or loaded from the path ``code``.

    ``program`` is the compiled file and ``name`` what to load it as, where that is known already.
    Raises LaunchError where the module or the function is missing, and whatever the module raises.
    """
    loaded = _loaded(code, program, name) if module == MAIN else _imported(module, func, code)
    found: Any = loaded
    for part in func.split("."):
        if not hasattr(found, part):
            raise NotThatFunctionError(module, code, func)
        found = getattr(found, part)
    found = _behind_task(found)
    if not callable(found):
        raise NotThatFunctionError(module, code, func, found)
    function: Callable[..., Any] = found
    return function


def _loaded(code: str, program: CodeType | None, name: str) -> ModuleType:
    from perqueue.codec.class_names import ORIGINAL_NAME

    # Its classes are stored as those of the main module here too, so that equal values have equal texts.
    return run_as_main(code, program or compiled(code), name or module_name(code), {ORIGINAL_NAME: MAIN})


def _imported(name: str, func: str, code: str) -> ModuleType:
    try:
        __import__(name)  # and not importlib, whose frames would stand in the traceback
    except ModuleNotFoundError as exc:
        if exc.name is not None and f"{name}.".startswith(f"{exc.name}."):
            raise ModuleMissingError(name, func, code, exc) from exc
        raise
    module = sys.modules[name]
    own = getattr(module, "__file__", None)
    if isinstance(own, str) and os.path.basename(own) == os.path.basename(code) and _differ(own, code):
        raise OtherModuleError(name, func, code, own)
    return module


def _differ(one: str, other: str) -> bool:
    """Whether two files are both there and are not the same."""
    try:
        return not os.path.samefile(one, other)
    except OSError:
        return False


def _behind_task(found: Any) -> Any:
    """The function, where what stands under its name is what ``@task`` made of it. Other decorators stay on it."""
    link = found
    while link is not None:
        behind = getattr(link, "__wrapped__", None)
        if behind is not None and type(link).__module__.startswith(_OURS):
            return behind
        link = behind
    return found


class Call(NamedTuple):
    """What a function is called with: by position, and by name, with where each of those came from."""

    positional: tuple[object, ...]
    named: dict[str, Mapping[Any, Any]]


def call_for(
    function: Callable[..., Any], given: dict[Any, Any] | None, args: Mapping[Any, Any], special: Mapping[str, Any]
) -> Call:
    """The call of a function that is given a result (None: nothing) and was bound to arguments.

    ``special`` are perqueue's own arguments, of which it gets those that it names.
    """
    first, names = _parameters(function)
    own = {name: value for name, value in special.items() if name in names}
    return Call(() if first is None else (upstream(given),), {"args": args, "perqueue": own})


def upstream(given: dict[Any, Any] | None) -> object:
    """The value in what a function is given."""
    if given is None:
        return None
    if VALUE_KW in given:
        return given[VALUE_KW]
    rest = given.copy()
    for key in CONTROL_KEYS:
        rest.pop(key, None)
    return rest


def _parameters(function: Callable[..., Any]) -> tuple[str | None, tuple[str, ...]]:
    """The name of the parameter that takes the upstream value (None: there is none), and those of all named ones."""
    if type(function) is not FunctionType or {"__wrapped__", "__signature__"} & function.__dict__.keys():
        return _signature(function)
    # The same read off the code: inspect takes milliseconds to import.
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if code.co_argcount:
        return names[0], names[max(1, code.co_posonlyargcount) :]
    return ("*" if code.co_flags & _STAR_ARGS else None), names


def _signature(function: Callable[..., Any]) -> tuple[str | None, tuple[str, ...]]:
    try:
        parameters = list(standard("inspect").signature(function).parameters.values())
    except (ValueError, TypeError):  # none that can be told, as of some builtins
        return "?", ()
    first = None
    if parameters and parameters[0].kind in (
        parameters[0].POSITIONAL_ONLY,
        parameters[0].POSITIONAL_OR_KEYWORD,
        parameters[0].VAR_POSITIONAL,
    ):
        first = parameters.pop(0).name
    return first, tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
