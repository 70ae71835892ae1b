"""Whether the plain functions that a Python Workflow Definition names are there, and take what they are given.

Such a task runs a script of perqueue's own, which calls the function with keyword arguments. Where the function's
module is a file in the folder that the definition names, it can be looked up like a script's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Final

from perqueue.core.task import Task

from .findings import Finding, Severity
from .parameters import Parameters
from .scripts import Broken, Function, Missing, find_function

CALL: Final = "pq_call"
"""The argument that says what is called; under it, the names below."""
FUNCTION: Final = "function"
MODULES: Final = "modules"
TAKES: Final = "takes"
SCRIPT: Final = "pwd_function.py"


def plain_function(task: Task, where: str) -> Iterator[Finding]:
    """What is wrong with the plain function that a task calls; nothing where it calls none, or that can't be told."""
    call = task.args.get(CALL)
    if os.path.basename(task.code) != SCRIPT or not isinstance(call, Mapping):
        return
    module, _, func = str(call.get(FUNCTION, "")).rpartition(".")
    path = _file(str(call.get(MODULES) or ""), module)
    if path is None:
        return
    told = task.name, task.where or where
    match find_function(path, func, typed=True):
        case Broken(code=code, message=message, line=line):
            yield Finding(Severity.error, code, message, path, line, *told)
        case Missing(there=there):
            only = f", only {', '.join(map(repr, sorted(there)))}" if there else ""
            message = f"there is no function {func!r} in it{only}, and the workflow calls {module}.{func}"
            yield Finding(Severity.error, "no-function", message, path, 1, *told)
        case Function(line=line, parameters=Parameters() as parameters):
            takes = [str(name) for name in call.get(TAKES, ())]
            for name in takes:
                if not parameters.takes(name):
                    message = f"{func}() takes no {name!r}, which the workflow gives it"
                    yield Finding(Severity.error, "unexpected", message, path, line, *told)


def _file(folder: str, module: str) -> str | None:
    """The module's file in the folder, if it is there: what is installed may differ where the task runs."""
    parts = module.split(".")
    if not folder or not all(part.isidentifier() for part in parts):
        return None
    base = os.path.join(folder, *parts)
    return next((path for path in (f"{base}.py", f"{base}/__init__.py") if os.path.isfile(path)), None)
