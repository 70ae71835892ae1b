"""What executors may answer, and whether an answer is of that kind.

A wrong answer would break whoever goes on with it: the tick, the planner or the store. So it is refused where it is
given, and counts as the executor's failure, like an exception.
"""

from __future__ import annotations

import json
import math
import operator
import os
import sys
from collections.abc import Callable, Mapping
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Final, TypeVar, cast

from perqueue.core.errors import PerQueueError
from perqueue.core.events import Ended, Launched, Started
from perqueue.core.records import Outcome, Verdict
from perqueue.core.telling import describe_value

from .protocol import Executor, Report

_T = TypeVar("_T")
_METHODS: Final = (
    *("room", "launch", "recover", "stop", "poll"),
    *("descriptors", "patience", "saturated", "close"),
)
_LEAST, _MOST = 0.001, 3600.0
"""Seconds for which an executor may want to be left alone; what is less or more is taken for these."""


class WrongAnswerError(PerQueueError):
    """An executor answered what no executor may.

    Args:
        what: What was asked, as ``room()``.
        answer: What it answered.
        expected: What it may.
    """

    def __init__(self, what: str, answer: object, expected: str) -> None:
        if isinstance(answer, CoroutineType):
            answer.close()  # nobody will ever await it
        super().__init__(f"{what} gave {describe_value(answer)}, where {expected} was expected")


def executor(answer: object) -> Executor:
    """What opening gave: something with all methods of an executor."""
    missing = [name for name in _METHODS if not callable(getattr(answer, name, None))]
    if missing:
        wanted = ", ".join(f"{name}()" for name in missing)
        raise WrongAnswerError("opening it", answer, f"an executor with {wanted}")
    return cast("Executor", answer)


def room(answer: object) -> int:
    """A whole number; what is below none is none."""
    try:
        number = operator.index(cast("int", answer))
    except TypeError:
        raise WrongAnswerError("room()", answer, "a whole number") from None
    return max(0, min(number, sys.maxsize))


def patience(answer: object) -> float:
    """Seconds, within what can be waited for."""
    if not isinstance(answer, int | float) or math.isnan(answer):
        raise WrongAnswerError("patience()", answer, "a number of seconds")
    return float(max(_LEAST, min(answer, _MOST)))


def descriptors(answer: object) -> list[int]:
    """File descriptors that are open."""
    expected = "a list of open file descriptors"
    try:
        found = list(cast("list[int]", answer))
    except TypeError:
        raise WrongAnswerError("descriptors()", answer, expected) from None
    for one in found:
        try:
            if not isinstance(one, int):
                raise TypeError
            os.fstat(one)
        except (OSError, TypeError, OverflowError):
            raise WrongAnswerError("descriptors()", found, expected) from None
    return found


def truth(answer: object) -> bool:
    """Anything that is true or false."""
    return bool(answer)


def obey(what: str, method: Callable[[_T], object], given: _T) -> None:
    """Call a method that has no answer; generators and coroutines have not done anything yet."""
    answer = method(given)
    if isinstance(answer, GeneratorType | CoroutineType | AsyncGeneratorType):
        raise WrongAnswerError(f"{what}()", answer, "a plain method, no generator or coroutine,")


def reports(answer: object, found: list[Report]) -> None:
    """Add reports to those that were found, also where others of them are wrong or something breaks between two."""
    try:
        told = iter(cast("list[Report]", answer))
    except TypeError:
        raise WrongAnswerError("poll()", answer, "an iterable of Launched, Started and Ended") from None
    wrong: WrongAnswerError | None = None
    for report in told:
        try:
            _check(report)
        except WrongAnswerError as error:
            wrong = wrong or error
        else:
            found.append(report)
    if wrong is not None:
        raise wrong


# reports, field by field


def _check(report: object) -> None:
    if isinstance(report, Launched):
        fields: Mapping[str, Callable[[Any], bool]] = _LAUNCHED
    elif isinstance(report, Started):
        fields = _STARTED
    elif isinstance(report, Ended):
        fields = _ENDED
    else:
        raise WrongAnswerError("poll()", report, "a Launched, Started or Ended")
    _check_fields(report, type(report).__name__, fields)
    if isinstance(report, Ended):
        _check_fields(report.outcome, "Ended(...).outcome", _OUTCOME)


def _check_fields(record: object, name: str, fields: Mapping[str, Callable[[Any], bool]]) -> None:
    for field, fits in fields.items():
        value = getattr(record, field)
        if not fits(value):
            raise WrongAnswerError(f"poll(): {name}.{field}", value, _EXPECTED[fits])


def _count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= sys.maxsize


def _time(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _maybe_count(value: object) -> bool:
    return value is None or _count(value)


def _maybe_time(value: object) -> bool:
    return value is None or _time(value)


def _maybe_object(value: object) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _outcome(value: object) -> bool:
    return isinstance(value, Outcome)


def _verdict(value: object) -> bool:
    return isinstance(value, Verdict)


_EXPECTED: Final[Mapping[Callable[[Any], bool], str]] = {
    _count: "a whole number from 0",
    _time: "a time in seconds",
    _text: "a text",
    _maybe_count: "a whole number from 0, or None,",
    _maybe_time: "a time in seconds, or None,",
    _maybe_object: "a JSON object as text, or None,",
    _outcome: "an Outcome",
    _verdict: "a Verdict",
}
_AT: Final[Mapping[str, Callable[[Any], bool]]] = {"at": _time, "key": _count, "attempt": _count}
_LAUNCHED: Final[Mapping[str, Callable[[Any], bool]]] = {**_AT, "job": _text}
_STARTED: Final[Mapping[str, Callable[[Any], bool]]] = {**_AT, "host": _text, "pid": _maybe_count, "restart": _count}
_ENDED: Final[Mapping[str, Callable[[Any], bool]]] = {**_AT, "outcome": _outcome}
_OUTCOME: Final[Mapping[str, Callable[[Any], bool]]] = {
    "verdict": _verdict,
    "reason": _text,
    "message": _text,
    "traceback": _text,
    "data": _maybe_object,
    "started": _maybe_time,
    "ended": _maybe_time,
    "host": _text,
    "pid": _maybe_count,
    "maxrss_kb": _maybe_count,
    "cpu_s": _maybe_time,
}
