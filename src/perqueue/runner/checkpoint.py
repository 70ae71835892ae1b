"""The chance of a task that runs out of time: the ``checkpoint()`` of its module, called when it is warned.

The warning is SIGUSR1. It is sent only to a process that catches it: one whose module has a ``checkpoint()``, or that
has a handler of its own, which is then left in place. So a task that knows nothing of all this is never disturbed, not
even by an interrupted system call, and pays nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import FunctionType

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_signal: Any = import_module("_signal")  # the module signal around it brings enums, and their memory
WARNING: Final[int] = _signal.SIGUSR1
_NAME: Final = "checkpoint"
_NOBODY: Final = (None, _signal.SIG_DFL, _signal.SIG_IGN)
_PROC: Final = "/proc/self/status"
_installed: list[Any] = []


def expect_no_warning() -> None:
    """Before anything of a task runs: let a warning do no harm, and be seen to be caught by nobody.

    Where the kernel does not tell who catches what, warnings are sent on trust, and are ignored until then.
    """
    _signal.signal(WARNING, _signal.SIG_DFL if os.path.exists(_PROC) else _signal.SIG_IGN)


def offer(module: object, finish: Callable[[], None], complain: Callable[[Exception], None]) -> None:
    """From now on a warning calls the ``checkpoint()`` of the module, if it has one that takes no arguments.

    ``finish`` ends the attempt: it is called if that returns True. ``complain`` is told what it raises.
    """
    checkpoint = getattr(module, _NAME, None)
    if not _needs_nothing(checkpoint) or _signal.getsignal(WARNING) not in _NOBODY:
        return
    pid, under_way = os.getpid(), False

    def warned(number: int, frame: object) -> None:  # noqa: ARG001
        nonlocal under_way
        if under_way or os.getpid() != pid:  # a process that the task forked has this handler too
            return
        under_way = True
        try:
            through = _is_true(checkpoint())  # type: ignore[misc]
        except Exception as exc:
            through = False
            complain(exc)
        finally:
            under_way = False
        if through:
            finish()

    _installed[:] = (warned,)
    _signal.signal(WARNING, warned)


def withdraw() -> None:
    """No more of the task's main code runs: a warning does nothing from now on, unless the task handles it itself."""
    if _installed and _signal.getsignal(WARNING) is _installed[0]:
        _signal.signal(WARNING, _signal.SIG_IGN)
    _installed.clear()


def warn(pid: int, *, launcher: bool = False) -> bool:
    """Warn a process, if it catches warnings now. False where it doesn't (yet).

    A ``launcher`` of ranks also hears what it blocks: srun waits for signals so, and passes them on.
    """
    try:
        if not _hears(pid, (b"SigCgt:", b"SigBlk:") if launcher else (b"SigCgt:",)):
            return False
        os.kill(pid, WARNING)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _hears(pid: int, masks: tuple[bytes, ...]) -> bool:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            return any(int(line[7:], 16) >> (WARNING - 1) & 1 for line in file if line.startswith(masks))
    except (OSError, ValueError):
        return not os.path.exists(_PROC)


def _needs_nothing(function: Any) -> bool:
    """Whether it can be called without arguments: many a script has a helper of that name that needs some."""
    if type(function) is not FunctionType:
        return callable(function) and not isinstance(function, type)
    code = function.__code__
    given = function.__kwdefaults__ or {}
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return code.co_argcount == len(function.__defaults__ or ()) and all(name in given for name in named)


def _is_true(answer: Any) -> bool:
    """True and nothing else, be it Python's or numpy's."""
    return answer is True or (getattr(answer, "shape", None) == () and answer.item() is True)
