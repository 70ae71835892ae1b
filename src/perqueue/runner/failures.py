"""What an exception of the user's code looks like in the log and in the outcome.

`traceback` and `inspect` take milliseconds to import, so they are imported only when something has failed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from perqueue.runner.records import Failure

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType, TracebackType
    from typing import Final

_PATH: Final = list(sys.path)
"""The search path before any task's folders were put in front of it."""
_OURS: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MESSAGE: Final = 10_000
_TRACEBACK: Final = 100_000


def describe(exc: BaseException, message: str | None = None) -> tuple[Failure, str]:
    """The failure to keep in the outcome (very long texts cut in the middle), and the whole text for the log.

    The traceback starts at the first frame of the user's. ``message`` replaces the exception's own in the outcome.
    """
    traceback = standard("traceback")
    shown = traceback.TracebackException(type(exc), exc, beyond_us(exc.__traceback__))
    whole = "".join(shown.format())
    if message is None:
        message = str(shown)  # also where the exception's own __str__ raises
    return Failure(type(exc).__name__, clip(message, _MESSAGE), clip(whole, _TRACEBACK)), whole


def standard(name: str) -> ModuleType:
    """A module of the standard library, even where a file in one of the task's folders has its name."""
    ours, sys.path = sys.path, _PATH
    try:
        return import_module(name)
    finally:
        sys.path = ours


def beyond_us(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames at its start that belong to the runner."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    return trace


def clip(text: str, length: int) -> str:
    """The text, or its start and end where it is longer than ``length`` characters."""
    if len(text) <= length:
        return text
    half = length // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def refused_arguments(
    function: Callable[..., object], exc: TypeError, sources: Mapping[str, Iterable[str]], *, first: bool = False
) -> str | None:
    """A message where the call itself was refused: which arguments, and where each came from.

    ``sources`` maps where arguments came from to their names; a later one overrides an earlier one. ``first``: the
    first parameter was given the upstream value. None where the exception came from inside of the function, or the
    function's parameters can't be told.
    """
    if beyond_us(exc.__traceback__) is not None:
        return None
    try:
        parameters = list(standard("inspect").signature(function).parameters.values())
    except Exception:  # no signature
        return None
    origin = {name: source for source, names in sources.items() for name in names}
    upstream = None
    if first and parameters and parameters[0].kind is not parameters[0].VAR_POSITIONAL:
        upstream = parameters.pop(0).name
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.default is p.empty]
    missing = [p.name for p in named.values() if p.default is p.empty and p.name not in origin] + positional
    unknown = [] if open_ended else [name for name in origin if name not in named and name != upstream]
    parts = []
    if upstream in origin:
        parts.append(f"{upstream!r} (from {origin[upstream]}) is its first parameter, which takes the upstream value")
    if unknown:
        listed = ", ".join(f"{name!r} (from {origin[name]})" for name in unknown)
        parts.append(f"it does not take {listed}: add them, or '**kwargs' to ignore them")
    if missing:
        listed = ", ".join(f"{name!r} (from {source})" for name, source in origin.items())
        needed = ", ".join(map(repr, missing))
        parts.append(f"it needs {needed}, which nobody gave; given were {listed or 'no arguments'}")
    return f"{exc} ({'; '.join(parts)})" if parts else None
