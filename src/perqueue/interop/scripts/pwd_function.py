"""A task that calls a plain function with keyword arguments: what a Python Workflow Definition is made of.

What the function returns is stored as it is if it is a dict with string keys, and otherwise under ``pq_value``. Where
somebody reads the whole result it comes first, under ``pq_value``, and what is read of it by name follows.
"""

from __future__ import annotations

import sys
from importlib import import_module

from perqueue.core.keys import CONTROL_KEYS, INDEX_KW, ITER_KW, VALUE_KW
from perqueue.interop.calls import CALL, FUNCTION, MODULES, READS, TAKES

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_OURS = CONTROL_KEYS | {INDEX_KW, ITER_KW, VALUE_KW}
"""What tasks are given and plain functions don't expect, unless they name it."""


def main(**given: Any) -> tuple[bool, dict[str, Any]]:
    """Call the function that the argument ``pq_call`` names with the other arguments; what it returned."""
    if CALL not in given:
        raise TypeError(f"the argument {CALL!r}, which names the function, is missing: keep it when you change others")
    call = given.pop(CALL)
    function = _function(call[FUNCTION], call.get(MODULES))
    takes = call.get(TAKES, ())
    ordered = {name: given[name] for name in takes if name in given}
    more = {name: value for name, value in given.items() if name not in ordered and name not in _OURS}
    return True, _data(call, function(**ordered, **more))


def _function(name: str, folder: str | None) -> Callable[..., Any]:
    if folder is not None and folder not in sys.path:
        sys.path.insert(0, folder)
    module_name, _, function_name = name.rpartition(".")
    module = import_module(module_name)
    found = getattr(module, function_name, None)
    if not callable(found):
        where = getattr(module, "__file__", None) or "built in"
        raise AttributeError(f"the module {module_name!r} ({where}) has no function {function_name!r}")
    function: Callable[..., Any] = found
    return function


def _data(call: Mapping[str, Any], result: Any) -> dict[str, Any]:
    reads = call.get(READS, ())
    plain = isinstance(result, dict) and all(isinstance(key, str) for key in result)
    data = dict(result) if plain and None not in reads else {VALUE_KW: result}
    for port in reads:
        if port is not None and port not in data:
            data[port] = _item(call, result, port)
    return data


def _item(call: Mapping[str, Any], result: Any, port: str) -> Any:
    try:
        return result[port]
    except (TypeError, LookupError) as error:
        held = f"a dict with {', '.join(map(repr, result)) or 'nothing'}" if isinstance(result, dict) else None
        raise LookupError(
            f"{call[FUNCTION]} returned {held or f'a {type(result).__name__}'}, and the workflow reads {port!r} of it"
        ) from error
